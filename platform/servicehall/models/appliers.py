"""Appliers: the only code that writes record tables. Each stands beside the rows that it writes.

An applier gets a `Writer` and an `Applied` event and says what becomes of the rows of its own stream. The writer
gathers Core statements and sends them batched, before a read of their table: an update of a row that is still waiting
to be inserted becomes part of that insert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from servicehall.clock import parse_instant
from servicehall.domain.events import Event

E = TypeVar("E", bound=Event)
Values = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Applied(Generic[E]):
    """An event with where and when it happened; `content` reads what it names by hash (None when erased)."""

    event: E
    stream: str
    sequence: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    content: Callable[[str | None], Any]

    @property
    def subject(self) -> str:
        """The id behind the stream's kind: `request/018f…` → `018f…`."""
        return self.stream.split("/", 1)[1]


APPLIERS: dict[type[Event], list[Callable[[Writer, Applied[Any]], None]]] = {}


def applies(
    *kinds: type[Event],
) -> Callable[[Callable[[Writer, Applied[Any]], None]], Callable[[Writer, Applied[Any]], None]]:
    """Registers a function as an applier of these kinds of event."""

    def register(function: Callable[[Writer, Applied[Any]], None]) -> Callable[[Writer, Applied[Any]], None]:
        for kind in kinds:
            APPLIERS.setdefault(kind, []).append(function)
        return function

    return register


class Watch(Protocol):
    """Who wants to know of every write at once, before it is sent."""

    def inserted(self, model: Any, values: Mapping[str, Any]) -> None: ...
    def updated(self, model: Any, where: Mapping[str, Any], values: Mapping[str, Any]) -> None: ...
    def deleted(self, model: Any, where: Mapping[str, Any]) -> None: ...
    def replaced(self, model: Any, values: Mapping[str, Any]) -> None: ...


@dataclass(slots=True)
class _Act:
    """One kind of write of one table, and the rows or values that it is done with in one statement."""

    kind: str
    names: frozenset[str]
    rows: list[Values]


class Writer:
    """Gathers what appliers write, in order within a table, and sends it in few statements, parents first."""

    def __init__(self, session: Session, watch: Watch | None = None) -> None:
        self.session = session
        self._watch = watch
        self._pending: dict[Table, list[_Act]] = {}
        self._fresh: dict[Table, dict[Key, Values]] = {}

    def insert(self, model: Any, **values: Any) -> None:
        table: Table = model.__table__
        row = {**_defaults(table), **values}
        self._add(table, "insert", row)
        self._fresh.setdefault(table, {})[_key(table, row)] = row
        if self._watch is not None:
            self._watch.inserted(model, row)

    def update(self, model: Any, where: Mapping[str, Any], **values: Any) -> None:
        """Sets columns of the rows that match; `where` is equality, a list means any of them."""
        table: Table = model.__table__
        if self._watch is not None:
            self._watch.updated(model, where, values)
        if where.keys() != set(_key_names(table)):
            self._add(table, "update some", {"where": dict(where), "values": values})
            self._fresh.pop(table, None)
            return
        waiting = self._fresh.get(table, {}).get(_key(table, where))
        if waiting is not None:
            waiting.update(values)
            return
        self._add(table, "update", {**{KEY + name: where[name] for name in where}, **values})

    def upsert(self, model: Any, **values: Any) -> None:
        """Replaces the row with this primary key, or makes it."""
        table: Table = model.__table__
        row = {**_defaults(table), **values}
        if self._watch is not None:
            self._watch.replaced(model, row)
        waiting = self._fresh.get(table, {}).get(_key(table, row))
        if waiting is not None:
            waiting.update(row)
            return
        self._add(table, "upsert", row)
        self._fresh.setdefault(table, {})[_key(table, row)] = row

    def delete(self, model: Any, **where: Any) -> None:
        table: Table = model.__table__
        if self._watch is not None:
            self._watch.deleted(model, where)
        self._add(table, "delete", where)
        self._fresh.pop(table, None)

    def add(self, model: Any, **values: Any) -> None:
        """An operational row beside the records, which nobody in this work asks for."""
        table: Table = model.__table__
        self._add(table, "insert", {**_defaults(table), **values})

    def add_once(self, model: Any, **values: Any) -> None:
        """The same, and nothing where any unique key is taken."""
        table: Table = model.__table__
        self._add(table, "insert once", {**_defaults(table), **values})

    def flush(self) -> None:
        """Sends everything that waits."""
        if not self._pending:
            return
        pending, self._pending, self._fresh = self._pending, {}, {}
        connection = self.session.connection()
        for table in sorted(pending, key=_rank):
            for act in pending[table]:
                _SEND[act.kind](connection, table, act.rows)

    def waits_for(self, model: Any) -> bool:
        """Whether something of this table was not sent yet."""
        return model.__table__ in self._pending

    def _add(self, table: Table, kind: str, values: Values) -> None:
        acts = self._pending.setdefault(table, [])
        names = frozenset(values)
        if acts and acts[-1].kind == kind and acts[-1].names == names:
            acts[-1].rows.append(values)
        else:
            acts.append(_Act(kind, names, [values]))


