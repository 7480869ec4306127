"""A person's attributes as people write them, one reader for each: a cell of the people file or of a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from email_validator import EmailNotValidError, validate_email

from servicehall.domain.calendar_rules import read_date
from servicehall.forms.reading import Refused
from servicehall.models.directory import Person
from servicehall.texts import LOCALES, _

Reader = Callable[[str], Any]

LONGEST_EMAIL = 128
LONGEST_KEY = 60
MOST_WORDS = 200
YES_AND_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?")
_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_GROUP = re.compile(r"[^\s/;!]+")
_AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")


def read_email(text: str) -> str:
    """The stable key and sign-in name, in lower case. Its domain may be the company's own, such as corp.local."""
    name, _at, domain = text.rpartition("@")
    try:
        validate_email(f"{name}@example.com", check_deliverability=False)
    except EmailNotValidError:
        name = ""
    if not name or not _DOMAIN.fullmatch(domain):
        raise Refused("format", _("“{value}” is not a mail address.", value=text[:LONGEST_KEY]))
    return _short(text.lower(), LONGEST_EMAIL)


def read_department(text: str) -> str:
    """A department's key in kebab-case."""
    if not _KEBAB.fullmatch(text):
        raise Refused("format", _("“{value}” is no key: small letters and digits, joined by dashes.", value=text[:60]))
    return _short(text, LONGEST_KEY)


def read_group_key(text: str) -> str:
    """A group's key without its department: no spaces and none of `/ ; !`."""
    if not _GROUP.fullmatch(text):
        raise Refused("format", _("“{value}” is not a group: write department/key or key.", value=text[:60]))
    return _short(text, LONGEST_KEY)


def read_yes(text: str) -> bool:
    found = YES_AND_NO.get(text.lower())
    if found is None:
        raise Refused("choice", _("“{value}”: write yes or no.", value=text[:60]))
    return found


def _line(longest: int) -> Reader:
    return lambda text: _short(text, longest)


def _words(text: str) -> list[str]:
    """Words between semicolons, each once, in the order written."""
    found = list(dict.fromkeys(word.strip() for word in text.split(";") if word.strip()))
    if len(found) > MOST_WORDS:
        raise Refused("too_long", _("At most {n} are kept.", n=MOST_WORDS))
    return [_short(word, LONGEST_KEY) for word in found]


def _amount(text: str) -> str:
    if not _AMOUNT.fullmatch(text):
        raise Refused("format", _("“{value}” is no amount: digits, with a point for decimals.", value=text[:60]))
    return text


def _currency(text: str) -> str:
    if text.upper() not in _currencies():
        raise Refused("choice", _("“{value}” is no currency: write its three letters, such as CNY.", value=text[:60]))
    return text.upper()


def _day(text: str) -> str:
    if read_date(text) is None:
        raise Refused("format", _("“{value}” is no date: write it as 2026-12-31.", value=text[:60]))
    return text


def _zone(text: str) -> str:
    if text not in _zones():
        raise Refused("choice", _("“{value}” is no time zone: write it as Asia/Shanghai.", value=text[:60]))
    return text


def _locale(text: str) -> str:
    try:
        language = Locale.parse(text, sep="-" if "-" in text else "_").language
    except (ValueError, UnknownLocaleError):
        language = ""
    if language not in LOCALES:
        known = ", ".join(LOCALES)
        raise Refused(
            "choice", _("“{value}” is no language of this installation: {known}.", value=text[:60], known=known)
        )
    return _short(text, 20)


READERS: Mapping[str, Reader] = {
    "email": read_email,
    "name": _line(200),
    "name_zh": _line(200),
    "department": read_department,
    "title": _line(200),
    "location": _line(100),
    "grade": _line(40),
    "type": _line(40),
    "skills": _words,
    "approval_limit": _amount,
    "currency": _currency,
    "start_date": _day,
    "time_zone": _zone,
    "locale": _locale,
    "roles": _words,
}
"""Attribute → its reader: from trimmed text that is not empty to the JSON value that is kept, or `Refused`."""


def clean_cell(text: str) -> str:
    """A cell trimmed and in Unicode's composed form; `Refused` where it holds control characters."""
    clean = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in clean):
        raise Refused("format", _("This holds a character that cannot be shown."))
    return clean


def attributes_of(row: Person) -> dict[str, Any]:
    """The attributes of a record as `READERS` give them; what is empty is left out."""
    found = {name: getattr(row, name) for name in READERS}
    found["start_date"] = row.start_date.isoformat() if row.start_date else None
    return {name: value for name, value in found.items() if value}


def _short(text: str, longest: int) -> str:
    if len(text) > longest:
        raise Refused("too_long", _("At most {n} characters.", n=longest))
    return text


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
