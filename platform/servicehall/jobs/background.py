"""Long work that somebody asked for: read from one moment of the database, told step by step, kept with its end.

While it goes, no transaction is open that could write, so it holds nobody up; each step that is told renews the
lease, and a worker that was too slow is fenced off there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from servicehall.clock import now
from servicehall.errors import Conflict, Invalid, NotFound
from servicehall.jobs.claims import LEASE, Claim, GiveUp, Kind
from servicehall.models.background import BackgroundJob
from servicehall.models.base import begin_writing, db, own_transaction
from servicehall.services import checking, simulation
from servicehall.services.audit import snapshot
from servicehall.services.background import Payload, Told
from servicehall.texts import use_locale

KINDS: Mapping[str, Callable[[Session, Payload, datetime, Told], dict[str, Any]]] = {
    checking.KIND: checking.run,
    simulation.KIND: simulation.run,
}
PACE = timedelta(seconds=0.5)
PAUSES = (timedelta(seconds=5), timedelta(seconds=30))
"""Somebody waits in front of it: it is given up soon, and said so."""


def run(one: Claim) -> None:
    """Does the work and keeps its result; what the work itself refuses is a result too."""
    kind = one.values["kind"]
    if kind not in KINDS:
        raise GiveUp(f"there is no background job {kind!r}")
    with use_locale(one.payload["locale"]), snapshot() as still:
        try:
            result = KINDS[kind](still, one.payload, one.at, Steps(one))
        except (Conflict, Invalid, NotFound) as error:
            result = {"refused": str(error)}
    session: Session = db.session()
    begin_writing(session)
    one.settle(session)
    _write(session, one, result=result)
    session.commit()


class Steps:
    """Writes how far the work is, at most twice a second, and holds the lease with it."""

    def __init__(self, one: Claim) -> None:
        self._one = one
        self._last: datetime | None = None

    def __call__(self, done: int, total: int) -> None:
        at = now()
        if self._last is not None and at - self._last < PACE and done < total:
            return
        self._last = at
        with own_transaction() as session:
            self._one.renew(session, at=at, lease=LEASE)
            _write(session, self._one, done=done, total=total)


def _write(session: Session, one: Claim, **values: Any) -> None:
    table = BackgroundJob.__table__
    session.connection().execute(update(table).where(table.c.id == one.id).values(**values))


KIND = Kind(BackgroundJob, run, pauses=PAUSES)