def apply(writer: Writer, applied: Applied[Any]) -> None:
    """Runs the appliers of an event."""
    for function in APPLIERS.get(type(applied.event), ()):
        function(writer, applied)


def instant(text: str | None) -> datetime | None:
    """An instant out of an event's body."""
    return None if text is None else parse_instant(text)


KEY = "key_"
"""What stands before a key's name among the parameters of an update, beside the columns that it sets."""


def _send_inserts(connection: Connection, table: Table, rows: list[Values]) -> None:
    connection.execute(_insert(table), rows)


def _send_inserts_once(connection: Connection, table: Table, rows: list[Values]) -> None:
    connection.execute(_insert_once(table, connection.dialect.name), rows)


def _send_upserts(connection: Connection, table: Table, rows: list[Values]) -> None:
    connection.execute(_upsert(table, connection.dialect.name), rows)


def _send_updates(connection: Connection, table: Table, rows: list[Values]) -> None:
    connection.execute(_update(table), rows)


def _send_updates_of_some(connection: Connection, table: Table, rows: list[Values]) -> None:
    for one in rows:
        connection.execute(update(table).where(*_conditions(table, one["where"])).values(one["values"]))


def _send_deletes(connection: Connection, table: Table, rows: list[Values]) -> None:
    for one in rows:
        connection.execute(delete(table).where(*_conditions(table, one)))


_SEND: dict[str, Callable[[Connection, Table, list[Values]], None]] = {
    "insert": _send_inserts,
    "insert once": _send_inserts_once,
    "upsert": _send_upserts,
    "update": _send_updates,
    "update some": _send_updates_of_some,
    "delete": _send_deletes,
}


@cache
def _insert(table: Table) -> Any:
    return insert(table)


@cache
def _update(table: Table) -> Any:
    return update(table).where(*(table.c[name] == bindparam(KEY + name) for name in _key_names(table)))


@cache
def _insert_once(table: Table, dialect: str) -> Any:
    return _insert_of(table, dialect).on_conflict_do_nothing()


def _insert_of(table: Table, dialect: str) -> Any:
    return sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)


@cache
def _upsert(table: Table, dialect: str) -> Any:
    statement = _insert_of(table, dialect)
    names = _key_names(table)
    new = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in names}
    return statement.on_conflict_do_update(index_elements=names, set_=new)


@cache
def _rank(table: Table) -> int:
    """Its place among all tables: after those that its foreign keys name."""
    return table.metadata.sorted_tables.index(table)


@cache
def _key_names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


@cache
def _defaults(table: Table) -> Values:
    """One shape of row per table, so that inserts batch: what is not said is the column's default or null."""
    defaults: dict[str, Any] = {column.name: column.default for column in table.columns}
    return {
        name: None if default is None else default.arg
        for name, default in defaults.items()
        if default is None or default.is_scalar
    }


def _key(table: Table, values: Mapping[str, Any]) -> Key:
    return tuple(values[name] for name in _key_names(table))


def _conditions(table: Table, where: Mapping[str, Any]) -> list[Any]:
    return [
        table.c[name].in_(value) if isinstance(value, (list, tuple)) else table.c[name] == value
        for name, value in where.items()
    ]
