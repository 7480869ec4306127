"""The ground under every table: the declarative base, the column types, and who may write.

`db` is Flask-SQLAlchemy's handle (one session per application context); every row class derives from `Base`
and names its table. Ids are UUIDv7 as text, instants are aware UTC, JSON is JSONB on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import uuid_utils
from flask_appbuilder import Model
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Model.metadata.naming_convention = NAMING
metadata = Model.metadata

from flask_appbuilder.security.sqla import models as accounts  # noqa: E402 - its tables are named as ours are

__all__ = [
    "Base",
    "Id",
    "Instant",
    "Json",
    "UtcDateTime",
    "accounts",
    "begin_writing",
    "db",
    "metadata",
    "new_id",
    "only_reads",
    "own_transaction",
    "reading",
    "set_reading",
    "writing",
]

db = SQLAlchemy(model_class=Model, disable_autonaming=True)


class Base(Model):
    """The base of our own rows; each states its `__tablename__`."""

    __abstract__ = True
    __table_args__: ClassVar[Any] = {}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware UTC to the microsecond, on SQLite too; a naive one is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Id = Annotated[str, mapped_column(String(36))]
"""`id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)`; foreign keys to it likewise."""
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
"""`created_at: Mapped[Instant]`, or `Mapped[Instant | None]`."""


def new_id() -> str:
    """A fresh UUIDv7 as text. Never sort by it: clocks of several machines differ."""
    return str(uuid_utils.uuid7())


_reading: ContextVar[bool] = ContextVar("reading", default=False)


def set_reading(reading: bool) -> None:
    """Whether transactions begun from here on only read (a GET); the default is that they may write."""
    _reading.set(reading)


@contextmanager
def reading() -> Iterator[None]:
    """Transactions begun within the block only read, and so never wait for a writer on SQLite."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun within the block may write, also inside a GET."""
    token = _reading.set(False)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def own_transaction() -> Iterator[Session]:
    """A short transaction beside the caller's (access log, last use of a token), committed at the end."""
    with writing(), Session(db.engine) as session, session.begin():
        yield session


def only_reads() -> bool:
    return _reading.get()


def begin_writing(session: Session) -> None:
    """Make the session's next statement run in a transaction that may write; ends one that only read."""
    _reading.set(False)
    if session.in_transaction() and session.connection().info.get("reading"):
        session.commit()
