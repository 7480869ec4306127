"""The lines of the rule builder: rows as their controls hold them, as they are posted, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from servicehall.documents import rule_rows as rows
from servicehall.documents.rule_expressions import MOST_DAYS
from servicehall.documents.rule_rows import Group, Name, Row, Scalar, Span, Types, Value
from servicehall.domain.expression_types import INT, Type
from servicehall.texts import N_, _

MOST_ROWS = 200
MOST_DEEP = 6
MOST_DIGITS = 15
UNITS: Mapping[str, str] = {"h": N_("hours"), "m": N_("minutes"), "s": N_("seconds")}
_PATH = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,7}\Z")
Sent = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Line:
    """One row as its controls hold it: `by` is `value` or `name`; what is wrong with it is said in words."""

    name: str
    operator: str
    by: str = "value"
    values: tuple[str, ...] = ()
    days: str = ""
    unit: str = "h"
    wrong: str = ""


@dataclass(frozen=True)
class Box:
    """A group of lines and boxes."""

    joined: str
    lines: tuple[Line | Box, ...] = ()


def one_of(sent: Sent, name: str) -> str:
    """The last value of a control."""
    return "".join(sent.get(name, ())[-1:])


# --- rows → controls -----------------------------------------------------------------------------------------


def box_of(group: Group) -> Box:
    return Box(group.joined, tuple(box_of(one) if isinstance(one, Group) else _line(one) for one in group.rows))


def _line(row: Row) -> Line:
    value = row.value
    if isinstance(value, Name):
        return Line(row.name, row.operator, "name", (value.path,), days=str(value.days) if value.days else "")
    if isinstance(value, Span):
        return Line(row.name, row.operator, values=(str(value.amount),), unit=value.unit)
    many = value if isinstance(value, tuple) else () if value is None else (value,)
    return Line(row.name, row.operator, values=tuple(_shown(one) for one in many))


def _shown(value: Scalar) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


# --- controls → rows -----------------------------------------------------------------------------------------


def posted(sent: Sent, types: Types) -> Box:
    """The lines and boxes that were posted, in the order of their paths."""
    found: dict[tuple[int, ...], Line | str] = {}
    for name in list(sent)[: MOST_ROWS * 10]:
        kind, _colon, path = name.partition(":")
        if kind in ("f", "j") and _PATH.match(path):
            at = tuple(map(int, path.split(".")))
            found[at] = one_of(sent, name) if kind == "j" else _posted_line(sent, path, types)
    return _nested(found, (), _joint(one_of(sent, "j:")))


def _nested(found: Mapping[tuple[int, ...], Line | str], at: tuple[int, ...], joined: str) -> Box:
    inner = sorted(path for path in found if len(path) == len(at) + 1 and path[:-1] == at)
    lines: list[Line | Box] = []
    for path in inner:
        one = found[path]
        lines.append(one if isinstance(one, Line) else _nested(found, path, _joint(one)))
    return Box(joined, tuple(lines))


def _joint(said: str) -> str:
    return said if said in rows.JOINTS else rows.ALL


def _posted_line(sent: Sent, path: str, types: Types) -> Line:
    name = one_of(sent, f"f:{path}")
    values = tuple(
        one.strip()
        for value in sent.get(f"x:{path}", ())
        for one in value.replace("\r\n", "\n").split("\n")
        if one.strip()
    )
    said = Line(
        name=name,
        operator=one_of(sent, f"o:{path}"),
        by="name" if one_of(sent, f"b:{path}") == "name" else "value",
        values=values,
        days=one_of(sent, f"d:{path}").strip(),
        unit=one_of(sent, f"u:{path}") or "h",
    )
    return _settled(said, types)


def _settled(line: Line, types: Types) -> Line:
    """A line whose operator is one of its name's; what does not fit another name any more is dropped."""
    type_ = types.get(line.name)
    if type_ is None:
        return line
    operators = rows.operators_of(line.name, type_)
    if line.operator not in operators:
        return Line(line.name, operators[0])
    inner = _type_of_value(line, type_)
    if line.by == "name" and inner is not None and types.get(line.values[0] if line.values else "") != inner:
        return replace(line, values=(), days="")
    return line


