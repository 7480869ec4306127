"""Values in a person's language: dates, moments, numbers, money, durations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal

from servicehall.texts import N_, _, use_locale

BABEL: Mapping[str, str] = {"en": "en_GB", "zh": "zh_Hans_CN"}
_DATE = {"en": "d MMM y", "zh": "y年M月d日"}
_MOMENT = {"en": "d MMM y, HH:mm", "zh": "y年M月d日 HH:mm"}


def babel_locale(locale: str) -> str:
    return BABEL.get(locale, BABEL["en"])


def show_date(day: date, locale: str) -> str:
    """22 Nov 2026; 2026年11月22日."""
    return format_date(day, _DATE.get(locale, _DATE["en"]), locale=babel_locale(locale))


def show_moment(at: datetime, locale: str, zone: tzinfo) -> str:
    """A moment in the reader's zone: 22 Nov 2026, 17:00."""
    return format_datetime(
        at.astimezone(zone).replace(tzinfo=None), _MOMENT.get(locale, _MOMENT["en"]), locale=babel_locale(locale)
    )


def show_time(clock: time, locale: str) -> str:
    return format_time(clock, "HH:mm:ss" if clock.second else "HH:mm", locale=babel_locale(locale))


def show_number(number: Decimal | int, locale: str) -> str:
    """All digits that there are, grouped as the language does."""
    exponent = Decimal(number).as_tuple().exponent
    shown = max(0, -exponent) if isinstance(exponent, int) else 0
    pattern = "#,##0" + ("." + "0" * shown if shown else "")
    return format_decimal(number, pattern, locale=babel_locale(locale))


def show_money(amount: Decimal, currency: str, locale: str) -> str:
    return format_currency(amount, currency, locale=babel_locale(locale))


_UNITS = (
    (86400, N_("1 day"), N_("{n} days")),
    (3600, N_("1 hour"), N_("{n} hours")),
    (60, N_("1 minute"), N_("{n} minutes")),
    (1, N_("1 second"), N_("{n} seconds")),
)


def show_duration(duration: timedelta, locale: str) -> str:
    """Days, hours, minutes and seconds in words: 1 day 4 hours; 1天4小时."""
    rest = int(duration.total_seconds())
    parts = []
    with use_locale(locale):
        for seconds, one, many in _UNITS:
            count, rest = divmod(rest, seconds)
            if count:
                parts.append(_(one) if count == 1 else _(many, n=count))
        return ("" if locale == "zh" else " ").join(parts) or _("{n} seconds", n=0)
