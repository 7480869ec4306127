"""Where a draft stands on its way into use: who asks for review, what a reviewer answered, and its date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from servicehall.models.definitions import ASKED, SENT_BACK, Document
from servicehall.services import directory
from servicehall.services.work import read_contents


@dataclass(frozen=True)
class Standing:
    """`review` is `asked`, `sent_back` or nothing; the comments are empty where none was written,
    and people stand by their names in the reader's language."""

    review: str | None
    by: str
    at: datetime | None
    comment: str
    publish_at: datetime | None
    publish_by: str
    publish_comment: str

    @property
    def is_asked(self) -> bool:
        return self.review == ASKED

    @property
    def is_sent_back(self) -> bool:
        return self.review == SENT_BACK


def standing_of(session: Session, row: Document) -> Standing | None:
    """None where a draft is simply a draft."""
    if row.review is None and row.publish_at is None:
        return None
    people = directory.people(session, [row.review_by, row.publish_by])
    said = read_contents(session, [one for one in (row.review_comment, row.publish_comment) if one])
    return Standing(
        review=row.review,
        by=directory.name_of(people.get(row.review_by or "")),
        at=row.review_at,
        comment=said.get(row.review_comment or "") or "",
        publish_at=row.publish_at,
        publish_by=directory.name_of(people.get(row.publish_by or "")),
        publish_comment=said.get(row.publish_comment or "") or "",
    )
