"""Many requests at once: the rows of a few real ones, cast under fresh names, numbers and dates.

The copies share the contents, and so the answers, of what they were cast from; their events are left out. All are of
the same four people, which is the hardest case: every list is as long as it can be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from servicehall.cli.benchmarks.replayed import UUID
from servicehall.models.base import Base, begin_writing, new_id
from servicehall.models.directory import Group, Person
from servicehall.models.log import ReleaseRow
from servicehall.models.notices import Notice
from servicehall.models.requests import Request
from servicehall.models.search import Search
from servicehall.services.replay import RECORDS

BATCH = 500
FIRST_NUMBER = 500_000
BETWEEN = timedelta(minutes=10)
OPEN_IN_TEN = 1
TABLES: tuple[tuple[type[Base], str], ...] = (
    *RECORDS["request"],
    (Notice, "request_id"),
    (Search, "request_id"),
)
Row = dict[str, Any]
Change = Callable[[Row, dict[str, str], int], None]


def standing_names(session: Session) -> set[str]:
    """The ids and hashes that copies share: people, groups, releases."""
    columns = (Person.id, Group.id, ReleaseRow.sha256)
    return {name for column in columns for name in session.scalars(select(column))}


def grow(session: Session, *, to: int, models: Sequence[str], ended: str) -> None:
    """Casts requests until there are so many, the newest first: one in ten open like `models`, the rest ended."""
    standing = standing_names(session)
    alive, over = [Mould(session, one, standing) for one in models], Mould(session, ended, standing)
    there = session.scalar(select(func.count()).select_from(Request)) or 0
    for start in range(0, to - there, BATCH):
        begin_writing(session)
        _insert(session, [_mould(n, alive, over).cast(n) for n in range(start, min(start + BATCH, to - there))])
        session.commit()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE"))  # as its own housekeeping would, a minute later
        session.commit()


def _mould(number: int, alive: Sequence[Mould], over: Mould) -> Mould:
    return alive[number // 10 % len(alive)] if number % 10 < OPEN_IN_TEN else over


def _insert(session: Session, cases: Sequence[dict[Table, list[Row]]]) -> None:
    for table in cases[0]:
        rows = [row for one in cases for row in one.get(table, ())]
        if rows:
            session.connection().execute(insert(table), rows)


class Mould:
    """The rows of one request, and what in them is its own."""

    def __init__(self, session: Session, request_id: str, standing: set[str]) -> None:
        self.rows: list[tuple[Table, list[tuple[Row, list[Change]]]]] = []
        found = [(model.__table__, list(_rows(session, model, owner, request_id))) for model, owner in TABLES]
        own = {name for _table, rows in found for row in rows for name in _ids(row)} - standing
        self.number = str(session.scalar(select(Request.number).where(Request.id == request_id)))
        self.own = sorted(own)
        for table, rows in found:
            assert isinstance(table, Table)  # noqa: S101 - every model here is a table
            self.rows.append((table, [(row, list(self._changes(table.name, row, own))) for row in rows]))

    def cast(self, number: int) -> dict[Table, list[Row]]:
        """A copy, older by so many steps."""
        names = {name: new_id() for name in self.own}
        made: dict[Table, list[Row]] = {}
        for table, rows in self.rows:
            made[table] = [dict(row) for row, _changes in rows]
            for copy, (_row, changes) in zip(made[table], rows, strict=True):
                for change in changes:
                    change(copy, names, number)
        return made

    def _changes(self, table: str, row: Row, own: set[str]) -> Iterator[Change]:
        """What must be done to a copy of this row, column by column."""
        for column, value in row.items():
            if table == "search" and column == "tokens":
                yield self._tokens
            elif table == "requests" and column == "number":
                yield _numbered
            elif isinstance(value, datetime):
                yield partial(_aged, column)
            elif set(_ids(value)) & own:
                yield partial(_renamed, column)

    def _tokens(self, copy: Row, names: dict[str, str], number: int) -> None:
        own = {self.number.rpartition("-")[2], self.number.rpartition("-")[2].lstrip("0")}
        kept = [token for token in copy["tokens"].split() if token not in own]
        copy["tokens"] = " ".join([*kept, _number(number).rpartition("-")[2]])


def _rows(session: Session, model: type[Base], owner: str, request_id: str) -> Iterator[Row]:
    table = model.__table__
    for row in session.connection().execute(select(table).where(table.c[owner] == request_id)).mappings():
        made = dict(row)
        if model is Search:
            del made["id"]
        yield made


def _ids(value: Any) -> Iterator[str]:
    yield from UUID.findall(json.dumps(value, default=str))


def _numbered(copy: Row, names: dict[str, str], number: int) -> None:
    copy["number"] = _number(number)


def _aged(column: str, copy: Row, names: dict[str, str], number: int) -> None:
    copy[column] -= BETWEEN * (number + 1)


def _renamed(column: str, copy: Row, names: dict[str, str], number: int) -> None:
    """An id, or ids within JSON or a text."""
    value = copy[column]
    if isinstance(value, str) and value in names:
        copy[column] = names[value]
        return
    told = UUID.sub(lambda found: names.get(found[0], found[0]), value if isinstance(value, str) else json.dumps(value))
    copy[column] = told if isinstance(value, str) else json.loads(told)


def _number(number: int) -> str:
    return f"REQ-{FIRST_NUMBER + number:06}"
