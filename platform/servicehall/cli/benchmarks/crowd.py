"""Many requests at once: the rows of a few real cases, copied under fresh names straight into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from servicehall.cli.benchmarks.replayed import Names
from servicehall.models.base import Base, begin_writing
from servicehall.models.directory import Group, Person
from servicehall.models.log import ReleaseRow
from servicehall.models.requests import Request
from servicehall.services.replay import RECORDS

BATCH = 500
Rows = dict[type[Base], list[dict[str, Any]]]


def standing_names(session: Session) -> set[str]:
    """The ids and hashes that copies share: people, groups, releases."""
    columns = (Person.id, Group.id, ReleaseRow.sha256)
    return {name for column in columns for name in session.scalars(select(column))}


def grow(session: Session, *, to: int, models: Sequence[str], ended: str) -> None:
    """Copies requests until there are so many: one in ten like `models`, the rest like the one that has ended."""
    standing = standing_names(session)
    alive = [_rows_of(session, one) for one in models]
    over = _rows_of(session, ended)
    count = session.scalar(select(func.count()).select_from(Request)) or 0
    while count < to:
        step = min(BATCH, to - count)
        batch = [alive[n // 10 % len(alive)] if n % 10 == 0 else over for n in range(count, count + step)]
        _insert(session, batch, standing)
        count += step


def _rows_of(session: Session, request_id: str) -> Rows:
    found: Rows = {}
    for model, owner in RECORDS["request"]:
        table = model.__table__
        rows = session.connection().execute(select(table).where(table.c[owner] == request_id)).mappings()
        found[model] = [dict(row) for row in rows]
    return found


def _insert(session: Session, batch: Sequence[Rows], standing: set[str]) -> None:
    begin_writing(session)
    names = [Names(standing) for _ in batch]
    for model, _owner in RECORDS["request"]:
        table = model.__table__
        assert isinstance(table, Table)  # noqa: S101 - every record is a table
        rows = [name.in_value(row) for name, one in zip(names, batch, strict=True) for row in one[model]]
        if rows:
            session.connection().execute(insert(table), rows)
    session.commit()