def _type_of_value(line: Line, type_: Type) -> Type | None:
    if line.operator in rows.VALUELESS:
        return None
    return INT if line.operator.startswith(rows.COUNT) else type_.of or type_


def acted(box: Box, act: str) -> Box:
    """After a button: `add`, `group` or `remove` with the path of a box or line."""
    name, _colon, path = act.partition(":")
    if name not in ("add", "group", "remove") or (path and not _PATH.match(path)):
        return box
    at = tuple(map(int, path.split("."))) if path else ()
    if name == "remove":
        return _without(box, at)
    if len(at) >= MOST_DEEP:
        return box
    other = rows.ANY if _joined_at(box, at) == rows.ALL else rows.ALL
    return _with(box, at, FRESH if name == "add" else Box(other, (FRESH,)))


def _joined_at(box: Box, at: tuple[int, ...]) -> str:
    for index in at:
        inner = box.lines[index] if index < len(box.lines) else box
        box = inner if isinstance(inner, Box) else box
    return box.joined


FRESH = Line("", "")
"""A line in which nothing is chosen yet."""


def _with(box: Box, at: tuple[int, ...], fresh: Line | Box) -> Box:
    if not at:
        return replace(box, lines=(*box.lines, fresh))
    return _changed(box, at, lambda inner: _with(inner, at[1:], fresh))


def _without(box: Box, at: tuple[int, ...]) -> Box:
    if len(at) == 1:
        return replace(box, lines=tuple(one for index, one in enumerate(box.lines) if index != at[0]))
    return _changed(box, at, lambda inner: _without(inner, at[1:])) if at else box


def _changed(box: Box, at: tuple[int, ...], change: Callable[[Box], Box]) -> Box:
    lines = [change(one) if index == at[0] and isinstance(one, Box) else one for index, one in enumerate(box.lines)]
    return replace(box, lines=tuple(lines))


class _Unfinished(Exception):
    """What is missing or wrong in a line, in words."""


def finish(box: Box, types: Types) -> tuple[Group | None, Box]:
    """The rows that the lines come to, None while something is missing, and the lines with what it is."""
    parts: list[Row | Group] = []
    lines: list[Line | Box] = []
    whole = True
    for one in box.lines:
        if isinstance(one, Box):
            inner, checked = finish(one, types)
            lines.append(checked)
            whole &= inner is not None
            parts += [inner] if inner is not None else []
            continue
        try:
            parts.append(_row(one, types))
            lines.append(one)
        except _Unfinished as error:
            whole = False
            lines.append(replace(one, wrong=str(error)))
    return (Group(box.joined, tuple(parts)) if whole else None), replace(box, lines=tuple(lines))


def _row(line: Line, types: Types) -> Row:
    type_ = types.get(line.name)
    if type_ is None:
        raise _Unfinished(_("Choose what is compared."))
    inner = _type_of_value(line, type_)
    if inner is None:
        return Row(line.name, line.operator)
    return Row(line.name, line.operator, _value(line, inner))


def _value(line: Line, type_: Type) -> Value:
    if not line.values:
        raise _Unfinished(_("Choose or write a value."))
    if line.by == "name":
        return Name(line.values[0], _whole(line.days, MOST_DAYS) if line.days else 0)
    if line.operator in rows.SEVERAL:
        return tuple(_scalar(line, one, type_) for one in line.values)
    return _scalar(line, line.values[0], type_)


def _scalar(line: Line, text: str, type_: Type) -> Scalar:
    shape = rows.shape_of(type_)
    if shape == rows.TEXT:
        return text
    if shape == rows.NUMBER:
        return Decimal(_whole(text, 10**MOST_DIGITS)) if type_ == INT else _number(text)
    if shape == rows.DURATION:
        amount = _whole(text, 10**8)
        if amount < 0 or line.unit not in UNITS:
            raise _Unfinished(_("Write a whole number."))
        return Span(amount, line.unit)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Unfinished(_("Write a date such as 2026-12-31.")) from None


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or len(found.as_tuple().digits) > MOST_DIGITS or abs(found) >= 10**MOST_DIGITS:
        raise _Unfinished(_("Write a number."))
    return Decimal(repr(float(found)))


def _whole(text: str, most: int) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", text) or abs(int(text)) > most:
        raise _Unfinished(_("Write a whole number."))
    return int(text)
