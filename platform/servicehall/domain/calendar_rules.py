"""`kind: calendar` as rules: week, public holidays, closed and open days, read and checked with every error at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import holidays

from servicehall.domain.findings import HEADER, Findings, child
from servicehall.domain.zones import find_zone
from servicehall.errors import Problem
from servicehall.texts import _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = HEADER | {"time_zone", "week", "holidays", "closed", "open"}
_RANGE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Hours = tuple[tuple[int, int], ...]
"""Working ranges of a day in minutes from its midnight, half open, ascending, apart from each other."""


@dataclass(frozen=True, slots=True)
class CalendarRules:
    """What a calendar document says; `week` has seven entries from Monday, `open` holds (date, hours)."""

    time_zone: str
    week: tuple[Hours, ...]
    country: str | None = None
    subdivision: str | None = None
    make_up_days: bool = True
    closed: frozenset[date] = frozenset()
    open: frozenset[tuple[date, Hours]] = frozenset()

    def make_up_hours(self, weekday: int) -> Hours:
        """A make-up day keeps hours of its own, else it has those of the week's first working day."""
        return self.week[weekday] or next((hours for hours in self.week if hours), ())


@dataclass(frozen=True, slots=True)
class PublicDays:
    """A country's days of one year: `off` with their names, and the weekend days worked in exchange."""

    off: Mapping[date, str]
    worked: frozenset[date]


@lru_cache(maxsize=2048)
def public_days(country: str, subdivision: str | None, year: int, language: str = "en_US") -> PublicDays:
    """Public holidays as the `holidays` package knows them, names in this language or in English."""
    found = holidays.country_holidays(country, subdiv=subdivision, years=(year,), expand=False, language=language)
    return PublicDays(
        {day: name for day, name in found.items() if day.year == year},
        frozenset(day for day in found.weekend_workdays if day.year == year),
    )


def read_calendar(document: Any) -> tuple[CalendarRules | None, list[Problem]]:
    """The rules of a `kind: calendar` mapping, or None and every problem with its path."""
    found = Findings()
    values = found.mapping(document, "", KEYS)
    if found.problems and not values:
        return None, found.problems
    if values.get("kind", "calendar") != "calendar":
        found.note("kind", "invalid", _("this is not a calendar; its kind is {kind}", kind=str(values["kind"])))
    zone = _time_zone(found, values)
    week = _week(found, values)
    country, subdivision, make_up_days = _holidays(found, values.get("holidays"))
    closed = _closed(found, values.get("closed"))
    open_days = _open(found, values.get("open"), closed)
    if not found.problems and not any(week) and not open_days:
        found.note("week", "never_open", _("this calendar never opens; give at least one day working hours"))
    if found.problems:
        return None, found.problems
    days = frozenset(open_days.items())
    return CalendarRules(zone, week, country, subdivision, make_up_days, frozenset(closed), days), []


def check_calendar(document: Any) -> list[Problem]:
    """Everything that is wrong with a `kind: calendar` mapping; an empty list where nothing is."""
    return read_calendar(document)[1]


def _time_zone(found: Findings, values: Mapping[str, Any]) -> str:
    if "time_zone" not in values:
        found.note("time_zone", "required", _("a calendar needs a time zone, such as Asia/Shanghai"))
        return ""
    name = found.text(values["time_zone"], "time_zone")
    if name and find_zone(name) is None:
        message = _("there is no time zone “{name}”; write an IANA name such as Europe/Berlin", name=name)
        found.note("time_zone", "invalid", message)
    return name


def _week(found: Findings, values: Mapping[str, Any]) -> tuple[Hours, ...]:
    if "week" not in values:
        found.note("week", "required", _('a calendar needs the hours of its week, such as mon-fri: ["09:00-17:00"]'))
        return ((),) * 7
    hours: dict[int, Hours] = {}
    for key, ranges in found.mapping(values["week"], "week").items():
        path = child("week", key)
        days = _weekdays(key)
        if not days:
            found.note(path, "invalid", _("“{key}” names no weekday; write mon, or mon-fri", key=key))
        for day in days:
            if day in hours:
                found.note(path, "duplicate", _("{day} is named twice in the week", day=WEEKDAYS[day]))
        hours |= dict.fromkeys(days, _hours(found, ranges, path))
    return tuple(hours.get(day, ()) for day in range(7))


