"""Working time, business days, anchors and clocks with pauses and steps, held against stepping minute by minute.

A random sample in the normal run, whose seed is printed at its end; over every IANA zone in `make proof`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from tests import proofs
from tests.oracles.working_time import WEEKDAYS, RoundTheClock, WallClock, WorkingTime, country_days, moved_by_pauses

from servicehall.clock import as_instant
from servicehall.domain.business_time import due, elapsed, next_opening
from servicehall.domain.calendars import Calendar, compile_calendar
from servicehall.domain.durations import Duration
from servicehall.domain.escalation import Point, Step
from servicehall.domain.ledgers import Part, ledger, whole_seconds
from servicehall.domain.schedules import Clock, Pause, read_clock, schedule

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
COUNTRIES = (("CN", None), ("CN", None), ("HU", None), ("TW", None), ("DE", "BE"), ("US", None), ("BR", None))
"""Those of China, Hungary and Taiwan have weekend days that are worked in exchange."""
FIRST_YEAR, LAST_YEAR = 1975, 2035
DAYS, BEFORE = 40, 12
"""Length of a window, and where in it a clock change lies."""
CASES = 100_000 if proofs.LONG else 800
PERCENTS = (0, 5, 25, 50, 75, 90, 100, 120, 200)


@cache
def changes(zone: str) -> list[date]:
    """The days on which the clocks of a zone are put forward or back, or skip a day."""
    found, info = [], ZoneInfo(zone)
    at = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    offset = at.astimezone(info).utcoffset()
    while at.year <= LAST_YEAR:
        at += timedelta(days=1)
        if (here := at.astimezone(info).utcoffset()) != offset:
            found.append((at - timedelta(days=1)).date())
            offset = here
    return found


@cache
def swaps() -> list[tuple[str, date]]:
    """Weekend days that a country works, or worked, in exchange for a day off."""
    return [
        (country, day)
        for country in ("CN", "HU", "TW")
        for year in range(2008, 2027)
        for day in sorted(country_days(country, None, year)[1])
    ]


def hours(chance: random.Random) -> list[str]:
    """Some ranges of a day: half days, lunch breaks, until midnight; a few that touch."""
    grid = [*range(0, 24 * 60, chance.choice((5, 15, 30))), 24 * 60]
    edges = sorted(chance.sample(grid, chance.choice((2, 2, 3, 4, 6))))
    if len(edges) == 3:
        edges.insert(1, edges[1])
    clocks = [f"{edge // 60:02}:{edge % 60:02}" for edge in edges]
    return [f"{start}-{end}" for start, end in zip(clocks[::2], clocks[1::2], strict=True)]


def document(chance: random.Random, zone: str, middle: date, country: str | None) -> dict[str, Any]:
    """A random calendar with days of its own around a date, and the holidays of this country or any or none."""
    week = {name: hours(chance) for name in chance.sample(WEEKDAYS, chance.randint(2, 7))}
    days = [(middle + timedelta(days=n)).isoformat() for n in range(-6, 16)]
    special = chance.sample(days, chance.randint(0, 4))
    split = chance.randint(0, len(special))
    made = {
        "time_zone": zone,
        "week": week,
        "closed": [{"date": day} for day in special[:split]],
        "open": [{"date": day, "hours": hours(chance)} for day in special[split:]],
    }
    if country is not None or chance.random() < 0.6:
        country, subdivision = (country, None) if country is not None else chance.choice(COUNTRIES)
        make_up = chance.random() < 0.8
        made["holidays"] = {"country": country, "subdivision": subdivision, "make_up_days": make_up}
    return made


@dataclass
class Case:
    """A calendar of the program and the same by the oracle; instants are seconds since the window's beginning."""

    chance: random.Random
    calendar: Calendar
    time: WorkingTime
    clock_round: RoundTheClock
    first: datetime

    def at(self, seconds: int) -> datetime:
        return self.first + timedelta(seconds=seconds)

    def moment(self, *, whole: int = 1) -> int:
        """An instant about the middle of the window."""
        return self.chance.randrange((BEFORE - 5) * 86_400, (BEFORE + 6) * 86_400, whole)

    def duration(self) -> str:
        amount = {
            "minute": self.chance.choice((1, 15, 59, self.chance.randint(1, 2_000))),
            "hour": self.chance.randint(1, 40),
            "day": self.chance.randint(1, 9),
            "business day": self.chance.randint(1, 7),
        }
        unit = self.chance.choice(list(amount))
        return f"{amount[unit]} {unit}s"

    def over(self, start: int, said: str) -> int | None:
        """When a duration is over, by the oracle."""
        amount, unit = said.removesuffix("s").split(" ", 1)
        if unit == "business day":
            return self.time.business_days(start, int(amount))
        if unit == "day":
            return start + int(amount) * 86_400
        return self.time.after(start, int(amount) * (60 if unit == "minute" else 3_600))


