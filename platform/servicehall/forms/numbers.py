"""Exact decimals and money: how they are read, written and rounded."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache

from babel.numbers import get_currency_precision, list_currencies

MAX_INTEGER = 2**53 - 1  # the largest that every JSON reader keeps exact (RFC 8785)
MAX_DIGITS = 15
MAX_PLACES = 12
MONEY_CONTEXT = Context(prec=12, rounding=ROUND_HALF_EVEN)
DOUBLE_CONTEXT = Context(prec=15, rounding=ROUND_HALF_EVEN)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")


def read_decimal(raw: object) -> Decimal:
    """A JSON number or a decimal text, up to 15 digits before the point and 12 after it; ValueError otherwise."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        raise ValueError("not a number")
    if isinstance(raw, int) and abs(raw) >= 10**MAX_DIGITS:
        raise ValueError("too large")
    text = str(raw).strip()
    if len(text) > 40 or not _DECIMAL.fullmatch(text):
        raise ValueError("not a number")
    number = Decimal(text)
    if number.adjusted() >= MAX_DIGITS or _exponent(number) < -MAX_PLACES:
        raise ValueError("too large or too fine")
    return number if number else abs(number)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def plain(number: Decimal) -> str:
    """Without an exponent, digits as they are: `12.50`."""
    return format(number, "f")


def places(number: Decimal) -> int:
    return max(0, -_exponent(number))


@cache
def is_currency(code: str) -> bool:
    """Whether this is an ISO 4217 code."""
    return code in list_currencies()


@cache
def minor_unit(currency: str) -> Decimal:
    """The smallest amount: 0.01 for CNY, 1 for JPY."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def round_money(amount: float | int, currency: str) -> Decimal:
    """Twelve significant digits, then half-even to the minor unit; ValueError for what is no number."""
    if not math.isfinite(amount):
        raise ValueError("not a finite amount")
    exact = MONEY_CONTEXT.create_decimal(Decimal(amount))
    if exact.adjusted() >= MAX_DIGITS:
        raise ValueError("too large")
    rounded = exact.quantize(minor_unit(currency), rounding=ROUND_HALF_EVEN)
    return rounded if rounded else abs(rounded)


def round_double(number: float | int) -> Decimal:
    """Fifteen significant digits, which hides binary dust: 0.1 + 0.2 is 0.3."""
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    exact = DOUBLE_CONTEXT.create_decimal(Decimal(number))
    if exact.adjusted() >= MAX_DIGITS:
        raise ValueError("too large")
    if places(exact) > MAX_PLACES:
        exact = exact.quantize(Decimal(1).scaleb(-MAX_PLACES), rounding=ROUND_HALF_EVEN)
    shortest = exact.normalize()
    return abs(shortest) if not shortest else Decimal(plain(shortest))
