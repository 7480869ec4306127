"""Personal API tokens: operational, outside the event log."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.models.base import Base, Id, Instant, new_id


class ApiToken(Base):
    """A personal API token, kept as the SHA-256 of a random secret: found in one read, with no slow hash.

    Flask-AppBuilder's API keys do not fit: each use costs a password hash and commits the caller's session.
    """

    __tablename__ = "api_tokens"
    __table_args__: ClassVar[Any] = (Index("ix_api_tokens_person", "person_id"),)

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[Id]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