Answer = tuple[str, object, object]
"""What was asked, what the oracle says, and what the program says."""


def ask_due(case: Case) -> Iterator[Answer]:
    start, said = case.moment(), case.duration()
    expected = case.over(start, said)
    if expected is not None:
        found = due(case.calendar, case.at(start), Duration.parse(said))
        yield f"due {as_instant(case.at(start))} {said}", case.at(expected), found


def ask_anchor(case: Case) -> Iterator[Answer]:
    day, count = case.at(case.moment()).date(), case.chance.choice([-7, -3, -2, -1, 1, 2, 3, 7])
    expected = case.time.from_anchor(day, count)
    if expected is not None:
        found = due(case.calendar, day, Duration.parse(f"{count} business days"))
        yield f"anchor {day} {count}", case.at(expected), found


def ask_elapsed(case: Case) -> Iterator[Answer]:
    start, until = sorted((case.moment(), case.moment()))
    found = elapsed(case.calendar, case.at(start), case.at(until))
    expected = timedelta(seconds=case.time.elapsed(start, until))
    yield f"elapsed {as_instant(case.at(start))} {as_instant(case.at(until))}", expected, found
    opening = case.time.next_opening(start)
    if opening is not None:
        found_opening = next_opening(case.calendar, case.at(start))
        yield f"opening after {as_instant(case.at(start))}", case.at(opening), found_opening


def ask_clock(case: Case) -> Iterator[Answer]:
    """One clock with pauses: its due moment, each of its steps, a reading, and its ledger."""
    chance, start, said = case.chance, case.moment(whole=20), case.duration()
    measure = case.clock_round if said.removesuffix("s").endswith(" day") and "business" not in said else case.time
    edges = sorted({case.moment() for _n in range(2 * chance.choice((0, 1, 1, 2, 3)))})
    pauses = [(since, until) for since, until in zip(edges[::2], edges[1::2], strict=False)]
    if chance.random() < 0.15:
        pauses.append((max([case.moment(), *edges]) + 1, None))
    held = tuple(Pause(case.at(since), None if until is None else case.at(until)) for since, until in pauses)
    pauses = [(max(since, start), until) for since, until in pauses if until is None or until > start]
    unpaused = case.over(start, said)
    if unpaused is None:
        return
    steps, moments = _steps(case, measure, start, unpaused, pauses)
    clock = Clock(Duration.parse(said), case.calendar, case.at(start), held)
    plan = schedule(clock, steps=steps)
    told = f"clock {as_instant(case.at(start))} {said} {[(str(one.since), str(one.until)) for one in held]}"
    over = moved_by_pauses(measure, start, unpaused, pauses)
    if over is not None or (pauses[-1:] and pauses[-1][1] is None):
        yield f"{told}: due", None if over is None else case.at(over), plan.due_at
    for step, moment, found in zip(steps, moments, plan.steps, strict=True):
        if moment != BEYOND:
            yield f"{told}: step {step.at} {step.working_hours}", None if moment is None else case.at(moment), found.at
    until = max(start, case.moment())
    counted = measure.elapsed(start, until, pauses)
    reading = read_clock(clock, case.at(until))
    total = measure.elapsed(start, unpaused)
    expected = (timedelta(seconds=counted), timedelta(seconds=total - counted))
    yield f"{told}: read {as_instant(case.at(until))}", expected, (reading.elapsed, reading.remaining)
    rows = ledger(clock, case.at(until))
    seconds = Counter[str]()
    for row, whole in zip(rows, whole_seconds(rows), strict=True):
        seconds[row.part] += whole
    passed = seconds[Part.PASSED] + seconds[Part.OVERDUE]
    ahead = seconds[Part.AHEAD] if over is not None and over > until else max(0, total - counted)
    yield f"{told}: ledger {as_instant(case.at(until))}", (counted, max(0, total - counted)), (passed, ahead)


