"""Answers as formulas: their sorts, and what a field accepts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from servicehall.documents.reasoning.inquiry import Inquiry
from servicehall.documents.reasoning.reckoning import DAY
from servicehall.documents.reasoning.terms import (
    TRUE,
    Members,
    Term,
    Truth,
    Value,
    both,
    either,
    follows,
    negation,
    number,
)
from servicehall.domain.expression_types import to_cel
from servicehall.forms import Field
from servicehall.forms.fields.options import Choosing
from servicehall.forms.numbers import MAX_INTEGER, minor_unit
from servicehall.forms.reading import Refused

MOST_OPTIONS = 150
"""Of a longer list it is not said which options there are."""
_SORTS = {
    "int": ("Int", "Int"),
    "double": ("Real", "Real"),
    "string": ("Text", "Int"),
    "timestamp": ("Moment", "Real"),
    "duration": ("Span", "Real"),
}
Open = Callable[[Any, str], str]
"""The formula of an option of a field standing open."""


@dataclass(frozen=True, slots=True)
class Named:
    """The symbols of one answer."""

    inquiry: Inquiry
    name: str

    def symbol(self, sort: str, part: str = "") -> str:
        return self.inquiry.symbol(f"{self.name}{part}", sort)


def answer_value(named: Named, field: Field, answered: str) -> Value | None:
    """The value of a field's answer; None where nothing can be said of it."""
    kind = field.cel
    if kind.name == "bool":
        said = named.symbol("Bool")
        return Truth(both(answered, said), both(answered, negation(said)))
    if kind.name == "list":
        return _members(named, field, answered)
    if kind.name not in _SORTS:
        return None
    sort, symbol = _SORTS[kind.name]
    return Term(sort, named.symbol(symbol), answered)


def _members(named: Named, field: Field, answered: str) -> Members:
    """A choice of several as the set of its options; of other lists only the length."""
    keys = option_keys(field)
    if keys is None:
        return Members({}, named.symbol("Int", "#"), answered, named.inquiry.function(f"{named.name}.has"))
    members = {str(named.inquiry.code(key)): named.symbol("Bool", f"~{n}") for n, key in enumerate(keys)}
    size = f"(+ 0 {' '.join(f'(ite {one} 1 0)' for one in members.values())})"
    return Members(members, size, answered)


def option_keys(field: Field) -> list[str] | None:
    """The keys that a field may ever offer; None where it chooses from none, or from too many."""
    if not isinstance(field, Choosing):
        return None
    keys = list(dict.fromkeys(option.key for option in field.level()))
    return keys if len(keys) <= MOST_OPTIONS else None


def limits(named: Named, field: Field, is_open: Open) -> str:
    """What every accepted answer satisfies."""
    limit = _LIMITS.get(field.type)
    return limit(named, field, is_open) if limit is not None else TRUE


def _ranged(named: Named, field: Any, *, sort: str) -> str:
    symbol, real = named.symbol(sort), sort == "Real"
    found = []
    for sign, bound in ((">=", getattr(field, "min", None)), ("<=", getattr(field, "max", None))):
        if bound is not None:
            found.append(f"({sign} {symbol} {number(exact(field, bound), real=real)})")
    return both(*found)


def exact(field: Field, canonical: Any) -> Fraction:
    """A canonical answer as the number that stands for it."""
    value = to_cel(field.cel, canonical)
    if hasattr(value, "nanos"):
        return Fraction(value.seconds) + Fraction(value.nanos, 10**9)
    return Fraction(str(canonical)) if isinstance(value, float) else Fraction(value)


def _integer(named: Named, field: Any, is_open: Open) -> str:
    symbol = named.symbol("Int")
    step = f"(= 0 (mod (- {symbol} {number(field.min or 0, real=False)}) {field.step}))" if field.step else TRUE
    widest = f"(<= (- {MAX_INTEGER}) {symbol} {MAX_INTEGER})"
    return both(_ranged(named, field, sort="Int"), widest, step)


def _decimal(named: Named, field: Any, is_open: Open) -> str:
    symbol = named.symbol("Real")
    widest = f"(< (- 1000000000000000.0) {symbol} 1000000000000000.0)"
    steps = [_multiple(named, field.step, Decimal(field.min or 0), "#step")] if field.step else []
    return both(_ranged(named, field, sort="Real"), widest, *steps)


def _money(named: Named, field: Any, is_open: Open) -> str:
    return both(_decimal(named, field, is_open), _multiple(named, minor_unit(field.currency), Decimal(0), "#"))


def _multiple(named: Named, of: Decimal, begin: Decimal, part: str) -> str:
    """The number is so many whole steps from where they begin."""
    steps = f"(* {number(Fraction(of), real=True)} (to_real {named.symbol('Int', part)}))"
    return f"(= {named.symbol('Real')} (+ {number(Fraction(begin), real=True)} {steps}))"


def _date(named: Named, field: Any, is_open: Open) -> str:
    day = named.symbol("Int", "#")
    whole = f"(= {named.symbol('Real')} (* {DAY}.0 (to_real {day})))"
    return both(_ranged(named, field, sort="Real"), whole, f"(< (- 700000) {day} 2900000)")


def _moment(named: Named, field: Any, is_open: Open) -> str:
    return both(_ranged(named, field, sort="Real"), f"(< (- 60000000000.0) {named.symbol('Real')} 250000000000.0)")


def _rating(named: Named, field: Any, is_open: Open) -> str:
    return f"(<= 1 {named.symbol('Int')} {field.max})"


def _choice(named: Named, field: Any, is_open: Open) -> str:
    keys = option_keys(field)
    if keys is None:
        return TRUE
    symbol = named.symbol("Int")
    return either(*(both(f"(= {symbol} {named.inquiry.code(key)})", is_open(field, key)) for key in keys))


def _choices(named: Named, field: Any, is_open: Open) -> str:
    keys = option_keys(field)
    found = _members(named, field, TRUE)
    least = f"(>= {found.size} {max(1, field.min)})"
    most = f"(<= {found.size} {field.max})" if field.max is not None else TRUE
    chosen = [follows(named.symbol("Bool", f"~{n}"), is_open(field, key)) for n, key in enumerate(keys or ())]
    return both(least, most, *chosen)


def _table(named: Named, field: Any, is_open: Open) -> str:
    return f"(<= {max(1, field.min_rows)} {named.symbol('Int', '#')} {field.most_rows})"


_LIMITS: Mapping[str, Callable[[Named, Any, Open], str]] = {
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "date": _date,
    "datetime": _moment,
    "duration": _moment,
    "rating": _rating,
    "choice": _choice,
    "choices": _choices,
    "table": _table,
}


def spelt_right(inquiry: Inquiry, name: str, field: Field) -> str:
    """A text is none of those that are named and that the field would refuse, or keep in another spelling."""
    if field.cel.name != "string" or field.type in ("choice", "computed"):
        return TRUE
    symbol = f"|{name}|"
    wrong = [code for text, code in inquiry.codes.items() if name in inquiry.symbols and not _keeps(field, text)]
    return both(*(negation(f"(= {symbol} {code})") for code in wrong))


def _keeps(field: Field, text: str) -> bool:
    try:
        return not field.blank(text) and bool(field.canonical(text) == text)
    except Refused:
        return False
