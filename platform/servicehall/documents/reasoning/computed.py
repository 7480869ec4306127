"""Computed fields as formulas: what the server works out, as exactly as it can be said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from servicehall.documents.reasoning.reckoning import DAY
from servicehall.documents.reasoning.terms import Term, Truth, both, either, follows, negation, number
from servicehall.forms.numbers import minor_unit

if TYPE_CHECKING:
    from servicehall.documents.reasoning.world import Case

_NEAR = "(/ 1.0 10000000000.0)"
_LARGE = 10**11


def computed_statements(case: Case, name: str, field: Any) -> Iterator[tuple[str, str]]:
    """The answer is there exactly where the expression has a value, and is that value, rounded as it is kept."""
    answered = f"|{name}?|"
    found = case.term(field.value, field.cel, of=name) if field.value is not None else None
    if isinstance(found, Truth):
        said = case.inquiry.symbol(name, "Bool")
        yield f"{name}.value", follows(answered, either(both(said, found.yes), both(negation(said), found.no)))
        yield f"{name}.value", follows(both(case.shown(field), either(found.yes, found.no)), answered)
    elif isinstance(found, Term):
        result = field.result.type
        keep = _KEPT.get(result)
        symbol = case.inquiry.symbol(name, "Int" if found.sort in ("Int", "Text") and result != "decimal" else "Real")
        if keep is None or (result == "integer") != (found.sort == "Int"):
            case.inquiry.exact = False
            yield f"{name}.value", follows(answered, found.known)
            return
        kept = either(found.wild, keep(case, name, field, symbol, found.text))
        yield f"{name}.value", follows(answered, both(found.known, kept))
        yield f"{name}.value", follows(both(case.shown(field), found.known, _plain(case, found)), answered)
    else:
        case.inquiry.exact = False


def _plain(case: Case, found: Term) -> str:
    """The value is one that can surely be kept: no blank text, no number that is too large."""
    if found.sort == "Text":
        return negation(f"(= {found.text} {case.inquiry.code('')})")
    large = str(_LARGE) if found.sort == "Int" else f"{_LARGE}.0"
    return both(negation(found.wild), f"(< (- {large}) {found.text} {large})")


def _same(case: Case, name: str, field: Any, symbol: str, value: str) -> str:
    return f"(= {symbol} {value})"


def _within(symbol: str, value: str, half: str) -> str:
    size = f"(ite (>= {value} 0.0) {value} (- {value}))"
    near = f"(+ {half} (* {_NEAR} {size}))"
    return f"(and (<= (- {symbol} {value}) {near}) (<= (- {value} {symbol}) {near}))"


def _decimal(case: Case, name: str, field: Any, symbol: str, value: str) -> str:
    case.inquiry.exact = False
    case.inquiry.hopes[f"@hope.{name}"] = f"(= {symbol} {value})"
    return _within(symbol, value, _NEAR)


def _money(case: Case, name: str, field: Any, symbol: str, value: str) -> str:
    """Half-even to the minor unit: no farther than half of one."""
    unit = Fraction(minor_unit(field.currency))
    steps = case.inquiry.symbol(f"{name}#", "Int")
    whole = f"(= {symbol} (* {number(unit, real=True)} (to_real {steps})))"
    return both(whole, _within(symbol, value, number(unit / 2, real=True)))


def _date(case: Case, name: str, field: Any, symbol: str, value: str) -> str:
    """The day in UTC of a moment."""
    day = case.inquiry.symbol(f"{name}#", "Int")
    whole = f"(= {symbol} (* {DAY}.0 (to_real {day})))"
    return both(whole, f"(<= {symbol} {value})", f"(< {value} (+ {symbol} {DAY}.0))")


_KEPT: Mapping[str, Callable[[Case, str, Any, str, str], str]] = {
    "long_text": _same,
    "integer": _same,
    "decimal": _decimal,
    "money": _money,
    "date": _date,
}
