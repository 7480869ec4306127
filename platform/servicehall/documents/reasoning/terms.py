"""Formulas of SMT-LIB as text, with the third thing that an expression can be: without a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

TRUE, FALSE = "true", "false"


@dataclass(frozen=True, slots=True)
class Truth:
    """A yes or no: `yes` and `no` are formulas; where neither holds it has no value."""

    yes: str
    no: str

    def negated(self) -> Truth:
        return Truth(self.no, self.yes)


@dataclass(frozen=True, slots=True)
class Term:
    """A value of a sort: `Int`, `Real`, `Text` (a code), `Moment` or `Span` (seconds).

    `known` is the formula of its having a value; where `wild` holds it may be no number at all.
    """

    sort: str
    text: str
    known: str = TRUE
    wild: str = FALSE


@dataclass(frozen=True, slots=True)
class Members:
    """A list of texts as a set: the formula of each member; where `within` is a function, any text may be one."""

    options: Mapping[str, str]
    size: str
    known: str = TRUE
    within: str = ""


Value = Term | Truth | Members


def both(*formulas: str) -> str:
    return _joined("and", formulas, TRUE, FALSE)


def either(*formulas: str) -> str:
    return _joined("or", formulas, FALSE, TRUE)


def negation(formula: str) -> str:
    if formula in (TRUE, FALSE):
        return FALSE if formula == TRUE else TRUE
    return formula[5:-1] if formula.startswith("(not ") else f"(not {formula})"


def follows(if_: str, then: str) -> str:
    return either(negation(if_), then)


def _joined(word: str, formulas: Iterable[str], neutral: str, absorbing: str) -> str:
    parts = list(dict.fromkeys(one for one in formulas if one != neutral))
    if absorbing in parts:
        return absorbing
    return f"({word} {' '.join(parts)})" if len(parts) > 1 else parts[0] if parts else neutral


def number(value: Fraction | int, *, real: bool) -> str:
    """A literal of the sort Int or Real."""
    exact = Fraction(value)
    if not real:
        return str(exact.numerator) if exact >= 0 else f"(- {-exact.numerator})"
    above = f"{abs(exact.numerator)}.0"
    text = above if exact.denominator == 1 else f"(/ {above} {exact.denominator}.0)"
    return text if exact >= 0 else f"(- {text})"
