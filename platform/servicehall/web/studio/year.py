"""Year: a calendar as its days, with the hours of the week, public holidays and exceptions edited in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import holidays
from babel import Locale
from babel.dates import get_day_names, get_month_names
from flask import request

from servicehall.clock import now
from servicehall.documents.patching import pointer, value_at
from servicehall.domain.calendar_rules import WEEKDAYS, read_date
from servicehall.domain.calendars import Calendar, compile_calendar
from servicehall.errors import Invalid
from servicehall.texts import current_locale
from servicehall.web.studio.calendar_year import BECAUSE, Day, Reckoned, reckon, special_days, year_of
from servicehall.web.studio.found import below
from servicehall.web.studio.nodes import Node
from servicehall.web.studio.page import Page
from servicehall.web.studio.surroundings import Choices
from servicehall.web.studio.year_acts import EXCEPTIONS, days_of

FIRST_YEAR, LAST_YEAR = 1990, 2099
_NAMES = {"en": "en", "zh": "zh_Hans_CN"}


@dataclass(frozen=True)
class Row:
    """The hours of some weekdays; without `first` its key names none."""

    pointer: str
    key: str
    first: str
    last: str
    hours: str
    problems: Sequence[str]


@dataclass(frozen=True)
class Chosen:
    """The selected day: what the rules say of it, and its exception with the controls of its name."""

    day: Day
    exception: str
    pointer: str
    name: Node | None
    hours: str
    problems: Sequence[str]


def values(page: Page) -> Mapping[str, Any]:
    calendar = _compiled(page)
    today = now().astimezone(calendar.zone).date() if calendar is not None else now().date()
    chosen, year = _asked(page.at, today)
    months = year_of(calendar, year, page.body) if calendar is not None else []
    day = months[chosen.month - 1][chosen.day - 1] if chosen is not None and months else None
    return {
        "calendar": calendar,
        "year": year,
        "today": today,
        "months": months,
        "special": special_days(months),
        "because": BECAUSE,
        "chosen": _chosen(page, day) if day is not None else None,
        "rows": _rows(page),
        "weekdays": _weekdays(),
        "month_names": get_month_names(context="stand-alone", locale=current_locale()),
        "zone": page.node("/time_zone"),
        "week_problems": page.by_place.get("week", ()),
        "countries": _countries(),
        "regions": _regions(_held(page, "country")),
        "country": _held(page, "country"),
        "region": page.node("/holidays/subdivision") if _held(page, "country") else None,
        "make_up": page.node("/holidays/make_up_days") if _held(page, "country") else None,
        "holiday_problems": [
            message for path in ("holidays", "holidays.country") for message in page.by_place.get(path, ())
        ],
        "due": _due(calendar),
    }


def _compiled(page: Page) -> Calendar | None:
    """The calendar as the draft says it; None while it is not sound."""
    try:
        return compile_calendar(page.body)
    except Invalid:
        return None


def _asked(at: str, today: date) -> tuple[date | None, int]:
    """What is selected: a day, or a year alone."""
    day = read_date(at)
    said = at[:4] if day is not None or len(at) == 4 else ""
    year = int(said) if said.isdecimal() and FIRST_YEAR <= int(said) <= LAST_YEAR else today.year
    return (day if day is not None and day.year == year else None), year


def _rows(page: Page) -> list[Row]:
    week = page.body.get("week")
    found = []
    for key, held in week.items() if isinstance(week, Mapping) else ():
        days = days_of(str(key))
        text = ", ".join(map(str, held)) if isinstance(held, list) else str(held or "")
        ends = (days[0], days[-1]) if days else ("", "")
        found.append(Row(pointer("week", str(key)), str(key), *ends, text, below(page, f"week.{key}")))
    return sorted(found, key=lambda row: WEEKDAYS.index(row.first) if row.first else len(WEEKDAYS))


def _chosen(page: Page, day: Day) -> Chosen:
    for name in EXCEPTIONS:
        held = page.body.get(name)
        for index, entry in enumerate(held if isinstance(held, list) else []):
            if isinstance(entry, Mapping) and read_date(entry.get("date")) == day.date:
                at = f"/{name}/{index}"
                hours = value_at(entry, "/hours")
                said = ", ".join(map(str, hours)) if isinstance(hours, list) else ""
                return Chosen(day, name, at, page.node(f"{at}/name"), said, below(page, f"{name}[{index}]"))
    return Chosen(day, "", "", None, day.ranges, ())


def _held(page: Page, name: str) -> str:
    return str(value_at(page.body, f"/holidays/{name}") or "")


def _weekdays() -> list[tuple[str, str, str]]:
    """Key, short and long name, from Monday."""
    short, long = (get_day_names(width, locale=current_locale()) for width in ("narrow", "wide"))
    return [(key, short[index], long[index]) for index, key in enumerate(WEEKDAYS)]


def _countries() -> Choices:
    """The countries whose holidays are known, by name."""
    names = Locale.parse(_NAMES[current_locale()]).territories
    known = [(code, names.get(code, code)) for code in holidays.list_supported_countries(include_aliases=False)]
    return sorted(known, key=lambda one: one[1])


def _regions(country: str) -> Choices:
    """The parts of a country with holidays of their own."""
    known = holidays.list_supported_countries(include_aliases=False).get(country, [])
    if not known:
        return []
    aliases = getattr(holidays.country_holidays(country), "subdivisions_aliases", {})
    names = {code: name for name, code in reversed(aliases.items())}
    return [(code, f"{names[code]} ({code})" if code in names else code) for code in known]


@dataclass(frozen=True)
class Due:
    """What was asked of the calendar, and its answer."""

    start: str
    duration: str
    reckoned: Reckoned | None = None
    wrong: str = ""


def _due(calendar: Calendar | None) -> Due:
    start = request.form.get("from", "").strip()[:40]
    duration = request.form.get("for", "").strip()[:60]
    if calendar is None or not duration:
        return Due(start, duration)
    try:
        begins = start or f"{now().astimezone(calendar.zone):%Y-%m-%dT%H:%M}"
        return Due(start, duration, reckon(calendar, begins, duration))
    except Invalid as error:
        return Due(start, duration, wrong=error.detail)
