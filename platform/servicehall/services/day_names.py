"""The names of the days that a calendar treats on their own: public holidays, and what was closed or opened by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from servicehall.domain.calendar_rules import public_days, read_date
from servicehall.domain.calendars import Calendar
from servicehall.texts import N_, _, current_locale, pick

NAMED_IN = {"en": "en_US", "zh": "zh_CN"}
"""Our language → that of the `holidays` package; a country without it is named in English."""
NAMES_IN_GERMANY = (
    N_("New Year's Day"),
    N_("Epiphany"),
    N_("Women's Day"),
    N_("Augsburg Peace Festival"),
    N_("Good Friday"),
    N_("Easter Sunday"),
    N_("Easter Monday"),
    N_("Labor Day"),
    N_("Ascension Day"),
    N_("Pentecost"),
    N_("Pentecost Monday"),
    N_("Corpus Christi"),
    N_("Assumption Day"),
    N_("World Children's Day"),
    N_("German Unity Day"),
    N_("Reformation Day"),
    N_("All Saints' Day"),
    N_("Repentance and Prayer Day"),
    N_("Christmas Day"),
    N_("Second Day of Christmas"),
)
"""Holidays of a country that the package does not name in Chinese, so that we do."""


def names_of(calendar: Calendar, number: int, body: Mapping[str, Any]) -> dict[date, str]:
    """What the days of a year are called in the reader's language; days without a name are left out."""
    rules = calendar.rules
    found: dict[date, str] = {}
    if rules.country:
        public = public_days(rules.country, rules.subdivision, number, NAMED_IN[current_locale()])
        found = {day: "; ".join(_(one) for one in name.split("; ")) for day, name in public.off.items()}
    for entry in (*(body.get("closed") or ()), *(body.get("open") or ())):
        day = read_date(entry.get("date"))
        if day is not None and entry.get("name"):
            found[day] = pick(entry["name"])
    return found
