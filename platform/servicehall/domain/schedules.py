"""The arithmetic of one clock: when it is due, when its steps are, and what has passed.

A target runs on its calendar's working time, in `days` by the clock. Everything is computed from the start and the
pauses, so a change of target is the same computation with another duration: pauses are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from servicehall.domain.business_time import add_working, due, elapsed, measured_by, next_opening
from servicehall.domain.calendars import Calendar
from servicehall.domain.durations import Duration
from servicehall.domain.escalation import Step

NOTHING = timedelta(0)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stands still from `since` to before `until`; None while it still does. `why` is shown in the ledger."""

    since: datetime
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """A target that runs on a calendar since an instant; pauses in any order."""

    target: Duration
    calendar: Calendar
    started_at: datetime
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class StepMoment:
    """When step number `index` (from 0) of the target acts; None while a pause keeps it from being known."""

    index: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """`total` is the time allowed on the clock's calendar; `due_at` is None while a pause keeps it from being known."""

    due_at: datetime | None
    total: timedelta
    steps: tuple[StepMoment, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A clock at an instant: `remaining` is negative once overdue, in time of the clock's calendar like `elapsed`."""

    elapsed: timedelta
    remaining: timedelta
    paused: bool

    @property
    def elapsed_seconds(self) -> int:
        return self.elapsed // SECOND

    @property
    def remaining_seconds(self) -> int:
        """Whole seconds that with those elapsed add up to those of the time allowed."""
        return (self.elapsed + self.remaining) // SECOND - self.elapsed_seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """A clock as it would run without pauses, and its pauses in order; `measure` is what its time is counted on."""

    measure: Calendar
    started_at: datetime
    due_at: datetime
    total: timedelta
    pauses: tuple[Pause, ...]


def schedule(clock: Clock, *, steps: Sequence[Step] = ()) -> Schedule:
    """Due moment and step moments of a clock; a pause keeps what remains as working time, for business days too."""
    plan = plan_of(clock)
    return Schedule(
        _shifted(plan.measure, plan.due_at, plan.pauses),
        plan.total,
        tuple(StepMoment(index, _moment(step, clock.calendar, plan)) for index, step in enumerate(steps)),
    )


def read_clock(clock: Clock, at: datetime) -> Reading:
    """What has passed and what remains of a clock at an instant, which is not before its start."""
    plan = plan_of(clock)
    passed = sum((elapsed(plan.measure, *span) for span in _running(plan, at)), NOTHING)
    paused = any(pause.since <= at and (pause.until is None or at < pause.until) for pause in plan.pauses)
    return Reading(passed, plan.total - passed, paused)


def plan_of(clock: Clock) -> Plan:
    """The clock without its pauses, and its pauses as they count: from its start on, in order, none within another."""
    measure = measured_by(clock.calendar, clock.target)
    due_at = due(clock.calendar, clock.started_at, clock.target)
    total = elapsed(measure, clock.started_at, due_at)
    return Plan(measure, clock.started_at, due_at, total, tuple(_in_order(clock)))


def _in_order(clock: Clock) -> Iterator[Pause]:
    """Pauses from the start on, in order, none empty, each cut to what those before it leave."""
    reached = clock.started_at
    for pause in sorted(clock.pauses, key=lambda pause: pause.since):
        since = max(pause.since, reached)
        if pause.until is None or since < pause.until:
            yield Pause(since, pause.until, pause.why)
            if pause.until is None:
                return
            reached = pause.until


def _running(plan: Plan, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans up to `at` in which no pause holds the clock."""
    reached = plan.started_at
    for pause in plan.pauses:
        if pause.since >= at:
            break
        yield reached, pause.since
        if pause.until is None or pause.until >= at:
            return
        reached = pause.until
    yield reached, at


def _shifted(measure: Calendar, moment: datetime, pauses: Iterable[Pause]) -> datetime | None:
    """A moment planned without pauses, moved by each that begins before it; a pause outside hours moves nothing."""
    for pause in pauses:
        if pause.since >= moment:
            break
        if pause.until is None:
            return None
        if elapsed(measure, pause.since, pause.until):
            moment = add_working(measure, pause.until, elapsed(measure, pause.since, moment))
    return moment


def _moment(step: Step, calendar: Calendar, plan: Plan) -> datetime | None:
    percent, offset = step.at.percent, step.at.offset
    whole = percent == 100
    planned = plan.due_at if whole else add_working(plan.measure, plan.started_at, plan.total * percent // 100)
    moment = _shifted(plan.measure, planned, plan.pauses)
    if moment is not None and offset is not None:
        later = [pause for pause in plan.pauses if pause.since >= moment]
        moment = _shifted(measured_by(calendar, offset), due(calendar, moment, offset), later)
    if moment is not None and step.working_hours:
        moment = next_opening(calendar, moment)
    return moment
