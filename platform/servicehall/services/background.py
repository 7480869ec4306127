"""Long work that somebody asked for: asked once under a key, done by a worker, and looked at while it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from servicehall.errors import Conflict, NotFound
from servicehall.models.background import BackgroundJob
from servicehall.models.base import begin_writing, writing
from servicehall.models.operations import DONE, PARKED
from servicehall.services import work
from servicehall.services.visibility import Viewer
from servicehall.texts import _

Payload = Mapping[str, Any]
Told = Callable[[int, int], None]
"""Hears how far the work is: so many done, of so many."""


@dataclass(frozen=True, slots=True)
class Job:
    """How it stands: `waiting` for a worker, `running`, `done` with its `result`, or `failed` after the last try."""

    id: str
    kind: str
    state: str
    done: int
    total: int
    asked_at: datetime
    payload: Payload
    result: Mapping[str, Any] | None

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running")


def ask(key: str, *, kind: str, payload: dict[str, Any], viewer: Viewer, at: datetime, anew: bool = False) -> Job:
    """The job of this key, asked for unless it was; `anew` begins it again, whatever became of it before.

    Whoever only reads may ask: the job is written and committed by itself. Not inside a work.
    """
    session = viewer.session
    found = None if anew else of_key(session, key)
    if found is not None:
        return found
    with writing():
        begin_writing(session)
        BackgroundJob.ask(session, kind=kind, dedupe_key=key, person_id=viewer.id, payload=payload, at=at, anew=anew)
        session.commit()
    work.wake()
    made = of_key(session, key)
    if made is None:
        raise Conflict(_("Somebody else changed this at the same moment. Please look again."))
    return made


def of_key(session: Session, key: str) -> Job | None:
    """The job that was asked for under a key; None where none was, or it is forgotten."""
    return _first(session, BackgroundJob.dedupe_key == key)


def job_of(viewer: Viewer, job_id: str) -> Job:
    """A job that the viewer asked for; of others there is nothing here."""
    found = _first(viewer.session, BackgroundJob.id == job_id, BackgroundJob.person_id == viewer.id)
    if found is None:
        raise NotFound(_("There is no such job."))
    return found


def _first(session: Session, *where: ColumnElement[bool]) -> Job | None:
    row = session.execute(select(*BackgroundJob.__table__.c).where(*where)).mappings().first()
    if row is None:
        return None
    running = "running" if row["owner"] is not None else "waiting"
    state = {DONE: "done", PARKED: "failed"}.get(row["state"], running)
    return Job(
        id=row["id"],
        kind=row["kind"],
        state=state,
        done=row["done"],
        total=row["total"],
        asked_at=row["created_at"],
        payload=row["payload"],
        result=row["result"],
    )
