"""What people are told, and the links by which they decide: operational, outside the event log."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.models.base import Base, Id, Instant, new_id


class Notice(Base):
    """A message that stands in the web page until it is read."""

    __tablename__ = "notices"
    __table_args__: ClassVar[Any] = (
        Index(
            "ix_notices_unread",
            "person_id",
            "created_at",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        Index("ix_notices_person", "person_id", "created_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    person_id: Mapped[Id]
    event: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(String(300))
    request_id: Mapped[Id | None]
    created_at: Mapped[Instant]
    read_at: Mapped[Instant | None]
    mail: Mapped[bool]
    mailed_at: Mapped[Instant | None]


class ApprovalLink(Base):
    """Leave to decide one approval on one content from a mail, once: `id` is that of the notice which the mail tells.

    Of the link's secret only the hash is kept. What else ends it (another state, holder, content or person) is seen
    when it is opened; `ended_at` is what must end it for good.
    """

    __tablename__ = "approval_links"
    __table_args__: ClassVar[Any] = (
        Index("ix_approval_links_approval", "approval_id"),
        Index("ix_approval_links_person", "person_id"),
        Index("ix_approval_links_expires_at", "expires_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(80), unique=True)
    person_id: Mapped[Id]
    approval_id: Mapped[Id]
    content: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
