"""Reckoning in expressions, as formulas: whole numbers and times are exact, decimals as near as a double comes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from servicehall.documents.reasoning.terms import Term, Value, both, either, number
from servicehall.domain.expression_tree import Node

if TYPE_CHECKING:
    from servicehall.documents.reasoning.translation import Translation

DAY = 86_400
_ROUNDING = "(/ 1.0 1000000000000000.0)"
"""A double is as near to the exact result as this, of its size."""


def to_real(translation: Translation, node: Node) -> Value | None:
    return as_real(translation.read(node.children[0]))


def as_real(found: Value | None) -> Term | None:
    """A number as a decimal; None for anything else."""
    if not isinstance(found, Term) or found.sort not in ("Int", "Real"):
        return None
    return found if found.sort == "Real" else Term("Real", f"(to_real {found.text})", found.known)


def part(translation: Translation, node: Node) -> Value | None:
    """Whole hours, minutes or seconds of a length of time, toward zero."""
    found = translation.read(node.children[0])
    if not isinstance(found, Term) or found.sort != "Span" or len(node.children) > 1:
        return None
    parts = f"(/ {found.text} {PARTS[node.name]})"
    return Term("Int", f"(ite (>= {parts} 0.0) (to_int {parts}) (- (to_int (- {parts}))))", found.known)


def days(translation: Translation, node: Node) -> Value | None:
    found = translation.read(node.children[0])
    if not isinstance(found, Term) or found.sort != "Int":
        return None
    return Term("Span", f"(* {DAY}.0 (to_real {found.text}))", found.known)


def moment(translation: Translation, node: Node) -> Value | None:
    literal = node.children[0]
    try:
        at = datetime.fromisoformat(literal.value) if literal.literal == "string" else None
    except ValueError:
        return None
    return Term("Moment", number(seconds(at), real=True)) if at is not None and at.tzinfo is not None else None


def span(translation: Translation, node: Node) -> Value | None:
    literal = node.children[0]
    amount, unit = (literal.value[:-1], literal.value[-1:]) if literal.literal == "string" else ("", "")
    units = {"s": 1, "m": 60, "h": 3600}
    if unit not in units or not amount.removeprefix("-").isdecimal():
        return None
    return Term("Span", number(int(amount) * units[unit], real=True))


def addition(translation: Translation, node: Node) -> Value | None:
    one, other = (translation.read(child) for child in node.children)
    if not (isinstance(one, Term) and isinstance(other, Term)):
        return None
    plus = node.name == "_+_"
    sort = _SUMS.get((one.sort, other.sort, plus))
    if sort is None:
        return None
    return _result(translation, node, sort, f"({'+' if plus else '-'} {one.text} {other.text})", one, other)


def product(translation: Translation, node: Node) -> Value | None:
    one, other = (translation.read(child) for child in node.children)
    if not (isinstance(one, Term) and isinstance(other, Term) and one.sort == other.sort):
        return None
    return _result(translation, node, one.sort, f"(* {one.text} {other.text})", one, other)


def quotient(translation: Translation, node: Node) -> Value | None:
    """Division of decimals; what a division by 0.0 gives is left open."""
    one, other = (translation.read(child) for child in node.children)
    if not (isinstance(one, Term) and isinstance(other, Term) and one.sort == other.sort == "Real"):
        return None
    wild = f"(= {other.text} 0.0)"
    found = _result(translation, node, "Real", f"(/ {one.text} {other.text})", one, other)
    return Term(found.sort, found.text, found.known, either(found.wild, wild))


def minus(translation: Translation, node: Node) -> Value | None:
    found = translation.read(node.children[0])
    if not isinstance(found, Term) or found.sort not in ("Int", "Real"):
        return None
    return Term(found.sort, f"(- {found.text})", found.known, found.wild)


def _result(translation: Translation, node: Node, sort: str, exact: str, *operands: Term) -> Term:
    """The result of reckoning: decimals are rounded, whole numbers and times are exact."""
    known, wild = both(*(one.known for one in operands)), either(*(one.wild for one in operands))
    if sort != "Real":
        return Term(sort, exact, known, wild)
    return Term(sort, rounded(translation, node, exact, size=size_of(exact)), known, wild)


def rounded(translation: Translation, node: Node, exact: str, *, size: str) -> str:
    """The symbol of a decimal as near to the exact result as a double of this size comes."""
    name = translation.inquiry.open_end(node, translation.scope)
    found = translation.inquiry.symbol(name, "Real")
    near = f"(* {_ROUNDING} {size})"
    within = f"(and (<= (- {found} {exact}) {near}) (<= (- {exact} {found}) {near}))"
    translation.inquiry.statements[f"@{name}"] = within
    translation.inquiry.hopes[f"@hope.{name}"] = f"(= {found} {exact})"
    return found


def size_of(number: str) -> str:
    """How far a decimal is from nothing."""
    return f"(ite (>= {number} 0.0) {number} (- {number}))"


def seconds(at: datetime) -> Fraction:
    """A moment as the formulas have it."""
    since = at - datetime(1970, 1, 1, tzinfo=at.tzinfo) if at.tzinfo is None else at - _EPOCH
    return Fraction(since // timedelta(microseconds=1), 1_000_000)


PARTS = {"getHours": "3600.0", "getMinutes": "60.0", "getSeconds": "1.0"}
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_SUMS: Mapping[tuple[str, str, bool], str] = {
    ("Int", "Int", True): "Int",
    ("Int", "Int", False): "Int",
    ("Real", "Real", True): "Real",
    ("Real", "Real", False): "Real",
    ("Moment", "Span", True): "Moment",
    ("Span", "Moment", True): "Moment",
    ("Moment", "Span", False): "Moment",
    ("Moment", "Moment", False): "Span",
    ("Span", "Span", True): "Span",
    ("Span", "Span", False): "Span",
}
