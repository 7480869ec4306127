"""Planning a plan forwards and backwards: when each task can begin, when it must, which of them leave the least time,
whether the anchor's date can be met at all, and from which date on it can.

A task that is due so long after it is ready takes that long; all others, what counts from the anchor too, take no time
that anybody knows. So a forecast never says that a date cannot be met where it can.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from servicehall.domain.plan_checks import is_offset
from servicehall.domain.plan_dates import NOTHING_KNOWN, Known, Reckoning
from servicehall.domain.plans import Plan, Task

MINUTE = timedelta(minutes=1)
FARTHEST = 10 * 366 * 24 * 60
"""So many minutes back the last beginning of a task is looked for."""


@dataclass(frozen=True, slots=True)
class Span:
    """When a task begins and ends where everything is done as early as it can be."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """A task that cannot be done by its date, and those before it that take the time, in their order."""

    task: str
    due_at: datetime
    earliest: datetime
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """By key: `spans`, the earliest; `latest`, when to begin at the latest (of tasks on which a date hangs).

    `critical` are the tasks, each waiting for the one before, that leave the least time. `late` is empty where the
    date can be met; `works_from` is the first date of the anchor with which it is.
    """

    spans: Mapping[str, Span]
    latest: Mapping[str, datetime] = field(default_factory=dict)
    critical: tuple[str, ...] = ()
    late: tuple[Late, ...] = ()
    works_from: date | None = None


def forecast(
    plan: Plan,
    *,
    at: datetime,
    anchor: date | None,
    reckoning: Reckoning,
    known: Known = NOTHING_KNOWN,
) -> Forecast:
    """The forecast of a plan whose open tasks begin at `at` at the earliest.

    Dates of optional tasks make nothing late, since they may be skipped.
    """
    spans = earliest_spans(plan, at=at, reckoning=reckoning, known=known)
    open_ones = [task for task in plan.ordered if task.key not in known.skipped and task.key not in known.done_at]
    dated = [task for task in open_ones if counts_from_anchor(plan, task)]
    needed = [task for task in dated if not task.optional]
    works_from = _works_from(needed, spans, reckoning)
    if anchor is None:
        return Forecast(spans, critical=_longest(plan, open_ones, spans, known), works_from=works_from)
    due = {task.key: reckoning.from_day(anchor, task.due or "") for task in dated}
    late = tuple(
        Late(task.key, due[task.key], spans[task.key].end, _takers(plan, task, spans, known))
        for task in needed
        if spans[task.key].end > due[task.key]
    )
    latest = {
        task.key: moment
        for task in open_ones
        if (moment := latest_start(plan, task, due=due, spans=spans, reckoning=reckoning, known=known)) is not None
    }
    return Forecast(spans, latest, _tightest(plan, needed, spans, due, known), late, works_from)


def counts_from_anchor(plan: Plan, task: Task) -> bool:
    """Whether the task is due so many working days before or after the anchor's date."""
    return plan.anchor is not None and task.due is not None and is_offset(task.due)


def earliest_spans(plan: Plan, *, at: datetime, reckoning: Reckoning, known: Known = NOTHING_KNOWN) -> dict[str, Span]:
    """When each task can begin and end: it waits for the last of `all` and for the first of each `any`."""
    spans: dict[str, Span] = {}
    for task in plan.ordered:
        ends = {key: span.end for key, span in spans.items()}
        start = known.ready_at.get(task.key) or max([at, *_moments(task, ends, ends, known)])
        ended = start if task.key in known.skipped else max(at, _end(plan, task, start, reckoning))
        spans[task.key] = Span(start, known.done_at.get(task.key, ended))
    return spans


def latest_start(
    plan: Plan,
    task: Task,
    *,
    due: Mapping[str, datetime],
    spans: Mapping[str, Span],
    reckoning: Reckoning,
    known: Known = NOTHING_KNOWN,
) -> datetime | None:
    """The last minute at which a task may begin so that it, and all that wait for it, are done by their dates.

    None where no date hangs on it: nothing dated waits for it, or another task of the same `any` is early enough; and
    where a date cannot be met however early it begins.
    """
    behind = _behind(plan, task.key)
    dates = [due[key] for key in (task.key, *behind) if key in due]
    if not dates:
        return None
    last = max(dates)

    def in_time(back: int) -> bool:
        return _in_time(plan, task, last - back * MINUTE, behind, due, spans, reckoning, known)

    if in_time(-1):
        return None
    late, early = 0, 24 * 60
    while not in_time(early):
        if early > FARTHEST:
            return None
        late, early = early, early * 2
    return last - (bisect_left(range(late, early), True, key=in_time) + late) * MINUTE


