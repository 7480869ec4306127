"""Claiming work that stands in the database: a lease, an owner, and a fence around completion.

A claim moves a row's `next_at` to the end of its lease and writes its owner; whoever completes it must still own
it. A worker that dies leaves the row to be claimed again; one that is too slow is fenced off. What happens inside
the database commits together with `settle`, once; what happens outside happens at least once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from servicehall.models.base import db, new_id, reading, writing
from servicehall.models.operations import DONE, OPEN, PARKED, Claimable

log = logging.getLogger("servicehall.jobs")

BATCH = 20
LEASE = timedelta(minutes=2)
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600, 3600 * 3, 3600 * 6, 3600 * 12))
LONGEST_ERROR = 2_000


class Fenced(Exception):
    """The lease ran out and somebody else owns the row now: nothing of ours may be committed."""


class Told(Exception):
    """A reason that needs no trace; `kept` is what the row keeps of it, where that is not the text itself."""

    def __init__(self, reason: str, *, kept: str | None = None) -> None:
        super().__init__(reason)
        self.kept = kept or reason


class GiveUp(Told):
    """Trying again would not help: the row is parked at once, with this reason."""


class Later(Told):
    """It did not work just now: the row is tried again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One row that is ours until `until`; `values` are its columns as they were claimed, `at` is when."""

    model: type[Claimable]
    id: str
    owner: str
    attempts: int
    at: datetime
    until: datetime
    values: dict[str, Any]

    @property
    def key(self) -> str:
        """The same for every attempt: what an outside receiver can know a repetition by."""
        return str(self.values["dedupe_key"])

    @property
    def payload(self) -> dict[str, Any]:
        return dict(self.values["payload"])

    def settle(self, session: Session) -> None:
        """Mark the row done within the caller's transaction; Fenced where it is no longer ours."""
        self._write(session, state=DONE, done_at=self.at, owner=None, last_error=None)

    def _write(self, session: Session, **values: Any) -> None:
        written = session.connection().execute(update(self.model.__table__).where(*self._ours()).values(**values))
        if written.rowcount != 1:
            raise Fenced(f"{self.model.__tablename__} {self.id} is no longer ours")

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        table = self.model.__table__.c
        return table.id == self.id, table.owner == self.owner, table.attempts == self.attempts

    def renew(self, session: Session, *, at: datetime, lease: timedelta) -> None:
        """Hold the row for another lease; Fenced where that is too late."""
        self._write(session, next_at=at + lease)

    def fail(self, session: Session, *, at: datetime, error: BaseException, pauses: tuple[timedelta, ...]) -> None:
        """Try again after a growing pause; park the row after the last, or at once for GiveUp."""
        last = self.attempts > len(pauses) or isinstance(error, GiveUp)
        reason = (error.kept if isinstance(error, Told) else f"{type(error).__name__}: {error}")[:LONGEST_ERROR]
        if last:
            self._write(session, state=PARKED, owner=None, last_error=reason)
        else:
            self._write(session, owner=None, last_error=reason, next_at=at + pauses[self.attempts - 1])


def claim(
    session: Session, model: type[Claimable], *, at: datetime, lease: timedelta = LEASE, limit: int = BATCH
) -> list[Claim]:
    """Take up to `limit` rows that are due, oldest first, skipping those that others hold. The caller commits."""
    table = model.__table__
    owner = new_id()
    due = (
        select(table.c.id)
        .where(table.c.state == OPEN, table.c.next_at <= at)
        .order_by(table.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(table)
        .where(table.c.id.in_(select(due.c.id)), table.c.state == OPEN)
        .values(owner=owner, attempts=table.c.attempts + 1, next_at=at + lease)
        .returning(*table.c)
    )
    rows = session.connection().execute(taken).mappings().all()
    made = [Claim(model, row["id"], owner, row["attempts"], at, at + lease, dict(row)) for row in rows]
    return sorted(made, key=lambda one: one.values.get("due_at") or one.values["created_at"])


def anything_due(session: Session, model: type[Claimable], *, at: datetime) -> bool:
    """One step into an index: an idle sweep costs no more."""
    table = model.__table__
    due = select(table.c.id).where(table.c.state == OPEN, table.c.next_at <= at).limit(1)
    return session.connection().execute(due).first() is not None


@dataclass(frozen=True, slots=True)
class Kind:
    """One table of waiting work, and what to do with a row of it."""

    model: type[Claimable]
    run: Callable[[Claim], None]
    lease: timedelta = LEASE
    pauses: tuple[timedelta, ...] = PAUSES


def work_off(kind: Kind, *, clock: Callable[[], datetime]) -> int:
    """Do everything that is due, batch by batch; one failure does not stop the rest. Gives how many were tried."""
    session: Session = db.session()
    tried = 0
    while True:
        with reading():
            waiting = anything_due(session, kind.model, at=clock())
            session.rollback()
        if not waiting:
            return tried
        with writing():
            batch = claim(session, kind.model, at=clock(), lease=kind.lease)
            session.commit()
        if not batch:
            return tried
        with writing():
            reasons = [reason for one in batch if (reason := _do(kind, one, session, clock))]
        if reasons:
            table = kind.model.__tablename__
            log.warning("%s: %d of %d did not work, the last because: %s", table, len(reasons), len(batch), reasons[-1])
        tried += len(batch)


def _do(kind: Kind, one: Claim, session: Session, clock: Callable[[], datetime]) -> str | None:
    """Runs one row and settles it; gives the reason where it did not work, which the row keeps too."""
    try:
        if clock() > one.until - kind.lease / 2:
            one.renew(session, at=clock(), lease=kind.lease)
            session.commit()
        kind.run(one)
        session.rollback()
        _settle_if_open(one, session)
    except Fenced as fenced:
        session.rollback()
        log.warning("%s", fenced)
    except Exception as error:
        session.rollback()
        if not isinstance(error, Told):
            log.warning("%s %s failed", kind.model.__tablename__, one.id, exc_info=True)
        _note_failure(kind, one, session, error, clock())
        return str(error) or type(error).__name__
    return None


def _settle_if_open(one: Claim, session: Session) -> None:
    """For runs that settled nothing themselves; where they did, the row is not ours any more, rightly."""
    try:
        one.settle(session)
        session.commit()
    except Fenced:
        session.rollback()


def _note_failure(kind: Kind, one: Claim, session: Session, error: Exception, at: datetime) -> None:
    try:
        one.fail(session, at=at, error=error, pauses=kind.pauses)
        session.commit()
    except Fenced as fenced:
        session.rollback()
        log.warning("%s", fenced)
