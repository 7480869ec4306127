"""The event log, the content it names, and the seals over it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.models.base import Base, Instant, Json


class EventRow(Base):
    """One thing that was done. Never updated, never deleted: triggers refuse it."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_at", "at"),)

    stream: Mapped[str] = mapped_column(String(80), primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    schema: Mapped[int] = mapped_column(Integer)
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(String(80))
    on_behalf_of: Mapped[str | None] = mapped_column(String(80))
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class ContentRow(Base):
    """What people wrote, once, under its hash; `data` is null where it was erased."""

    __tablename__ = "contents"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    salt: Mapped[str | None] = mapped_column(String(32))
    data: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[Instant | None]


class Seal(Base):
    """One Merkle root over the events of a period, chained to the seal before."""

    __tablename__ = "seals"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    period_from: Mapped[Instant]
    period_until: Mapped[Instant]
    count: Mapped[int] = mapped_column(Integer)
    root: Mapped[str] = mapped_column(String(64))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[Instant]


class SealLeaf(Base):
    """Which event is which leaf of which seal."""

    __tablename__ = "seal_leaves"
    __table_args__ = (Index("ix_seal_leaves_stream", "stream", "sequence", unique=True),)

    seal: Mapped[int] = mapped_column(ForeignKey("seals.number"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    stream: Mapped[str] = mapped_column(String(80))
    sequence: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))


class UnsealedEvent(Base):
    """The sealer's queue: written with the event, taken away with its seal. `hash` sorts, so leaves have an order."""

    __tablename__ = "unsealed_events"

    stream: Mapped[str] = mapped_column(String(80), primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True)


class ReleaseRow(Base):
    """A resolved service by the hash of its canonical JSON: what requests are pinned to. Never changed."""

    __tablename__ = "releases"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[str] = mapped_column(Text)
