"""Counting working time: when a duration is used up, and how much of it lies between two instants.

Everything is half open and computed from intervals: a closing is outside working hours, and working time used up
exactly at a closing is due at that closing. Instants go in aware (any zone) and come out in UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from servicehall.domain.calendars import (
    TWENTY_FOUR_SEVEN,
    Calendar,
    Year,
    as_datetime,
    as_microseconds,
)
from servicehall.domain.durations import Duration, Unit
from servicehall.errors import Invalid
from servicehall.texts import _

MICROSECOND = timedelta(microseconds=1)


def due(calendar: Calendar, start: datetime | date, duration: Duration) -> datetime:
    """The instant (UTC) at which a duration from `start` is used up; a date as start is an anchor.

    Minutes and hours are the calendar's working time, days 24 elapsed hours each, business days the same clock time
    on the n-th working day after. From an anchor only business days count, of either sign: the last closing on that
    working day. Invalid where start and unit do not fit, and where the calendar has no working time left.
    """
    if not isinstance(start, datetime):
        return _from_anchor(calendar, start, duration)
    if duration.amount <= 0:
        raise Invalid(_("{duration} counts back; that needs an anchor date, not an instant.", duration=duration))
    if duration.unit is Unit.BUSINESS_DAY:
        return _business_days_after(calendar, start, duration.amount)
    return _used_up(measured_by(calendar, duration), start, duration.microseconds)


def measured_by(calendar: Calendar, duration: Duration) -> Calendar:
    """The calendar that a duration, its percentages and its pauses run on: for days the clock itself."""
    return TWENTY_FOUR_SEVEN if duration.by_the_clock else calendar


def elapsed(calendar: Calendar, start: datetime, until: datetime) -> timedelta:
    """The working time between two instants; Invalid where `until` is before `start`."""
    first, last = _ordered(start, until)
    number, year = calendar.year_of(first, start.year)
    worked = -year.worked(first)
    while last >= year.finishes:
        worked += year.total
        number, year = number + 1, calendar.year(number + 1)
    return timedelta(microseconds=worked + year.worked(last))


def add_working(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The first instant (UTC) by which `amount` of working time has passed since `start`; for none, `start`."""
    needed = amount // MICROSECOND
    if needed < 0:
        raise Invalid(_("Working time is counted forwards only."))
    return _used_up(calendar, start, needed) if needed else start.astimezone(UTC)


def intervals(calendar: Calendar, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The working intervals between two instants, half open, in order, cut at both; those that touch are one."""
    first, last = _ordered(start, until)
    pending: tuple[int, int] | None = None
    for opening, closing in _pieces(calendar, first, last, start.year):
        if pending and pending[1] == opening:
            pending = (pending[0], closing)
            continue
        if pending:
            yield as_datetime(pending[0]), as_datetime(pending[1])
        pending = (opening, closing)
    if pending:
        yield as_datetime(pending[0]), as_datetime(pending[1])


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether an instant is working time; an opening is, a closing is not."""
    instant = as_microseconds(at)
    _number, year = calendar.year_of(instant, at.year)
    index = bisect_right(year.starts, instant) - 1
    return index >= 0 and instant < year.ends[index]


def next_opening(calendar: Calendar, at: datetime) -> datetime:
    """The instant itself where it is working time, else the first opening after it (UTC)."""
    instant = as_microseconds(at)
    number, year = calendar.year_of(instant, at.year)
    while (index := bisect_right(year.ends, instant)) == len(year.ends):
        number, year = calendar.year_after(number)
    return as_datetime(max(instant, year.starts[index]))


def _ordered(start: datetime, until: datetime) -> tuple[int, int]:
    first, last = as_microseconds(start), as_microseconds(until)
    if last < first:
        raise Invalid(_("The end is before the start."))
    return first, last


def _used_up(calendar: Calendar, start: datetime, needed: int) -> datetime:
    at = as_microseconds(start)
    number, year = calendar.year_of(at, start.year)
    needed += year.worked(at)
    while needed > year.sums[-1]:
        needed -= year.sums[-1]
        number, year = calendar.year_after(number)
    index = bisect_left(year.sums, needed) - 1
    return as_datetime(year.starts[index] + needed - year.sums[index])


def _pieces(calendar: Calendar, first: int, last: int, near: int) -> Iterator[tuple[int, int]]:
    number, year = calendar.year_of(first, near)
    index = bisect_right(year.ends, first)
    while True:
        for opening, closing in zip(year.starts[index:], year.ends[index:], strict=True):
            since = max(opening, first)
            if since >= last:
                return
            yield since, min(closing, last)
        if last <= year.finishes:
            return
        number, index = number + 1, 0
        year = calendar.year(number)


def _business_days_after(calendar: Calendar, start: datetime, count: int) -> datetime:
    """t's local clock time on the n-th working day after t's own, moved to an opening or the closing of that day."""
    opened = next_opening(calendar, start).astimezone(calendar.zone)
    year, index = _working_day(calendar, opened.date(), count)
    day = date.fromordinal(year.days[index])
    local = datetime.combine(day, opened.time().replace(fold=0))
    return as_datetime(_within(year, index, as_microseconds(calendar.instant(local))))


def _within(year: Year, index: int, at: int) -> int:
    """The instant where it is working time of this day, else its next opening that day, else the day's last closing."""
    last = year.first[index + 1]
    place = bisect_right(year.ends, at, year.first[index], last)
    return max(at, year.starts[place]) if place < last else year.ends[last - 1]


def _working_day(calendar: Calendar, day: date, count: int) -> tuple[Year, int]:
    """The `count`-th working day after a local date, or before it where negative: its year and its index there."""
    number, year = day.year, calendar.year(day.year)
    near = bisect_right(year.days, day.toordinal()) - 1 if count > 0 else bisect_left(year.days, day.toordinal())
    index = near + count
    while index >= len(year.days):
        index -= len(year.days)
        number, year = calendar.year_after(number)
    while index < 0:
        number, year = calendar.year_before(number)
        index += len(year.days)
    return year, index


def _from_anchor(calendar: Calendar, anchor: date, duration: Duration) -> datetime:
    if duration.unit is not Unit.BUSINESS_DAY:
        raise Invalid(
            _(
                "{duration} cannot be counted from a date, which has no clock time;"
                " give an instant such as 2026-12-01T09:00:00Z, or write business days",
                duration=duration,
            )
        )
    year, index = _working_day(calendar, anchor, duration.amount)
    return as_datetime(year.ends[year.first[index + 1] - 1])
