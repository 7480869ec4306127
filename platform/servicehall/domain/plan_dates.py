"""When the tasks of a plan are due: from the anchor date, or from the moment each is ready."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from servicehall.domain.plan_checks import is_offset
from servicehall.domain.plans import Plan, Task


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The calendar of a plan: `after(instant, duration)` and `from_day(day, duration)` give the due instant,
    `day_of(instant)` the local date."""

    after: Callable[[datetime, str], datetime]
    from_day: Callable[[date, str], datetime]
    day_of: Callable[[datetime], date]


@dataclass(frozen=True, slots=True)
class Dates:
    """When a task is, or is expected to be, ready, and when it is due (None: it has no due moment)."""

    ready_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is certain already: tasks that became ready or were done at a moment, and tasks that will be skipped."""

    ready_at: Mapping[str, datetime] = field(default_factory=dict)
    done_at: Mapping[str, datetime] = field(default_factory=dict)
    skipped: Collection[str] = frozenset()


NOTHING_KNOWN = Known()


def due_moment(
    plan: Plan, task: Task, *, ready_at: datetime, started_at: datetime, anchor: date | None, reckoning: Reckoning
) -> datetime | None:
    """When a task that is ready at an instant is due, or None where it has no `due`.

    In a plan with an anchor, business days count from the anchor's date, either sign (where the date was not answered,
    from the day the plan starts); everything else counts from readiness.
    """
    if task.due is None:
        return None
    if plan.anchor is not None and is_offset(task.due):
        return reckoning.from_day(anchor or reckoning.day_of(started_at), task.due)
    return reckoning.after(ready_at, task.due)


def plan_dates(
    plan: Plan, *, started_at: datetime, anchor: date | None, reckoning: Reckoning, known: Known = NOTHING_KNOWN
) -> dict[str, Dates]:
    """The dates of every task, by key: what is known is taken, the rest expects each task to end when it is due.

    A task is expected ready when the last that it waits for has ended (of an `any`, the first), never before the plan
    starts. Skipped tasks take no time; one without a due moment is expected to take none.
    """
    found: dict[str, Dates] = {}
    ends: dict[str, datetime] = {}
    for task in plan.ordered:
        ready_at = known.ready_at.get(task.key) or _expected(task, ends, started_at, known.skipped)
        due_at = due_moment(plan, task, ready_at=ready_at, started_at=started_at, anchor=anchor, reckoning=reckoning)
        found[task.key] = Dates(ready_at, due_at)
        end = ready_at if task.key in known.skipped or due_at is None else max(ready_at, due_at)
        ends[task.key] = known.done_at.get(task.key, end)
    return found


def without_date(plan: Plan) -> frozenset[str]:
    """The tasks of whose dates nothing can be said before the anchor's date is known: those that count from it, and
    those that come after one of them."""
    found: set[str] = set()
    for task in plan.ordered if plan.anchor is not None else ():
        if (task.due is not None and is_offset(task.due)) or not found.isdisjoint(task.after.keys):
            found.add(task.key)
    return frozenset(found)


def _expected(task: Task, ends: Mapping[str, datetime], started_at: datetime, skipped: Collection[str]) -> datetime:
    moments = [started_at, *(ends[key] for key in task.after.all)]
    for keys in task.after.any:
        taken = [key for key in keys if key not in skipped]
        moments.append(min(ends[key] for key in taken) if taken else max(ends[key] for key in keys))
    return max(moments)
