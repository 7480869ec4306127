"""Work that waits, work that could not be done, work done lately: as administrators see it, and try it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from servicehall.models.background import BackgroundJob
from servicehall.models.operations import DONE, OPEN, PARKED, Claimable, Outbox, Timers
from servicehall.services.listing import Page, Source, page

TABLES: Mapping[str, Any] = {"outbox": Outbox, "timers": Timers, "background": BackgroundJob}
"""Name of a table of waiting work → its rows."""
KIND_OF: Mapping[str, Any] = {"outbox": Outbox.channel, "timers": Timers.kind, "background": BackgroundJob.kind}
"""Name of a table → the column that says what sort of work a row is."""
STATES: Mapping[str, str] = {"waiting": OPEN, "parked": PARKED, "done": DONE}


def waiting_work(
    session: Session, table: str, state: str, *, kind: str = "", cursor: str | None = None, limit: int = 50
) -> Page[Any]:
    """One page of a table in one state: what waits by when it is due, what is done or parked the latest first."""
    model = TABLES[table]
    at = {OPEN: model.next_at, DONE: model.done_at}.get(STATES[state], model.created_at)
    where: list[ColumnElement[bool]] = [model.state == STATES[state]]
    if kind:
        where.append(KIND_OF[table] == kind)
    source = Source(at, model.id, tuple(where))
    name = f"{table}:{state}"
    return page(session, model, [source], name=name, descending=state != "waiting", limit=limit, cursor=cursor)


def parked_kinds(session: Session, table: str) -> list[str]:
    """What sorts of work are parked."""
    model, kind = TABLES[table], KIND_OF[table]
    return sorted(session.scalars(select(kind).where(model.state == PARKED).distinct()))


def retry(session: Session, table: str, row_id: str, *, at: datetime) -> int:
    """Puts a parked row back to work; gives 0 where it is not parked. The caller commits."""
    return put_back(session, TABLES[table], TABLES[table].id == row_id, at=at)


def retry_all(session: Session, table: str, kind: str, *, at: datetime) -> int:
    """Puts all parked rows of one sort back to work; gives how many. The caller commits."""
    return put_back(session, TABLES[table], KIND_OF[table] == kind, at=at)


def put_back(session: Session, model: type[Claimable], which: ColumnElement[bool], *, at: datetime) -> int:
    """Parked rows begin again at their first attempt; gives how many there were. The caller commits."""
    written = session.connection().execute(
        update(model).where(which, model.state == PARKED).values(state=OPEN, attempts=0, next_at=at, owner=None)
    )
    return int(written.rowcount)
