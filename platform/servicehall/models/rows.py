"""What a work knows of its rows: each table of a request is read once, and kept as the writer leaves it.

The rows are the session's own, so that whoever asks the session meets the same ones. A write sets them at once,
whether it was sent yet or not; so the writer may wait, and nothing is read again because something was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from servicehall.models.base import Base
from servicehall.models.requests import Request

Row = TypeVar("Row", bound=Base)
Key = tuple[Any, ...]


class Rows:
    """Rows by their key, and those of a request by their table; `send` sends what waits for a table.

    `root`: the request that a row without a known owner most likely belongs to; its table is read at once.
    """

    def __init__(self, session: Session, send: Callable[[type[Base]], None], root: str | None = None) -> None:
        self._session = session
        self._send = send
        self._root = root
        self._by_key: dict[type[Base], dict[Key, Any]] = {}
        self._of: dict[tuple[type[Base], str], dict[Key, Any]] = {}
        self._born: set[str] = set()

    def forget(self) -> None:
        """At the end: nothing keeps the rows alive any more."""
        self._by_key.clear()
        self._of.clear()

    def get(self, model: type[Row], key: Any, *, lock: bool = False) -> Row:
        """A row by its primary key, `lock` holds it until the end; a missing one is an error of ours."""
        name = key if isinstance(key, tuple) else (key,)
        found: Row | None = self._by_key.get(model, {}).get(name)
        return self._read(model, name, lock) if found is None else found

    def of(self, model: type[Row], request_id: str) -> list[Row]:
        """All rows of a table that belong to a request, in no order; one that was made in this work has no others."""
        known = self._of.get((model, request_id))
        if known is None:
            known = self._of[model, request_id] = {}
            self._by_key.setdefault(model, {})
            if request_id not in self._born:
                known |= self._read_of(model, request_id)
        return list(known.values())

    def inserted(self, model: Any, values: Mapping[str, Any]) -> None:
        """A new row, where somebody may ask for it: one of a request whose rows of this table are known."""
        if model is Request:
            self._born.add(values["id"])
        owner = values.get("request_id")
        if model is not Request and owner not in self._born and (model, owner) not in self._of:
            return
        row = model(**values)
        make_transient_to_detached(row)
        self._session.add(row)
        self._by_key.setdefault(model, {})[_key_of(row)] = row
        if owner is not None:
            self._of.setdefault((model, owner), {})[_key_of(row)] = row

    def updated(self, model: Any, where: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        for row in self._matching(model, where):
            for name, value in values.items():
                set_committed_value(row, name, value)

    def deleted(self, model: Any, where: Mapping[str, Any]) -> None:
        for row in list(self._matching(model, where)):
            key = _key_of(row)
            del self._by_key[model][key]
            self._session.expunge(row)
            for (table, _owner), known in self._of.items():
                if table is model:
                    known.pop(key, None)

    def replaced(self, model: Any, values: Mapping[str, Any]) -> None:
        where = {name: values[name] for name in _keys(model)}
        if tuple(where.values()) in self._by_key.get(model, {}):
            self.updated(model, where, values)
        else:
            self.inserted(model, values)

    def _read(self, model: Any, key: Key, lock: bool) -> Any:
        if self._root is not None and hasattr(model, "request_id"):
            self.of(model, self._root)
            if key in self._by_key[model]:
                return self._by_key[model][key]
        self._send(model)
        found = self._session.scalars(_by_key(model, lock), dict(zip(_keys(model), key, strict=True))).first()
        if found is None:
            raise LookupError(f"{model.__name__} {' '.join(map(str, key))} is not there")
        self._by_key.setdefault(model, {})[key] = found
        return found

    def _read_of(self, model: Any, request_id: str) -> dict[Key, Any]:
        self._send(model)
        found = self._session.scalars(_of_request(model), {"request_id": request_id})
        rows = {_key_of(row): row for row in found}
        self._by_key[model].update(rows)
        return rows

    def _matching(self, model: Any, where: Mapping[str, Any]) -> Iterator[Any]:
        known = self._by_key.get(model, {})
        keys = _keys(model)
        if where.keys() == set(keys):
            found = known.get(tuple(where[name] for name in keys))
            return iter(() if found is None else (found,))
        return (row for row in known.values() if all(_holds(row, name, said) for name, said in where.items()))


def _holds(row: Any, name: str, said: Any) -> bool:
    value = getattr(row, name)
    return value in said if isinstance(said, (list, tuple)) else bool(value == said)


def _key_of(row: Any) -> Key:
    return tuple(getattr(row, name) for name in _keys(row.__class__))


@cache
def _keys(model: Any) -> tuple[str, ...]:
    return tuple(column.name for column in model.__table__.primary_key)


@cache
def _by_key(model: Any, lock: bool) -> Any:
    where = [model.__table__.c[name] == bindparam(name) for name in _keys(model)]
    found = select(model).where(*where).execution_options(populate_existing=True)
    return found.with_for_update() if lock else found


@cache
def _of_request(model: Any) -> Any:
    return select(model).where(model.request_id == bindparam("request_id")).execution_options(populate_existing=True)
