"""Who read what: operational, outside the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, String, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from servicehall.models.base import Base, Id, Instant, Json, new_id


class AccessLog(Base):
    """Who read what is confidential, a report or an export; append-only."""

    __tablename__ = "access_log"
    __table_args__: ClassVar[Any] = (
        Index("ix_access_log_at", "at", "id"),
        Index("ix_access_log_subject", "subject", "at"),
        Index("ix_access_log_person", "person_id", "at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[Instant]
    person_id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)

    @classmethod
    def add(
        cls,
        session: Session,
        *,
        at: datetime,
        person_id: str,
        kind: str,
        subject: str,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Append one reading; from a GET use a session of `own_transaction()`."""
        row = {"id": new_id(), "at": at, "person_id": person_id, "kind": kind, "subject": subject, "detail": detail}
        session.execute(insert(cls).values(row))
