"""A calendar ready to count with: the working intervals of each local year as sorted instants with running sums."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from servicehall.domain.calendar_rules import CalendarRules, Hours, PublicDays, public_days, read_calendar
from servicehall.domain.zones import find_zone, first_instant
from servicehall.errors import Invalid
from servicehall.texts import _

FIRST_YEAR, LAST_YEAR = 1900, 2299
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
NO_DAYS = PublicDays({}, frozenset())


class Because(StrEnum):
    """The rule that gave a day its hours."""

    OPEN = "open"
    CLOSED = "closed"
    MAKE_UP_DAY = "make_up_day"
    HOLIDAY = "holiday"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Year:
    """One local year: instants in microseconds since 1970 (UTC), half open.

    Interval i is `starts[i]` to `ends[i]`, with `sums[i]` working time of the year before it; working day k (proleptic
    ordinal `days[k]`) has the intervals from `first[k]` to before `first[k + 1]`.
    """

    begins: int
    finishes: int
    starts: list[int]
    ends: list[int]
    sums: list[int]
    days: list[int]
    first: list[int]

    @property
    def total(self) -> int:
        return self.sums[-1]

    def worked(self, at: int) -> int:
        """Working time of this year before an instant."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return self.sums[index] + min(at, self.ends[index]) - self.starts[index]


class Calendar:
    """Working time by rules; years are counted once and kept. Equal where the rules are."""

    def __init__(self, rules: CalendarRules) -> None:
        zone = find_zone(rules.time_zone)
        if zone is None:
            raise Invalid(_("there is no time zone “{name}”", name=rules.time_zone))
        self.rules = rules
        self.zone = zone
        self._open = dict(rules.open)
        self._years: dict[int, Year] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and other.rules == self.rules

    def __hash__(self) -> int:
        return hash(self.rules)

    def __repr__(self) -> str:
        return f"Calendar({self.rules!r})"

    def year(self, number: int) -> Year:
        """The working intervals of a local year; Invalid outside 1900 to 2299."""
        year = self._years.get(number)
        if year is None:
            if not FIRST_YEAR <= number <= LAST_YEAR:
                raise out_of_range()
            year = self._years[number] = self._count(number)
        return year

    def year_of(self, at: int, near: int) -> tuple[int, Year]:
        """The local year that holds an instant (in microseconds), with its number; `near` is its year in any zone."""
        year = self._years.get(near) or self.year(near)
        if at < year.begins:
            return near - 1, self.year(near - 1)
        if at >= year.finishes:
            return near + 1, self.year(near + 1)
        return near, year

    def year_after(self, number: int) -> tuple[int, Year]:
        """The next year; Invalid where working time is sought beyond the last one."""
        if number >= LAST_YEAR:
            raise Invalid(_("This calendar has not enough working time up to the end of {year}.", year=LAST_YEAR))
        return number + 1, self.year(number + 1)

    def year_before(self, number: int) -> tuple[int, Year]:
        """The year before; Invalid where working time is sought before the first one."""
        if number <= FIRST_YEAR:
            raise Invalid(_("This calendar has not enough working time since the start of {year}.", year=FIRST_YEAR))
        return number - 1, self.year(number - 1)

    @property
    def is_plain(self) -> bool:
        """Whether no day has hours of its own: every week is like the others."""
        return not (self.rules.country or self.rules.closed or self.rules.open)

    def day(self, day: date) -> tuple[Hours, Because]:
        """The hours of a local date and the rule behind them: open, closed, make-up day, holiday, week."""
        return self._hours(day, self._public_days(day.year))

    def instant(self, local: datetime) -> datetime:
        """The instant (UTC) of a naive clock time in the calendar's zone."""
        return first_instant(self.zone, local)

    def _public_days(self, year: int) -> PublicDays:
        rules = self.rules
        return public_days(rules.country, rules.subdivision, year) if rules.country else NO_DAYS

    def _hours(self, day: date, public: PublicDays) -> tuple[Hours, Because]:
        rules, weekday = self.rules, day.weekday()
        if day in self._open:
            return self._open[day], Because.OPEN
        if day in rules.closed:
            return (), Because.CLOSED
        if rules.make_up_days and day in public.worked:
            return rules.make_up_hours(weekday), Because.MAKE_UP_DAY
        if day in public.off:
            return (), Because.HOLIDAY
        return rules.week[weekday], Because.WEEK

    def _count(self, number: int) -> Year:
        public = self._public_days(number)
        year = Year(0, 0, [], [], [0], [], [0])
        day, midnight = date(number, 1, 1), self._midnight(date(number, 1, 1))
        begins = midnight
        while day.year == number:
            tomorrow = day + timedelta(days=1)
            next_midnight = self._midnight(tomorrow)
            for start, end in self._intervals(day, self._hours(day, public)[0], midnight, next_midnight):
                year.starts.append(start)
                year.ends.append(end)
                year.sums.append(year.sums[-1] + end - start)
            if len(year.starts) > year.first[-1]:
                year.days.append(day.toordinal())
                year.first.append(len(year.starts))
            day, midnight = tomorrow, next_midnight
        return Year(begins, midnight, year.starts, year.ends, year.sums, year.days, year.first)

    def _midnight(self, day: date) -> int:
        return as_microseconds(self.instant(datetime(day.year, day.month, day.day)))

    def _intervals(self, day: date, hours: Hours, midnight: int, next_midnight: int) -> Iterator[tuple[int, int]]:
        """A day's ranges as instants: by adding where it has 24 hours, else each end by the zone; none is empty."""
        if next_midnight - midnight == 1440 * MINUTE:
            for start, end in hours:
                yield midnight + start * MINUTE, midnight + end * MINUTE
            return
        local = datetime(day.year, day.month, day.day)
        for start, end in hours:
            opening, closing = (self.instant(local + timedelta(minutes=minutes)) for minutes in (start, end))
            if opening < closing:
                yield as_microseconds(opening), as_microseconds(closing)


@lru_cache(maxsize=512)
def calendar_of(rules: CalendarRules) -> Calendar:
    """The one calendar of these rules in this process."""
    return Calendar(rules)


def compile_calendar(document: Mapping[str, Any]) -> Calendar:
    """The calendar of a `kind: calendar` mapping, the same object for the same content; Invalid names every problem."""
    rules, problems = read_calendar(document)
    if rules is None:
        raise Invalid(_("The calendar is not valid."), problems)
    return calendar_of(rules)


def as_microseconds(at: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    passed = at - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def as_datetime(at: int) -> datetime:
    """The aware UTC instant of microseconds since 1970; Invalid beyond what a calendar counts."""
    try:
        return EPOCH + timedelta(0, 0, at)
    except OverflowError:
        raise out_of_range() from None


def out_of_range() -> Invalid:
    return Invalid(_("Calendars count from {first} to {last}.", first=FIRST_YEAR, last=LAST_YEAR))


ROUND_THE_CLOCK: Hours = ((0, 24 * 60),)
TWENTY_FOUR_SEVEN = calendar_of(CalendarRules("UTC", (ROUND_THE_CLOCK,) * 7))
