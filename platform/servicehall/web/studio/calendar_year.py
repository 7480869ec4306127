"""A calendar as people look at it: its months with each day's hours and reason, and the steps to a due moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from servicehall.domain.business_time import due, intervals, measured_by, next_opening
from servicehall.domain.calendar_rules import Hours
from servicehall.domain.calendars import Because, Calendar
from servicehall.domain.durations import Duration, Unit
from servicehall.errors import Invalid
from servicehall.services.day_names import names_of
from servicehall.texts import N_, _

MOST_STEPS = 60
BECAUSE: Mapping[str, str] = {
    Because.OPEN: N_("Open by exception"),
    Because.CLOSED: N_("Closed by exception"),
    Because.MAKE_UP_DAY: N_("Make-up day"),
    Because.HOLIDAY: N_("Public holiday"),
    Because.WEEK: N_("As every week"),
}


@dataclass(frozen=True, slots=True)
class Day:
    """One date: its hours, the rule behind them, and the name of a holiday or exception."""

    date: date
    hours: Hours
    because: Because
    name: str

    @property
    def ranges(self) -> str:
        """`09:00–12:00, 13:00–18:00`; empty where it is closed."""
        return ", ".join(f"{_clock(start)}–{_clock(end)}" for start, end in self.hours)


@dataclass(frozen=True, slots=True)
class Step:
    """What one stretch of working time, or one day, counts."""

    day: date
    text: str
    counted: timedelta | None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """When a duration is over, and how that was counted; `more` says that steps were left out."""

    start: datetime
    due: datetime
    duration: Duration
    steps: Sequence[Step]
    more: bool


def year_of(calendar: Calendar, number: int, body: Mapping[str, Any]) -> list[list[Day]]:
    """Twelve months of days."""
    names = names_of(calendar, number, body)
    first = date(number, 1, 1)
    count = (date(number + 1, 1, 1) - first).days
    months: list[list[Day]] = [[] for _month in range(12)]
    for day in (first + timedelta(days=step) for step in range(count)):
        hours, because = calendar.day(day)
        months[day.month - 1].append(Day(day, hours, because, names.get(day, "")))
    return months


def special_days(months: Sequence[Sequence[Day]]) -> list[Day]:
    """The days that are not as every week."""
    return [day for month in months for day in month if day.because != Because.WEEK]


def reckon(calendar: Calendar, start: str, duration: str) -> Reckoned:
    """When `duration` from `start`, a clock time in the calendar's zone, is over; Invalid where either is not one."""
    length, began = Duration.parse(duration), moment_in(calendar, start)
    over = due(calendar, began, length)
    steps = list(islice(_steps(calendar, began, over, length), MOST_STEPS + 1))
    return Reckoned(began, over, length, steps[:MOST_STEPS], len(steps) > MOST_STEPS)


def moment_in(calendar: Calendar, said: str) -> datetime:
    """A clock time as a browser writes it, in the calendar's zone; Invalid where it is none."""
    try:
        return calendar.instant(datetime.fromisoformat(said).replace(tzinfo=None))
    except (ValueError, OverflowError) as error:
        raise Invalid(_("“{value}” is no date with a clock time.", value=said[:60])) from error


def _steps(calendar: Calendar, start: datetime, over: datetime, duration: Duration) -> Any:
    if duration.unit is Unit.BUSINESS_DAY:
        yield from _day_steps(calendar, start, over)
        return
    zone = calendar.zone
    for since, until in intervals(measured_by(calendar, duration), start, over):
        begins, ends = since.astimezone(zone), until.astimezone(zone)
        if begins.date() == ends.date():
            yield Step(begins.date(), f"{begins:%H:%M}–{ends:%H:%M}", until - since)
        else:
            yield Step(begins.date(), f"{begins:%H:%M} – {ends:%Y-%m-%d %H:%M}", until - since)


def _day_steps(calendar: Calendar, start: datetime, over: datetime) -> Any:
    """Every day after the first, which is that of the next opening, and whether it counts."""
    first, last = (moment.astimezone(calendar.zone).date() for moment in (next_opening(calendar, start), over))
    day, count = first, 0
    while day < last:
        day += timedelta(days=1)
        hours, because = calendar.day(day)
        count += bool(hours)
        reason = _(BECAUSE[because])
        yield Step(day, _("Business day {n}", n=count) if hours else _("Closed: {why}", why=reason), None)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
