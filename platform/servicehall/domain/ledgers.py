"""The ledger of a clock: every stretch from its start, whether it counts or why not, on to now and to the due moment.

The stretches touch each other. What counts of those that have passed adds up to the elapsed time; what counts ahead, to
what remains; what counts after the due moment, to the time overdue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from servicehall.domain.business_time import intervals
from servicehall.domain.calendars import Because, Calendar
from servicehall.domain.schedules import NOTHING, SECOND, Clock, Pause, plan_of, schedule


class Why(StrEnum):
    """What a stretch is; the first three count."""

    RUNNING = "running"
    MAKE_UP_DAY = "make_up_day"
    OPEN_DAY = "open"
    OUTSIDE_HOURS = "outside_hours"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    PAUSED = "paused"


COUNTED = frozenset({Why.RUNNING, Why.MAKE_UP_DAY, Why.OPEN_DAY})
PLAIN = frozenset({Why.RUNNING, Why.OUTSIDE_HOURS})
"""What every week has."""
_WORKED = {Because.MAKE_UP_DAY: Why.MAKE_UP_DAY, Because.OPEN: Why.OPEN_DAY}
_SHUT = {Because.HOLIDAY: Why.HOLIDAY, Because.CLOSED: Why.CLOSED}


class Part(StrEnum):
    """Where a stretch lies: before now, after the due moment and before now, or between now and the due moment."""

    PASSED = "passed"
    OVERDUE = "overdue"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of the ledger, half open. `note` is the pause's own reason; `day` the local date of a day of its own."""

    since: datetime
    until: datetime
    why: Why
    note: str = ""
    day: date | None = None
    part: Part = Part.PASSED

    @property
    def counted(self) -> timedelta:
        return self.until - self.since if self.why in COUNTED else NOTHING


def ledger(clock: Clock, at: datetime) -> tuple[Segment, ...]:
    """Segments without gaps from the start to `at`, and on to the due moment where that is known and still ahead."""
    plan, due_at = plan_of(clock), schedule(clock).due_at
    end = max(at, due_at) if due_at is not None else at
    segments: list[Segment] = []
    reached = plan.started_at
    for pause in (*plan.pauses, Pause(end)):
        since, until = min(pause.since, end), min(pause.until or end, end)
        segments += _stretches(plan.measure, reached, since)
        if since < until:
            segments.append(Segment(since, until, Why.PAUSED, pause.why))
        reached = until
    return tuple(_in_parts(segments, at, due_at))


def whole_seconds(segments: Sequence[Segment]) -> list[int]:
    """What counts of each segment in whole seconds, which add up to the whole seconds of all so far."""
    counted, found = NOTHING, []
    for segment in segments:
        before, counted = counted, counted + segment.counted
        found.append(counted // SECOND - before // SECOND)
    return found


def _in_parts(segments: Iterable[Segment], at: datetime, due_at: datetime | None) -> Iterator[Segment]:
    """The segments cut where now is, and where the due moment is."""
    for segment in segments:
        cuts = sorted(cut for cut in (at, due_at) if cut is not None and segment.since < cut < segment.until)
        edges = [segment.since, *cuts, segment.until]
        for since, until in pairwise(edges):
            if since < until:
                yield Segment(since, until, segment.why, segment.note, segment.day, _part(since, at, due_at))


def _part(since: datetime, at: datetime, due_at: datetime | None) -> Part:
    if since >= at:
        return Part.AHEAD
    return Part.OVERDUE if due_at is not None and since >= due_at else Part.PASSED


def _stretches(measure: Calendar, since: datetime, until: datetime) -> Iterator[Segment]:
    """Working intervals and what lies between them, each by the rule of its day."""
    reached = since
    for opening, closing in intervals(measure, since, until):
        if reached < opening:
            yield from _by_day(measure, Segment(reached, opening, Why.OUTSIDE_HOURS))
        yield from _by_day(measure, Segment(opening, closing, Why.RUNNING))
        reached = closing
    if reached < until:
        yield from _by_day(measure, Segment(reached, until, Why.OUTSIDE_HOURS))


def _by_day(measure: Calendar, whole: Segment) -> Iterator[Segment]:
    """A stretch cut at local midnights where a day has a rule of its own; days of the plain week stay in one."""
    if measure.is_plain:
        yield whole
        return
    names = _WORKED if whole.why is Why.RUNNING else _SHUT
    pending: Segment | None = None
    for since, until, day in _days(measure, whole.since, whole.until):
        why = names.get(measure.day(day)[1], whole.why)
        piece = Segment(since, until, why, day=None if why is whole.why else day)
        if pending is not None and (pending.why, pending.day) == (piece.why, piece.day):
            pending = replace(pending, until=until)
            continue
        if pending is not None:
            yield pending
        pending = piece
    if pending is not None:
        yield pending


def _days(measure: Calendar, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, date]]:
    day = since.astimezone(measure.zone).date()
    while since < until:
        tomorrow = day + timedelta(days=1)
        midnight = min(measure.instant(datetime(tomorrow.year, tomorrow.month, tomorrow.day)), until)
        if since < midnight:
            yield since.astimezone(UTC), midnight.astimezone(UTC), day
            since = midnight
        day = tomorrow
