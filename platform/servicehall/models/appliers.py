"""Appliers: the only code that writes record tables. Each stands beside the rows that it writes.

An applier gets a `Writer` and an `Applied` event and says what becomes of the rows of its own stream. The writer
gathers Core statements and sends them batched, before the next read: an update of a row that is still waiting to be
inserted becomes part of that insert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Table, delete, insert, update
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


class Writer:
    """Gathers what appliers write, in order, and sends it in few statements."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._pending: list[tuple[str, Table, Any, Values]] = []
        self._fresh: dict[tuple[str, Key], Values] = {}
        self.written: set[str] = set()
        """The tables that rows were written to since somebody last took note."""

    def insert(self, model: Any, **values: Any) -> None:
        table: Table = model.__table__
        self.written.add(table.name)
        self._pending.append(("insert", table, None, values))
        self._fresh[table.name, _key(table, values)] = values

    def update(self, model: Any, where: Mapping[str, Any], **values: Any) -> None:
        """Sets columns of the rows that match; `where` is equality, a list means any of them."""
        table: Table = model.__table__
        self.written.add(table.name)
        if set(where) == {column.name for column in table.primary_key}:
            waiting = self._fresh.get((table.name, _key(table, where)))
            if waiting is not None:
                waiting.update(values)
                return
        elif self._has_fresh(table):
            self.flush()
        self._pending.append(("update", table, dict(where), values))

    def upsert(self, model: Any, **values: Any) -> None:
        """Replaces the row with this primary key, or makes it."""
        table: Table = model.__table__
        self.written.add(table.name)
        key = {column.name: values[column.name] for column in table.primary_key}
        waiting = self._fresh.get((table.name, _key(table, key)))
        if waiting is not None:
            waiting.update(values)
            return
        self._pending.append(("delete", table, key, {}))
        self.insert(model, **values)

    def delete(self, model: Any, **where: Any) -> None:
        table: Table = model.__table__
        self.written.add(table.name)
        if self._has_fresh(table):
            self.flush()
        self._pending.append(("delete", table, dict(where), {}))

    def flush(self) -> None:
        """Sends everything; runs of inserts into one table go as one statement."""
        pending, self._pending, self._fresh = self._pending, [], {}
        connection = self.session.connection()
        position = 0
        while position < len(pending):
            act, table, where, values = pending[position]
            position += 1
            if act == "insert":
                rows = [_full(table, values)]
                while position < len(pending) and pending[position][0] == "insert" and pending[position][1] is table:
                    rows.append(_full(table, pending[position][3]))
                    position += 1
                connection.execute(insert(table), rows)
            elif act == "update":
                connection.execute(update(table).where(*_conditions(table, where)).values(values))
            else:
                connection.execute(delete(table).where(*_conditions(table, where)))

    def _has_fresh(self, table: Table) -> bool:
        return any(name == table.name for name, _ in self._fresh)


def apply(writer: Writer, applied: Applied[Any]) -> None:
    """Runs the appliers of an event."""
    for function in APPLIERS.get(type(applied.event), ()):
        function(writer, applied)


def instant(text: str | None) -> datetime | None:
    """An instant out of an event's body."""
    return None if text is None else parse_instant(text)


def _key(table: Table, values: Mapping[str, Any]) -> Key:
    return tuple(values[column.name] for column in table.primary_key)


def _full(table: Table, values: Values) -> Values:
    """One shape of row per table, so that inserts batch: what is not said is the column's default or null."""
    return {
        column.name: values[column.name] if column.name in values else _default(column)
        for column in table.columns
        if column.name in values or column.default is None or column.default.is_scalar
    }


def _default(column: Any) -> Any:
    return None if column.default is None else column.default.arg


def _conditions(table: Table, where: Mapping[str, Any]) -> list[Any]:
    return [
        table.c[name].in_(value) if isinstance(value, (list, tuple)) else table.c[name] == value
        for name, value in where.items()
    ]
