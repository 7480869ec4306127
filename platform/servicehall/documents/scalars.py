"""What an unquoted word means: YAML 1.2's core schema, and nothing that would not stay exact."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from servicehall.texts import _

EXACT_INTEGER = 2**53 - 1  # what JSON (RFC 8785) carries exactly

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOLEAN = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INTEGER = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")


def plain_value(text: str) -> tuple[Any, str]:
    """What an unquoted word means, and why it is refused (empty where it is not)."""
    if _NULL.match(text):
        return None, ""
    if _BOOLEAN.match(text):
        return text[0] in "tT", ""
    if _INTEGER.match(text):
        digits = text if len(text) <= 40 else ""
        base = {"0x": 16, "0o": 8}.get(text[:2], 10)
        number = int(digits or "9" * 40, base)
        return number, "" if abs(number) <= EXACT_INTEGER else _inexact(text)
    if _NOT_FINITE.match(text):
        return None, _("“{text}” is not a number that can be kept", text=text)
    if _FLOAT.match(text):
        return _plain_decimal(text)
    return text, ""


def _plain_decimal(text: str) -> tuple[Any, str]:
    exact = Decimal(text) if len(text) <= 40 else None
    number = float(text)
    if exact is None or not abs(number) <= EXACT_INTEGER or Decimal(repr(number)) != exact:
        return None, _inexact(text)
    return (int(number) if number == int(number) else number), ""


def _inexact(text: str) -> str:
    return _("{text} would not stay exact as a number; write it in quotes", text=text[:40])


def has_type(value: Any, name: str) -> bool:
    """Whether a value is of the type that a tag names."""
    kinds: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (int, float),
        "bool": (bool,),
        "null": (type(None),),
        "timestamp": (str,),
    }
    return isinstance(value, kinds[name]) and (isinstance(value, bool) == (name == "bool"))
