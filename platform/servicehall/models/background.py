"""Long work that a page or a program asked for: claimed like a timer, watched while it goes, its result kept a while.

Operational: outside the event log, never replayed; what it found can be found again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, Integer, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from servicehall.models.base import Id, Json, new_id
from servicehall.models.operations import (
    CANCELLED,
    DONE,
    OPEN,
    PARKED,
    Claimable,
    insert_once,
    open_index,
    parked_index,
    upserting,
)


class BackgroundJob(Claimable):
    """One piece of long work; `done` of `total` say how far it is, `result` what came out."""

    __tablename__ = "background_jobs"
    __table_args__: ClassVar[Any] = (
        open_index("background_jobs"),
        parked_index("background_jobs"),
        Index("ix_background_jobs_person", "person_id"),
    )

    kind: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[Id]
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)

    @classmethod
    def ask(
        cls,
        session: Session,
        *,
        kind: str,
        dedupe_key: str,
        person_id: str,
        payload: dict[str, Any],
        at: datetime,
        anew: bool = False,
    ) -> None:
        """Ask for it within the caller's transaction; the same key again does nothing, or begins `anew`.

        What was begun under the key before is fenced off then, and cannot write its result any more.
        """
        opened = {
            "kind": kind,
            "person_id": person_id,
            "payload": payload,
            "state": OPEN,
            "next_at": at,
            "attempts": 0,
            "owner": None,
            "last_error": None,
            "created_at": at,
            "done_at": None,
            "done": 0,
            "total": 0,
            "result": None,
        }
        values = {"id": new_id(), "dedupe_key": dedupe_key, **opened}
        if not anew:
            session.execute(insert_once(session, cls, values))
            return
        statement = upserting(session, cls)
        fresh = {name: statement.excluded[name] for name in ("id", *opened)}
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["dedupe_key"], set_=fresh), [values]
        )


def forget_finished(session: Session, *, before: datetime) -> None:
    """Results are of their day: what was found is found again where somebody asks later."""
    session.execute(
        delete(BackgroundJob).where(
            BackgroundJob.state.in_((DONE, CANCELLED, PARKED)), BackgroundJob.created_at < before
        )
    )