def _weekdays(key: str) -> Sequence[int]:
    """`tue` is one day, `mon-fri` five, `sat-mon` three; nothing where a word is no weekday."""
    words = key.split("-")
    if len(words) > 2 or any(word not in WEEKDAYS for word in words):
        return ()
    first, last = WEEKDAYS.index(words[0]), WEEKDAYS.index(words[-1])
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _hours(found: Findings, ranges: Any, path: str) -> Hours:
    """Ranges in order, touching ones made one; overlaps are noted."""
    each = [(_range(found, text, place), place) for place, text in found.items(ranges, path)]
    read = sorted((*minutes, place) for minutes, place in each if minutes)
    joined: list[tuple[int, int]] = []
    for start, end, place in read:
        if joined and start < joined[-1][1]:
            found.note(place, "overlap", _("this range overlaps another one of the same day"))
        elif joined and start == joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _range(found: Findings, text: Any, path: str) -> tuple[int, int] | None:
    match = _RANGE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        found.note(path, "invalid", _('this is no range of hours; write "09:00-17:30", at the latest until 24:00'))
        return None
    hour, minute, until_hour, until_minute = match.groups()
    start = int(hour) * 60 + int(minute)
    end = int(until_hour) * 60 + int(until_minute) if until_hour else 24 * 60
    if end <= start:
        message = _("this range does not end after it begins; hours over midnight are two ranges on two days")
        found.note(path, "invalid", message)
        return None
    return start, end


def _holidays(found: Findings, value: Any) -> tuple[str | None, str | None, bool]:
    if value is None:
        return None, None, True
    values = found.mapping(value, "holidays", ("country", "subdivision", "make_up_days"))
    if not isinstance(value, Mapping):
        return None, None, True
    make_up_days = found.flag(values.get("make_up_days", True), "holidays.make_up_days")
    if "country" not in values:
        found.note("holidays.country", "required", _("holidays need a country, such as CN or DE"))
        return None, None, make_up_days
    country = found.text(values["country"], "holidays.country")
    subdivision = values.get("subdivision")
    if subdivision is not None:
        subdivision = found.text(subdivision, "holidays.subdivision")
    if country:
        _known_country(found, country, subdivision)
    return country or None, subdivision or None, make_up_days


def _known_country(found: Findings, country: str, subdivision: str | None) -> None:
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        message = _("the holidays of “{name}” are not known; write a country code such as CN or DE", name=country)
        found.note("holidays.country", "invalid", message)
    elif subdivision and subdivision not in known[country]:
        parts = ", ".join(known[country]) or "-"
        message = _("“{name}” is no part of it; known are {parts}", name=subdivision, parts=parts)
        found.note("holidays.subdivision", "invalid", message)


def _closed(found: Findings, value: Any) -> set[date]:
    entries = found.items(value, "closed") if value is not None else ()
    days = [_dated(found, entry, path, ("date", "name")) for path, entry in entries]
    return {day for day, _entry in days if day}


def _open(found: Findings, value: Any, closed: set[date]) -> dict[date, Hours]:
    days: dict[date, Hours] = {}
    for path, entry in found.items(value, "open") if value is not None else ():
        day, values = _dated(found, entry, path, ("date", "hours", "name"))
        place = child(path, "hours")
        hours = _hours(found, values.get("hours", ()), place)
        if not values.get("hours"):
            found.note(place, "required", _("an open day needs hours; a day without any belongs under closed"))
        if day is None:
            continue
        if day in days:
            found.note(child(path, "date"), "duplicate", _("{day} is open twice; name all its hours once", day=day))
        if day in closed:
            found.note(child(path, "date"), "conflict", _("{day} is both open and closed", day=day))
        days[day] = hours
    return days


def _dated(found: Findings, entry: Any, path: str, keys: tuple[str, ...]) -> tuple[date | None, Mapping[str, Any]]:
    values = found.mapping(entry, path, keys)
    if "name" in values:
        found.label(values["name"], child(path, "name"))
    day = read_date(values.get("date"))
    if day is None:
        found.note(child(path, "date"), "invalid", _("this is no date; write it as 2026-12-31"))
    return day, values


def read_date(value: Any) -> date | None:
    """The date that `2026-12-31` (or a date from a YAML reader) names; None for anything else."""
    if type(value) is date:
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