def _in_time(
    plan: Plan,
    task: Task,
    start: datetime,
    behind: Iterable[str],
    due: Mapping[str, datetime],
    spans: Mapping[str, Span],
    reckoning: Reckoning,
    known: Known,
) -> bool:
    """Whether every date holds that hangs on a task which begins then, everything else being as early as it can."""
    ends = {task.key: _end(plan, task, start, reckoning)}
    if ends[task.key] > due.get(task.key, ends[task.key]):
        return False
    early = {key: span.end for key, span in spans.items()}
    for key in behind:
        other = plan.task(key)
        begins = max(_moments(other, ends, early, known), default=None)
        if begins is None:
            continue
        ends[key] = begins if key in known.skipped else _end(plan, other, begins, reckoning)
        if ends[key] > due.get(key, ends[key]):
            return False
    return True


def _moments(task: Task, ends: Mapping[str, datetime], early: Mapping[str, datetime], known: Known) -> list[datetime]:
    """The ends that a task's beginning hangs on, as far as `ends` has something to say; of an `any`, others are as
    early as they can be. A skipped task releases an `any` only where all are skipped."""
    moments = [ends[key] for key in task.after.all if key in ends]
    for keys in task.after.any:
        if any(key in ends for key in keys):
            taken = [key for key in keys if key not in known.skipped]
            of = {key: ends.get(key, early.get(key)) for key in taken or keys}
            said = [moment for moment in of.values() if moment is not None]
            moments.append(min(said) if taken else max(said))
    return moments


def _end(plan: Plan, task: Task, start: datetime, reckoning: Reckoning) -> datetime:
    takes = None if counts_from_anchor(plan, task) else task.due
    return start if takes is None else reckoning.after(start, takes)


def _behind(plan: Plan, key: str) -> tuple[str, ...]:
    """All that wait for a task, however far, in a topological order."""
    found = {key}
    for task in plan.ordered:
        if not found.isdisjoint(task.after.keys):
            found.add(task.key)
    return tuple(task.key for task in plan.ordered if task.key in found and task.key != key)


def _way_to(plan: Plan, task: Task, spans: Mapping[str, Span], known: Known) -> tuple[str, ...]:
    """The chain of open tasks that holds a task up: each waits for the one before, which ends last of all it waits
    for; of an `any`, the one that ends first. What is skipped passes on what it waits for."""
    way: list[str] = []
    key: str | None = task.key
    while key is not None and key not in known.done_at:
        way.insert(0, key)
        key = max(_held_by(plan.task(key), spans, known), key=lambda one: spans[one].end, default=None)
    return tuple(key for key in way if key not in known.skipped)


def _held_by(task: Task, spans: Mapping[str, Span], known: Known) -> list[str]:
    choices = ([key for key in keys if key not in known.skipped] or keys for keys in task.after.any)
    return [*task.after.all, *(min(keys, key=lambda key: spans[key].end) for keys in choices)]


def _takers(plan: Plan, task: Task, spans: Mapping[str, Span], known: Known) -> tuple[str, ...]:
    """The tasks on the way to a late one that take time."""
    way = _way_to(plan, task, spans, known)
    return tuple(key for key in way if key != task.key and spans[key].end > spans[key].start)


def _tightest(
    plan: Plan, dated: list[Task], spans: Mapping[str, Span], due: Mapping[str, datetime], known: Known
) -> tuple[str, ...]:
    """The chain to the date that leaves the least time."""
    if not dated:
        return ()
    return _way_to(plan, min(dated, key=lambda task: due[task.key] - spans[task.key].end), spans, known)


def _longest(plan: Plan, tasks: list[Task], spans: Mapping[str, Span], known: Known) -> tuple[str, ...]:
    """Without a date to keep, the chain to the required task that ends last; none where nothing takes time."""
    required = [task for task in tasks if not task.optional]
    if not required:
        return ()
    last = max(required, key=lambda task: spans[task.key].end)
    way = _way_to(plan, last, spans, known)
    return way if any(spans[key].end > spans[key].start for key in way) else ()


def _works_from(dated: list[Task], spans: Mapping[str, Span], reckoning: Reckoning) -> date | None:
    """The first date of the anchor with which every one of these tasks can be done by its date."""
    return max((_first_day(task.due or "", spans[task.key].end, reckoning) for task in dated), default=None)


def _first_day(due: str, end: datetime, reckoning: Reckoning) -> date:
    """The first day from which an offset leads to this moment or a later one."""
    today = reckoning.day_of(end)

    def late_enough(days: int) -> bool:
        return reckoning.from_day(today + timedelta(days=days), due) >= end

    reach = 8
    while late_enough(-reach) or not late_enough(reach):
        reach *= 2
    return today + timedelta(days=bisect_left(range(-reach, reach), True, key=late_enough) - reach)
