"""Lists of requests, approvals and tasks, page by page: by key, never by number, and never counted.

A list is read in the order of an index. Where several conditions lead to it (several groups, several departments),
each gives its own first rows, and those are merged: the cost follows the page, not the table.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, false, select, tuple_, union_all
from sqlalchemy.orm import Session

from servicehall.clock import as_instant, parse_instant
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

DEFAULT_LIMIT = 25
MAX_LIMIT = 200
FEW = 500

Row = TypeVar("Row")
Condition = ColumnElement[bool]
Position = tuple[datetime | None, str]


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order, and the cursor of what comes after them; None at the end."""

    rows: list[Row]
    next: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows of a list come from: the column of the id, that of the instant they are ordered by, and conditions."""

    at: Any
    id: Any
    where: tuple[Condition, ...]

    def but(self, *more: Condition) -> Source:
        """The same, with more conditions."""
        return Source(self.at, self.id, (*self.where, *more))


def page(
    session: Session,
    model: type[Row],
    sources: Sequence[Source],
    *,
    name: str,
    descending: bool,
    limit: int,
    cursor: str | None,
    undated: bool = False,
) -> Page[Row]:
    """One page of the union of some sources, ordered by instant and id; rows without an instant come last.

    `name` tells one list's cursors from another's. Errors: Invalid for a limit out of range or a cursor not ours.
    """
    size = checked_limit(limit)
    after = read_cursor(name, cursor)
    found: list[tuple[datetime | None, str]] = []
    if sources and (after is None or after[0] is not None):
        found = _keys(session, sources, after, descending, size + 1)
    if sources and undated and len(found) <= size:
        rest = after if after is not None and after[0] is None else None
        found += _undated(session, sources, rest, size + 1 - len(found))
    shown = found[:size]
    rows = _load(session, model, [key for _at, key in shown])
    return Page(rows, write_cursor(name, shown[-1]) if len(found) > size else None)


def _keys(
    session: Session, sources: Sequence[Source], after: Position | None, descending: bool, number: int
) -> list[Position]:
    """The first keys after a position, each source read in the order of its index."""
    parts = []
    for source in sources:
        at, key = source.at, source.id
        order = (at.desc(), key.desc()) if descending else (at, key)
        part = select(at.label("at"), key.label("id")).where(*source.where, at.is_not(None))
        if after is not None:
            pair, edge = tuple_(at, key), tuple_(*_bound(source, after))
            part = part.where(pair < edge if descending else pair > edge)
        parts.append(part.order_by(*order).limit(number))
    return _merged(session, parts, lambda one: (one[0], one[1]), descending, number)


def _undated(session: Session, sources: Sequence[Source], after: Position | None, number: int) -> list[Position]:
    parts = []
    for source in sources:
        part = select(source.at.label("at"), source.id.label("id")).where(*source.where, source.at.is_(None))
        if after is not None:
            part = part.where(source.id > after[1])
        parts.append(part.order_by(source.id).limit(number))
    return _merged(session, parts, lambda one: one[1], False, number)


def _merged(session: Session, parts: list[Select[Any]], key: Any, descending: bool, number: int) -> list[Position]:
    whole: Any = parts[0]
    if len(parts) > 1:
        whole = union_all(*(select(part.subquery()) for part in parts))
    keys = {(at, found) for at, found in session.execute(whole)}
    return sorted(keys, key=key, reverse=descending)[:number]


def _bound(source: Source, after: Position) -> tuple[Any, Any]:
    return bindparam(None, after[0], type_=source.at.type), bindparam(None, after[1], type_=source.id.type)


def _load(session: Session, model: Any, ids: Sequence[str]) -> list[Any]:
    if not ids:
        return []
    rows = {row.id: row for row in session.scalars(select(model).where(model.id.in_(ids)))}
    return [rows[key] for key in ids if key in rows]


def led_by(session: Session, column: Any, ids: Select[Any], *, many: Condition) -> Condition:
    """The condition that `column` is one of `ids`. A few are named, so that they lead to their rows; of `many`, a list
    that is read in its order soon meets enough, so each row is asked by itself."""
    found = list(session.scalars(ids.limit(FEW + 1)))
    if len(found) > FEW:
        return many
    return column.in_(found) if found else false()


def checked_limit(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        text = _("A page has 1 to {most} rows.", most=MAX_LIMIT)
        raise Invalid(text, [Problem("limit", "range", text)])
    return limit


def write_cursor(name: str, position: Position) -> str:
    """An opaque word for a place in a list."""
    at, key = position
    said = json.dumps([name, as_instant(at) if at is not None else None, key], separators=(",", ":"))
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def read_cursor(name: str, cursor: str | None) -> Position | None:
    """The place behind a cursor of this list; Invalid where it is not one."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        said, at, key = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        if said != name or not isinstance(key, str) or len(key) > 200:
            raise ValueError(name)
        return (parse_instant(at) if at is not None else None), key
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        text = _("This is not a place in this list; begin at its start.")
        raise Invalid(text, [Problem("cursor", "invalid", text)]) from error


def checked_states(
    given: Iterable[str], known: Iterable[str], together: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """The states that were asked for, each once; `together` are names for several. Invalid for an unknown one."""
    names = {str(one): (str(one),) for one in known} | {key: tuple(some) for key, some in together.items()}
    return tuple(dict.fromkeys(state for one in given for state in one_of("state", one, names)))


def one_of(path: str, name: str, known: Mapping[str, Any]) -> Any:
    """What stands under a name; Invalid, with those that are known, where nothing does."""
    if name not in known:
        text = _("Choose one of {names}.", names=", ".join(filter(None, known)))
        raise Invalid(text, [Problem(path, "choice", text)])
    return known[name]
