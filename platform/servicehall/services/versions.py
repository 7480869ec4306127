"""What became of a document's versions: what each said, the steps of its draft, and the requests that run on each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.releases import users_of
from servicehall.errors import NotFound
from servicehall.models.definitions import Document, DocumentVersion, DraftStep
from servicehall.models.requests import Request
from servicehall.services import releases
from servicehall.services.shelf import Shelf
from servicehall.services.work import read_contents

ENDED = ("draft", "closed", "rejected", "cancelled")
"""Requests in these states run on no version: they were not sent, or have ended."""


def versions(session: Session, row: Document, *, before: int = 0, most: int = 30) -> Sequence[DocumentVersion]:
    """The versions that were published, the newest first; with `before`, those older than that one."""
    mine = select(DocumentVersion).where(DocumentVersion.document_id == row.id)
    older = mine.where(DocumentVersion.version < before) if before else mine
    return session.scalars(older.order_by(DocumentVersion.version.desc()).limit(most)).all()


def bodies(session: Session, row: Document, numbers: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """What these versions say, by number; those that never were are left out."""
    found = select(DocumentVersion.version, DocumentVersion.content).where(
        DocumentVersion.document_id == row.id, DocumentVersion.version.in_(set(numbers))
    )
    contents = dict(session.execute(found).all())
    read = read_contents(session, list(contents.values()))
    return {number: read[content] for number, content in contents.items() if read.get(content) is not None}


def body_of(session: Session, row: Document, number: int) -> Mapping[str, Any]:
    """What a version says; NotFound where there is none of that number."""
    found = bodies(session, row, [number]).get(number)
    if found is None:
        raise NotFound
    return found


def steps(session: Session, row: Document, *, most: int = 30) -> Sequence[DraftStep]:
    """The last steps of the draft as it stands, the newest first; the one before the first change is among them."""
    if row.draft is None:
        return []
    mine = select(DraftStep).where(DraftStep.document_id == row.id, DraftStep.step <= (row.draft_step or 0))
    return session.scalars(mine.order_by(DraftStep.step.desc()).limit(most)).all()


def running(session: Session, document: Authored) -> Mapping[int, int]:
    """How many requests run on each version of a document, by its number.

    For a document that services hold, these are the requests of the services that use it now, by the version that
    their releases hold.
    """
    services = [document] if document.kind == "service" else users_of(document, Shelf(session).published.values())
    references = [one.reference for one in services]
    if not references:
        return {}
    counted = select(Request.release, func.count()).where(Request.service.in_(references), Request.state.not_in(ENDED))
    found: Counter[int] = Counter()
    for digest, count in session.execute(counted.group_by(Request.release)):
        for source in releases.load(session, digest).data["sources"]:
            if (source["kind"], source["department"], source["key"]) == document.name:
                found[int(source["version"] or 1)] += count
    return found
