"""A calendar as people look at it: its holidays by name, in the reader's language."""

from __future__ import annotations

from datetime import date

import holidays
import pytest

from servicehall.domain.calendars import compile_calendar
from servicehall.services.day_names import NAMES_IN_GERMANY
from servicehall.texts import use_locale
from servicehall.web.studio.calendar_year import special_days, year_of


def named(country: str, day: date, locale: str) -> str:
    body = {"time_zone": "UTC", "week": {"mon-fri": ["09:00-18:00"]}, "holidays": {"country": country}}
    with use_locale(locale):
        months = year_of(compile_calendar(body), day.year, body)
    return next(one.name for one in special_days(months) if one.date == day)


@pytest.mark.parametrize(
    ("country", "day", "en", "zh"),
    [
        ("CN", date(2026, 10, 1), "National Day", "国庆节"),
        ("DE", date(2026, 4, 3), "Good Friday", "耶稣受难日"),
        ("DE", date(2026, 12, 26), "Second Day of Christmas", "圣诞节次日"),
        ("FR", date(2026, 7, 14), "National Day", "National Day"),
    ],
)
def test_holidays_are_named_in_the_readers_language(country: str, day: date, en: str, zh: str) -> None:
    assert (named(country, day, "en"), named(country, day, "zh")) == (en, zh)


def test_every_holiday_of_every_part_of_germany_has_a_name_of_ours() -> None:
    parts = [None, *holidays.country_holidays("DE").subdivisions]
    years = (2026, 2027)  # in 2028 one of them has an anniversary that comes once
    found = {
        name
        for part in parts
        for name in holidays.country_holidays("DE", subdiv=part, years=years, language="en_US").values()
    }
    assert {one for name in found for one in name.split("; ")} <= set(NAMES_IN_GERMANY)
