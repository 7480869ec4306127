"""A condition as rows: a name, an operator and a value, in groups; which operators a name has, and one normal form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from servicehall.domain.conditions import Environment
from servicehall.domain.expression_types import STRINGS, Type

ALL, ANY, NONE, NOT_ALL = "all", "any", "none", "not_all"
JOINTS = (ALL, ANY, NONE, NOT_ALL)
_NEGATED = {ALL: NOT_ALL, NOT_ALL: ALL, ANY: NONE, NONE: ANY}


@dataclass(frozen=True, slots=True)
class Name:
    """Another name beside the operator, `requested_for.email`; a moment so many days later, or earlier: `today`."""

    path: str
    days: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A duration of so many seconds (`s`), minutes (`m`) or hours (`h`)."""

    amount: int
    unit: str = "h"


Scalar = str | Decimal | date | Span | Name
Value = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; `operator` is one of `operators_of` its name's type."""

    name: str
    operator: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows and groups of which `all`, `any`, `none` or not all (`not_all`) hold; without any it says nothing."""

    joined: str
    rows: tuple[Row | Group, ...] = ()


Types = Mapping[str, Type]
"""The names that rows may begin with, each with its type."""

# --- operators -----------------------------------------------------------------------------------------------

YES, NO, IS, IS_NOT, ONE_OF, NONE_OF = "yes", "no", "is", "is_not", "one_of", "none_of"
LESS, AT_MOST, MORE, AT_LEAST = "less", "at_most", "more", "at_least"
CONTAINS, CONTAINS_NOT, STARTS, ENDS = "contains", "contains_not", "starts", "ends"
HAS, HAS_NOT, ANSWERED, UNANSWERED = "has", "has_not", "answered", "unanswered"
COUNT = "count_"

SIGNS = {IS: "==", IS_NOT: "!=", LESS: "<", AT_MOST: "<=", MORE: ">", AT_LEAST: ">="}
_COUNTS = tuple(COUNT + sign for sign in SIGNS)
_PAIRS = (
    (YES, NO),
    (IS, IS_NOT),
    (ONE_OF, NONE_OF),
    (LESS, AT_LEAST),
    (MORE, AT_MOST),
    (CONTAINS, CONTAINS_NOT),
    (HAS, HAS_NOT),
    (ANSWERED, UNANSWERED),
    (COUNT + IS, COUNT + IS_NOT),
    (COUNT + LESS, COUNT + AT_LEAST),
    (COUNT + MORE, COUNT + AT_MOST),
)
OPPOSITE = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
VALUELESS = frozenset((YES, NO, ANSWERED, UNANSWERED))
SEVERAL = frozenset((ONE_OF, NONE_OF))
TYPED = frozenset((CONTAINS, CONTAINS_NOT, STARTS, ENDS))
"""What takes a piece of text, whatever choices the name has."""

TRUTH, TEXT, NUMBER, MOMENT, DURATION, WORDS, ROWS, RECORD = (
    "truth", "text", "number", "moment", "duration", "words", "rows", "record",
)  # fmt: skip
_OPERATORS = {
    TRUTH: (YES, NO),
    TEXT: (IS, IS_NOT, ONE_OF, NONE_OF, CONTAINS, CONTAINS_NOT, STARTS, ENDS),
    NUMBER: (IS, IS_NOT, MORE, AT_LEAST, LESS, AT_MOST, ONE_OF, NONE_OF),
    MOMENT: (IS, IS_NOT, LESS, AT_MOST, MORE, AT_LEAST),
    DURATION: (IS, IS_NOT, MORE, AT_LEAST, LESS, AT_MOST),
    WORDS: (HAS, HAS_NOT, *_COUNTS),
    ROWS: _COUNTS,
    RECORD: (),
}
_SHAPES = {
    "bool": TRUTH,
    "string": TEXT,
    "int": NUMBER,
    "double": NUMBER,
    "timestamp": MOMENT,
    "duration": DURATION,
    "record": RECORD,
}


def shape_of(type_: Type) -> str:
    """What a name's values are like, which decides its operators."""
    return (WORDS if type_ == STRINGS else ROWS) if type_.name == "list" else _SHAPES[type_.name]


def operators_of(name: str, type_: Type) -> tuple[str, ...]:
    """The operators that a row may have, in the order in which one chooses."""
    found = _OPERATORS[shape_of(type_)]
    return (*found, ANSWERED, UNANSWERED) if can_be_missing(name) else found


def can_be_missing(name: str) -> bool:
    """Whether `has` may ask for a name."""
    return name not in ("value", "today", "now")


@lru_cache(maxsize=256)
def types_of(environment: Environment) -> Types:
    """The names that rows may begin with: fields, what is known of people, request and tasks, and moments."""
    found: dict[str, Type] = {}
    for root, type_ in environment.roots().items():
        if root not in ("answers", "tasks", "requester", "requested_for", "request"):
            found[root] = type_
        if root != "answers":
            found |= _inner(root, type_)
    return found


def _inner(name: str, type_: Type) -> dict[str, Type]:
    if type_.name != "record":
        return {}
    found: dict[str, Type] = {}
    for key, kind in type_.fields:
        inner = f"{name}.{key}"
        found |= {inner: kind} if kind.name != "record" else _inner(inner, kind)
    return found


# --- one form for what means the same ------------------------------------------------------------------------


def normal(group: Group) -> Group:
    """The same without groups of one, groups within groups of the same kind, and negated rows that have an opposite."""
    found = _normal(group)
    return found if isinstance(found, Group) else Group(ALL, (found,))


def _normal(part: Row | Group) -> Row | Group:
    if isinstance(part, Row):
        return part
    joined, rows = part.joined, tuple(_flat(part.joined, part.rows))
    if len(rows) != 1:
        return Group(joined, rows)
    return rows[0] if joined in (ALL, ANY) else _opposite(rows[0])


def _flat(joined: str, rows: Sequence[Row | Group]) -> Iterator[Row | Group]:
    same = ALL if joined in (ALL, NOT_ALL) else ANY
    for one in map(_normal, rows):
        if isinstance(one, Group) and (one.joined == same or not one.rows):
            yield from one.rows
        else:
            yield one


def _opposite(part: Row | Group) -> Row | Group:
    if isinstance(part, Group):
        joined = _NEGATED[part.joined]
        return part.rows[0] if joined in (ALL, ANY) and len(part.rows) == 1 else Group(joined, part.rows)
    if part.operator in OPPOSITE:
        return Row(part.name, OPPOSITE[part.operator], part.value)
    return Group(NONE, (part,))
