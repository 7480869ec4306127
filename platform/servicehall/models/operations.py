"""Operational tables: outside the event log, never replayed. Work that waits, and what keeps it from being done twice.

An outbox row and a timer are the same kind of thing: work in the database, claimed with a lease by whoever is free
(`jobs/claims.py`). `next_at` is when a row may be claimed; a claim moves it to the end of its lease.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Index, Integer, String, Text, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from servicehall.models.base import Base, Id, Instant, Json, new_id

OPEN = "open"
DONE = "done"
PARKED = "parked"
CANCELLED = "cancelled"


def open_index(table: str) -> Index:
    """Only open rows are indexed by when they may be claimed: a sweep costs what is due, not what was ever done."""
    still_open = text(f"state = '{OPEN}'")
    return Index(f"ix_{table}_open", "next_at", sqlite_where=still_open, postgresql_where=still_open)


def parked_index(table: str) -> Index:
    """Few are parked, and administrators ask for them by the latest."""
    parked = text(f"state = '{PARKED}'")
    return Index(f"ix_{table}_parked", "id", sqlite_where=parked, postgresql_where=parked)


class Claimable(Base):
    """The columns that a claim needs; completion is fenced by `owner` and `attempts`."""

    __abstract__ = True

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(10), default=OPEN)
    next_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    owner: Mapped[str | None] = mapped_column(String(80))
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant]
    done_at: Mapped[Instant | None]


class Outbox(Claimable):
    """What leaves the database: a mail, a notice, a webhook, a report to make; written with its cause."""

    __tablename__ = "outbox"
    __table_args__: ClassVar[Any] = (
        open_index("outbox"),
        parked_index("outbox"),
        Index("ix_outbox_request", "request_id"),
    )

    channel: Mapped[str] = mapped_column(String(40))
    request_id: Mapped[Id | None]

    @classmethod
    def add(
        cls,
        session: Session,
        *,
        channel: str,
        dedupe_key: str,
        payload: dict[str, Any],
        at: datetime,
        not_before: datetime | None = None,
        request_id: str | None = None,
    ) -> None:
        """Put something into the outbox within the caller's transaction; the same key again does nothing."""
        values = {
            "id": new_id(),
            "channel": channel,
            "dedupe_key": dedupe_key,
            "payload": payload,
            "state": OPEN,
            "next_at": not_before or at,
            "attempts": 0,
            "created_at": at,
            "request_id": request_id,
        }
        session.execute(insert_once(session, cls, values))


class Timers(Claimable):
    """Something that is to happen at a moment: a step of a clock, a reminder, a deputy's first day."""

    __tablename__ = "timers"
    __table_args__: ClassVar[Any] = (
        open_index("timers"),
        parked_index("timers"),
        Index("ix_timers_subject", "subject"),
    )

    kind: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[Instant]

    @classmethod
    def add(
        cls,
        session: Session,
        *,
        kind: str,
        dedupe_key: str,
        subject: str,
        due_at: datetime,
        at: datetime,
        payload: dict[str, Any] | None = None,
    ) -> None:
        """Arm a timer within the caller's transaction; the same key again moves it, and opens it anew."""
        armed = {
            "kind": kind,
            "subject": subject,
            "due_at": due_at,
            "next_at": due_at,
            "payload": payload or {},
            "state": OPEN,
            "attempts": 0,
            "owner": None,
            "last_error": None,
            "done_at": None,
        }
        values = {"id": new_id(), "dedupe_key": dedupe_key, "created_at": at, **armed}
        statement = upserting(session, cls)
        moved = statement.on_conflict_do_update(
            index_elements=["dedupe_key"], set_={name: statement.excluded[name] for name in armed}
        )
        session.connection().execute(moved, [values])

    @classmethod
    def cancel(
        cls,
        session: Session,
        *,
        dedupe_key: str | None = None,
        subject: str | None = None,
        prefix: str | None = None,
    ) -> None:
        """Disarm open timers: the one of this key, those whose key begins so, or all of a subject."""
        which: list[ColumnElement[bool]] = [cls.state == OPEN]
        if dedupe_key is not None:
            which.append(cls.dedupe_key == dedupe_key)
        if prefix is not None:
            which.append(cls.dedupe_key.startswith(prefix, autoescape=True))
        if subject is not None:
            which.append(cls.subject == subject)
        if len(which) == 1:
            raise ValueError("say which timers: a key, a prefix or a subject")
        session.connection().execute(update(cls.__table__).where(*which).values(state=CANCELLED))


class IdempotencyKey(Base):
    """The first answer to a POST, kept for a day; the same key and body get it again."""

    __tablename__ = "idempotency_keys"
    __table_args__: ClassVar[Any] = (Index("ix_idempotency_keys_created_at", "created_at"),)

    person_id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[dict[str, str] | None] = mapped_column(Json)
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant]


class FormNonce(Base):
    """A web form that was sent: UNIQUE per person, so that a double click is one request."""

    __tablename__ = "form_nonces"
    __table_args__: ClassVar[Any] = (Index("ix_form_nonces_created_at", "created_at"),)

    person_id: Mapped[Id] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    outcome: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[Instant]


def insert_once(session: Session, model: type[Base], values: dict[str, Any]) -> Any:
    """An INSERT that does nothing where any unique key is taken; its `rowcount` is 0 then."""
    statement = upserting(session, model).values(values).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


def upsert(session: Session, model: type[Base], values: dict[str, Any]) -> None:
    """An INSERT that takes the place of the row with the same primary key."""
    keys = [column.name for column in model.__table__.primary_key]
    new = {name: value for name, value in values.items() if name not in keys}
    statement = upserting(session, model).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=new))


def upserting(session: Session, model: type[Base]) -> Any:
    """The INSERT of this database that knows ON CONFLICT."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite_insert(model) if sqlite else postgresql_insert(model)
