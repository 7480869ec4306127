"""Rows of a condition to its canonical expression and back.

What rows can say is a part of the language: comparisons with a value or another name, `in` a list, an option of a list,
its size, the beginning, end or middle of a text, yes or no, and whether there is an answer; joined by and, or, not.
`read` gives None for everything else, which stays a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from servicehall.documents.rule_rows import (
    ALL,
    ANSWERED,
    ANY,
    AT_LEAST,
    AT_MOST,
    CONTAINS,
    CONTAINS_NOT,
    COUNT,
    DURATION,
    ENDS,
    HAS,
    HAS_NOT,
    IS,
    IS_NOT,
    LESS,
    MOMENT,
    MORE,
    NO,
    NONE,
    NONE_OF,
    NOT_ALL,
    NUMBER,
    ONE_OF,
    OPPOSITE,
    SEVERAL,
    SIGNS,
    STARTS,
    TEXT,
    UNANSWERED,
    YES,
    Group,
    Name,
    Row,
    Scalar,
    Span,
    Types,
    Value,
    normal,
    operators_of,
    shape_of,
    types_of,
)
from servicehall.domain.conditions import Environment, compile
from servicehall.domain.expression_compiler import Compiler, readable
from servicehall.domain.expression_tree import Node
from servicehall.domain.expression_types import INT, TIMESTAMP, Type
from servicehall.errors import Invalid

MOST_DAYS = 36_500
WHOLE_DOUBLES = 2**53
"""Whole numbers below this are the same as integers and as decimals."""
_SPAN = re.compile(r"([0-9]{1,9})([smh])\Z")
_BY_CALL = {f"_{sign}_": operator for operator, sign in SIGNS.items()}
_MIRRORED = {IS: IS, IS_NOT: IS_NOT, LESS: MORE, MORE: LESS, AT_MOST: AT_LEAST, AT_LEAST: AT_MOST}
_TEXT_CALLS = {"contains": CONTAINS, "startsWith": STARTS, "endsWith": ENDS}


# --- rows → expression ---------------------------------------------------------------------------------------


def write(group: Group) -> str:
    """The canonical expression; an empty text where there are no rows."""
    found = normal(group)
    return _write_group(found, outermost=True) if found.rows else ""


def _write(part: Row | Group) -> str:
    return _write_row(part) if isinstance(part, Row) else _write_group(part)


def _write_group(group: Group, *, outermost: bool = False) -> str:
    sign = " && " if group.joined in (ALL, NOT_ALL) else " || "
    text = sign.join(_write(one) for one in group.rows)
    if group.joined in (NONE, NOT_ALL):
        return f"!({text})"
    return text if outermost else f"({text})"


def _write_row(row: Row) -> str:
    name, operator = row.name, row.operator
    if operator in (ANSWERED, UNANSWERED):
        asked = name if "." in name else f"answers.{name}"
        return f"has({asked})" if operator == ANSWERED else f"!has({asked})"
    if operator in (YES, NO):
        return name if operator == YES else f"!{name}"
    value = _literal(row.value)
    if operator.startswith(COUNT):
        return f"size({name}) {SIGNS[operator.removeprefix(COUNT)]} {value}"
    if operator in SIGNS:
        return f"{name} {SIGNS[operator]} {value}"
    positive = OPPOSITE[operator] if operator in (NONE_OF, HAS_NOT, CONTAINS_NOT) else operator
    calls = {one: call for call, one in _TEXT_CALLS.items()}
    text = {ONE_OF: f"{name} in {value}", HAS: f"{value} in {name}"}.get(
        positive
    ) or f"{name}.{calls[positive]}({value})"
    if positive == operator:
        return text
    return f"!{text}" if positive == CONTAINS else f"!({text})"


def _literal(value: Value) -> str:
    return _LITERALS[type(value)](value)


def _number(value: Decimal) -> str:
    whole = value == value.to_integral_value() and abs(value) < WHOLE_DOUBLES
    return str(int(value)) if whole else repr(float(value))


def _name(value: Name) -> str:
    return f"{value.path} {'-' if value.days < 0 else '+'} days({abs(value.days)})" if value.days else value.path


_LITERALS: Mapping[type, Callable[..., str]] = {
    str: lambda value: json.dumps(value, ensure_ascii=False),
    Decimal: _number,
    date: lambda value: f'timestamp("{value.isoformat()}T00:00:00Z")',
    Span: lambda value: f'duration("{value.amount}{value.unit}")',
    Name: _name,
    tuple: lambda value: f"[{', '.join(map(_literal, value))}]",
}


# --- expression → rows ---------------------------------------------------------------------------------------


def read(text: str, environment: Environment) -> Group | None:
    """The rows of an expression in their normal form; None where rows cannot say it, or it is not valid."""
    try:
        tree = Compiler(Environment(), readable(text)).tree
        types = types_of(environment)
        found = normal(Group(ALL, (_Reader(types).part(tree),)))
        compile(write(found), environment)
    except (Invalid, _Beyond):
        return None
    return found


class _Beyond(Exception):
    """Rows cannot say this."""


@dataclass(frozen=True, slots=True)
class _Reader:
    types: Types

    def part(self, node: Node) -> Row | Group:
        if node.kind == "call" and node.name in ("_&&_", "_||_"):
            return Group(ALL if node.name == "_&&_" else ANY, tuple(map(self.part, node.children)))
        if node.kind == "call" and node.name == "!_":
            return Group(NONE, (self.part(node.children[0]),))
        if node.kind == "call" and node.name in _BY_CALL:
            return self.comparison(_BY_CALL[node.name], *node.children)
        if node.kind == "call" and node.name == "@in":
            return self.within(*node.children)
        if node.kind == "call" and node.name in _TEXT_CALLS and len(node.children) == 2:
            return self.row(node.children[0], _TEXT_CALLS[node.name], node.children[1])
        if node.literal == "test":
            return Row(self.name(node), ANSWERED)
        name = self.name(node)
        if self.types[name].name != "bool":
            raise _Beyond
        return Row(name, YES)

    def comparison(self, operator: str, left: Node, right: Node) -> Row:
        if self.path(left) is None and not _is_size(left):
            operator, left, right = _MIRRORED[operator], right, left
        if _is_size(left):
            return self.row(left.children[0], COUNT + operator, right)
        if right.literal == "bool" and self.types[self.name(left)].name == "bool" and operator in (IS, IS_NOT):
            return Row(self.name(left), YES if right.value == (operator == IS) else NO)
        return self.row(left, operator, right)

    def within(self, left: Node, right: Node) -> Row:
        if right.kind == "list":
            return self.row(left, ONE_OF, right)
        return self.row(right, HAS, left)

    def row(self, subject: Node, operator: str, value: Node) -> Row:
        name = self.name(subject)
        type_ = self.types[name]
        if operator not in operators_of(name, type_):
            raise _Beyond
        if operator in SEVERAL:
            found: Value = self.several(value, type_)
        elif operator.startswith(COUNT):
            found = self.scalar(value, INT)
        else:
            found = self.scalar(value, type_.of or type_)
        return Row(name, operator, found)

    def several(self, node: Node, type_: Type) -> tuple[Scalar, ...]:
        found = tuple(self.scalar(one, type_) for one in node.children)
        if not found or any(isinstance(one, Name) for one in found):
            raise _Beyond
        return found

    def scalar(self, node: Node, type_: Type) -> Scalar:
        name, days = _shifted(node) if type_ == TIMESTAMP else (node, 0)
        path = self.path(name)
        if path is not None:
            if self.types.get(path) == type_ and abs(days) <= MOST_DAYS:
                return Name(path, days)
            raise _Beyond
        found = _VALUES[shape_of(type_)](node) if shape_of(type_) in _VALUES else None
        if found is None or (type_ == INT and isinstance(found, Decimal) and found != found.to_integral_value()):
            raise _Beyond
        return found

    def name(self, node: Node) -> str:
        path = self.path(node)
        if path is None or path not in self.types:
            raise _Beyond
        return path

    def path(self, node: Node) -> str | None:
        path = node.path()
        return path.removeprefix("answers.") if path else None


def _is_size(node: Node) -> bool:
    return node.kind == "call" and node.name == "size" and len(node.children) == 1


def _read_text(node: Node) -> str | None:
    return node.value if node.literal == "string" else None


def _read_number(node: Node) -> Decimal | None:
    if node.literal not in ("int", "double"):
        return None
    value = Decimal(node.value) if node.literal == "int" else Decimal(repr(node.value))
    return value if value.is_finite() and (node.literal == "double" or abs(value) < WHOLE_DOUBLES) else None


def _shifted(node: Node) -> tuple[Node, int]:
    """A moment and the days that are added to it: `today - days(3)`."""
    if node.kind == "call" and node.name in ("_+_", "_-_") and len(node.children) == 2:
        moment, days = node.children
        if days.kind == "call" and days.name == "days" and days.children[0].literal == "int":
            return moment, days.children[0].value * (1 if node.name == "_+_" else -1)
    return node, 0


def _read_moment(node: Node) -> date | None:
    if node.kind == "call" and node.name == "timestamp" and node.children[0].literal == "string":
        return _day(node.children[0].value)
    return None


def _day(text: str) -> date | None:
    """The day of an instant that is its first in UTC, which is what a date is in an expression."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    whole = found.tzinfo is not None and found.astimezone(UTC) == found.astimezone(UTC).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return found.astimezone(UTC).date() if whole else None


def _read_span(node: Node) -> Span | None:
    if node.kind == "call" and node.name == "duration" and node.children[0].literal == "string":
        match = _SPAN.match(node.children[0].value)
        return Span(int(match[1]), match[2]) if match else None
    return None


_VALUES: Mapping[str, Callable[[Node], Scalar | None]] = {
    TEXT: _read_text,
    NUMBER: _read_number,
    MOMENT: _read_moment,
    DURATION: _read_span,
}