BEYOND = -1


def _steps(
    case: Case, measure: WorkingTime, start: int, unpaused: int, pauses: list[tuple[int, int | None]]
) -> tuple[list[Step], list[int | None]]:
    """Some steps of a target, and their moments by the oracle; BEYOND where the window does not reach."""
    steps, moments = [], []
    for percent in case.chance.sample(PERCENTS, 3):
        offset = case.chance.choice(("", "", "2 hours", "1 day", "1 business day", "45 minutes"))
        waits = case.chance.random() < 0.4
        steps.append(Step(Point.parse(f"{percent}%" + (f" + {offset}" if offset else "")), (), working_hours=waits))
        needed = measure.elapsed(start, unpaused) * percent // 100
        planned = unpaused if percent == 100 else (measure.after(start, needed) if needed else start)
        moment = BEYOND if planned is None else moved_by_pauses(measure, start, planned, pauses)
        if moment not in (None, BEYOND) and offset:
            later = [pause for pause in pauses if pause[0] >= moment]
            over = case.over(moment, offset)
            hours = case.clock_round if offset == "1 day" else case.time
            moment = BEYOND if over is None else moved_by_pauses(hours, moment, over, later)
        if moment not in (None, BEYOND) and waits:
            opening = case.time.next_opening(moment)
            moment = BEYOND if opening is None else opening
        if moment is None and not (pauses and pauses[-1][1] is None):
            moment = BEYOND
        moments.append(moment)
    return steps, moments


QUESTIONS: tuple[tuple[Callable[[Case], Iterator[Answer]], int], ...] = (
    (ask_due, 6),
    (ask_anchor, 3),
    (ask_elapsed, 3),
    (ask_clock, 3),
)
"""What is asked of each calendar, and how often."""


def _middle(chance: random.Random, zone: str) -> tuple[date, str | None]:
    """About what a window lies: a clock change, a weekend day worked in exchange (and where), or any day."""
    known, what = changes(zone), chance.random()
    if what < 0.3:
        country, day = chance.choice(swaps())
        return day, country
    if what < 0.8 and known:
        return chance.choice(known), None
    return date(FIRST_YEAR, 1, 1) + timedelta(days=chance.randrange((LAST_YEAR - FIRST_YEAR) * 365)), None


def cases(chance: random.Random) -> Iterator[tuple[str, dict[str, Any], Case]]:
    """For ever: zones in a random order, each with a window of some weeks."""
    while True:
        for zone in chance.sample(ZONES, len(ZONES)):
            middle, country = _middle(chance, zone)
            first = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - timedelta(days=BEFORE)
            wall = WallClock(zone, first, DAYS)
            for _n in range(3):
                made = document(chance, zone, middle, country)
                time = WorkingTime(made, wall)
                yield zone, made, Case(chance, compile_calendar(made), time, RoundTheClock(wall), first)


@pytest.mark.proves("T1")
def test_working_time_agrees_with_stepping_minute_by_minute(record_property: Callable[[str, object], None]) -> None:
    """Every difference is told with its calendar; none is allowed."""
    began = process_time()
    asked, zones, differences = Counter[str](), set[str](), list[str]()
    for zone, made, case in cases(random.Random(proofs.SAMPLE_SEED)):
        zones.add(zone)
        for ask, often in QUESTIONS:
            for _n in range(often):
                for what, expected, found in ask(case):
                    asked[what.split(" ", 1)[0]] += 1
                    if expected != found:
                        differences.append(f"{what}\n  oracle {expected}\n  found  {found}\n  {made}")
        if (sum(asked.values()) >= CASES and (len(zones) == len(ZONES) or not proofs.LONG)) or len(differences) > 5:
            break
    record_property("cases", f"{sum(asked.values()):,}")
    record_property("zones", len(zones))
    record_property("seed", proofs.SAMPLE_SEED)
    record_property("processor seconds", round(process_time() - began))
    for kind, count in sorted(asked.items()):
        record_property(kind, f"{count:,}")
    assert differences == [], f"PROOF_SEED={proofs.SAMPLE_SEED}\n" + "\n".join(differences[:5])
