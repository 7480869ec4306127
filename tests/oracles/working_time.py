"""Working time minute by minute: slow, and simple enough to believe. Nothing of it is the program's own.

An instant is a whole second since 1970. A minute works where the clock that it shows lies in the hours of the date that
it shows. The second run of a repeated hour shows what the first one ended with, since openings and closings mean the
first of two. Everything else counts minutes that work.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import holidays

DAY = 24 * 60
MINUTE = 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Pause = tuple[int, int | None]
Hours = Sequence[tuple[int, int]]


def minutes_of(text: str) -> tuple[int, int]:
    """`09:00-17:30` as minutes of the day."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
    return start, end


@cache
def country_days(country: str, subdivision: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off, and weekend days worked in exchange."""
    found = holidays.country_holidays(country, subdiv=subdivision, years=year, expand=False)
    return frozenset(found), frozenset(found.weekend_workdays)


def hours_of(document: Mapping[str, Any], day: date) -> Hours:
    """Open beats closed, closed beats make-up day, make-up day beats holiday, holiday beats week."""
    week = [[minutes_of(text) for text in document["week"].get(name, ())] for name in WEEKDAYS]
    for entry in document["open"]:
        if entry["date"] == day.isoformat():
            return [minutes_of(text) for text in entry["hours"]]
    if any(entry["date"] == day.isoformat() for entry in document["closed"]):
        return []
    public = document.get("holidays")
    off, worked = country_days(public["country"], public["subdivision"], day.year) if public else ((), ())
    if public and public["make_up_days"] and day in worked:
        return week[day.weekday()] or next((hours for hours in week if hours), [])
    return [] if day in off else week[day.weekday()]


class WallClock:
    """What the clocks of a zone show at each minute of some days: minutes since the year 1, none before another."""

    def __init__(self, zone: str, first: datetime, days: int) -> None:
        self.zone, self.first = ZoneInfo(zone), first
        self.begins = int(first.timestamp())
        self.shown = list(accumulate((self._shown(n) for n in range(days * DAY)), max))

    def _shown(self, n: int) -> int:
        local = (self.first + timedelta(minutes=n)).astimezone(self.zone)
        return local.toordinal() * DAY + local.hour * 60 + local.minute


class WorkingTime:
    """A calendar over the days of a wall clock."""

    def __init__(self, document: Mapping[str, Any], wall: WallClock) -> None:
        self.wall = wall
        self.works = bytes(map(self._hours(document).__getitem__, wall.shown))
        self.open = [n for n, working in enumerate(self.works) if working]

    def _hours(self, document: Mapping[str, Any]) -> dict[int, int]:
        """Minute shown → whether it works."""
        first, last = self.wall.shown[0] // DAY, self.wall.shown[-1] // DAY
        found = dict.fromkeys(range(first * DAY, (last + 1) * DAY), 0)
        for ordinal in range(first, last + 1):
            for start, end in hours_of(document, date.fromordinal(ordinal)):
                found.update(dict.fromkeys(range(ordinal * DAY + start, ordinal * DAY + end), 1))
        return found

    @cached_property
    def by_day(self) -> dict[int, list[int]]:
        """Local date → its working minutes; the days at both ends are not whole, and left out."""
        found: dict[int, list[int]] = {}
        for n in self.open:
            found.setdefault(self.wall.shown[n] // DAY, []).append(n)
        ends = {self.wall.shown[0] // DAY, self.wall.shown[-1] // DAY}
        return {day: minutes for day, minutes in found.items() if day not in ends}

    # Instants: seconds since the window's beginning, minute n being those from 60 n on

    def elapsed(self, start: int, until: int, pauses: Sequence[Pause] = ()) -> int:
        """The seconds that lie in a working minute and in no pause."""
        return sum(self._worked(since, end) for since, end in outside(pauses, start, until))

    def _worked(self, since: int, until: int) -> int:
        first, last = since // MINUTE, until // MINUTE
        if first == last:
            return (until - since) * self.works[first]
        whole = self.works.count(1, first + 1, last)
        head = (MINUTE - since % MINUTE) * self.works[first]
        tail = (until % MINUTE) * self.works[last] if until % MINUTE else 0
        return head + whole * MINUTE + tail

    def after(self, start: int, seconds: int) -> int | None:
        """The first instant by which so many working seconds have passed; None beyond the window."""
        first = bisect_left(self.open, start // MINUTE)
        if first < len(self.open) and self.open[first] == start // MINUTE:
            seconds += start % MINUTE
        whole, rest = divmod(seconds, MINUTE)
        place = first + whole - (1 if rest == 0 else 0)
        if place >= len(self.open):
            return None
        return self.open[place] * MINUTE + (rest or MINUTE)

    def next_opening(self, at: int) -> int | None:
        """The instant itself where it works, else the next minute that does; None beyond the window."""
        if at // MINUTE < len(self.works) and self.works[at // MINUTE]:
            return at
        place = bisect_right(self.open, at // MINUTE)
        return self.open[place] * MINUTE if place < len(self.open) else None

    def business_days(self, start: int, count: int) -> int | None:
        """The clock time of the start, or of the opening after it, on the count-th working day after that day."""
        opened = self.next_opening(start)
        if opened is None:
            return None
        local = datetime.fromtimestamp(self.wall.begins + opened, UTC).astimezone(self.wall.zone)
        later = [day for day in sorted(self.by_day) if day > local.toordinal()]
        if len(later) < count:
            return None
        wanted = later[count - 1] * DAY + local.hour * 60 + local.minute
        minutes = self.by_day[later[count - 1]]
        for n in minutes:
            if self.wall.shown[n] == wanted:
                return n * MINUTE + local.second
            if self.wall.shown[n] > wanted:
                return n * MINUTE
        return (minutes[-1] + 1) * MINUTE

    def from_anchor(self, anchor: date, count: int) -> int | None:
        """The last closing on the count-th working day after the date, or before it where negative."""
        days = sorted(
            day for day in self.by_day if (day > anchor.toordinal() if count > 0 else day < anchor.toordinal())
        )
        if len(days) < abs(count):
            return None
        return (self.by_day[days[count - 1 if count > 0 else count]][-1] + 1) * MINUTE


class RoundTheClock(WorkingTime):
    """Every second counts, for targets in days."""

    def __init__(self, wall: WallClock) -> None:
        self.wall = wall
        self.works = bytes([1]) * len(wall.shown)
        self.open = list(range(len(wall.shown)))


def outside(pauses: Sequence[Pause], start: int, until: int) -> list[tuple[int, int]]:
    """The spans between two instants that lie in no pause; one without an end goes on."""
    spans, reached = [], start
    for since, end in sorted(pauses, key=lambda pause: pause[0]):
        if since >= until:
            break
        if since > reached:
            spans.append((reached, since))
        reached = max(reached, until if end is None else end)
    if reached < until:
        spans.append((reached, until))
    return spans


def moved_by_pauses(time: WorkingTime, start: int, moment: int, pauses: Sequence[Pause]) -> int | None:
    """A pause keeps what remains as working time: each that begins before the moment puts it off by its own. The
    pauses lie one after another; None where one has no end yet, or beyond the window."""
    for began, until in pauses:
        since = max(began, start)
        if since >= moment:
            break
        if until is None:
            return None
        remains = time.elapsed(since, moment)
        if until > since and time.elapsed(since, until):
            later = time.after(until, remains) if remains else until
            if later is None:
                return None
            moment = later
    return moment
