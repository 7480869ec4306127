"""The directory and the documents as they were at a moment, rebuilt from the log beside the live tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, not_, or_, select
from sqlalchemy.orm import Session, aliased

from servicehall.domain import events as e
from servicehall.models.definitions import Document
from servicehall.models.files import Upload
from servicehall.models.log import ContentRow, EventRow
from servicehall.services import replay
from servicehall.services.scratch import scratch

KINDS = ("department", "document", "group", "person")
MODELS = (*(model for kind in KINDS for model, _owner in replay.RECORDS[kind]), ContentRow, Upload)

WHOLE = tuple(one.KIND for one in (e.PersonRecorded, e.DepartmentRecorded, e.GuardRailsSet, e.GroupRecorded))
"""Events that tell all of the rows that they are about, whatever stood there."""


@contextmanager
def as_it_was(live: Session, at: datetime) -> Iterator[Session]:
    """A session in which people, managers, groups, heads, limits, delegations and documents are those of `at`."""
    streams = or_(*(EventRow.stream.startswith(f"{kind}/") for kind in KINDS))
    with scratch(MODELS) as beside:
        replay.replay(live, and_(streams, EventRow.at <= at, not_(_overtaken(at))), beside)
        _keep_calendars(live, beside)
        yield beside


def _overtaken(at: datetime) -> ColumnElement[bool]:
    """Where a later event of the same kind tells all of it anew; the first of a stream is what makes the rows."""
    later = aliased(EventRow)
    again = select(later.sequence).where(
        later.stream == EventRow.stream,
        later.kind == EventRow.kind,
        later.sequence > EventRow.sequence,
        later.at <= at,
    )
    return and_(EventRow.kind.in_(WHOLE), EventRow.sequence > 1, again.exists())


def _keep_calendars(live: Session, beside: Session) -> None:
    """Calendars are read by the hash of the version in use."""
    used = beside.scalars(select(Document.content).where(Document.kind == "calendar", Document.content.is_not(None)))
    rows = live.execute(select(ContentRow.__table__).where(ContentRow.sha256.in_(used.all()))).mappings().all()
    if rows:
        beside.execute(insert(ContentRow), [dict(row) for row in rows])
