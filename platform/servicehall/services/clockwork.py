"""How clocks are started, paused, changed and stopped: each by one event that tells its whole schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from servicehall.clock import as_instant, parse_instant
from servicehall.domain import events as e
from servicehall.domain import ledgers, schedules
from servicehall.domain.lifecycle import ENDED
from servicehall.domain.sla import Target
from servicehall.models.base import new_id
from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.operations import Timers
from servicehall.models.requests import Request
from servicehall.services import calendars, releases
from servicehall.services.clock_terms import (
    Promise,
    Said,
    Terms,
    applies,
    arithmetic,
    compute,
    promises,
    stands_still,
    steps_said,
    terms_of,
    toggled,
)
from servicehall.services.releases import Release
from servicehall.services.submission import stream_of
from servicehall.services.work import Work

SYSTEM = "system:clocks"
RUNNING = ("running", "paused")


def reading(session: Session, clock: Clock, at: datetime) -> schedules.Reading:
    """Elapsed and remaining at an instant, or when the clock was stopped, on the calendar that it goes by."""
    return schedules.read_clock(arithmetic(session, clock), seen_at(clock, at))


def seen_at(clock: Clock, at: datetime) -> datetime:
    """The moment that a reading is of: a stopped clock's last."""
    return max(clock.stopped_at or at, clock.started_at)


def ledger(session: Session, clock: Clock, at: datetime) -> tuple[ledgers.Segment, ...]:
    """The segments that add up to what has elapsed, and on to the due moment to what remains."""
    return ledgers.ledger(arithmetic(session, clock), seen_at(clock, at))


def expected(
    session: Session, release: Release, priority: str | None, holds: Callable[[str], bool], at: datetime
) -> list[tuple[str, datetime]]:
    """For a preview: measure and due moment of the clocks that a submission now would start."""
    found = []
    for promise in promises(release, holds):
        duration = promise.target.duration(priority or promise.policy.priority or "")
        if duration is None or promise.target.measure == "task":
            continue
        calendar = calendars.named(session, promise.policy.calendar, department=release.department).calendar
        schedule = schedules.schedule(schedules.Clock(duration, calendar, at))
        if schedule.due_at is not None:
            found.append((str(promise.target.measure), schedule.due_at))
    return found


def start_each(w: Work, row: Request, wanted: Callable[[Target], bool], *, task: str | None = None) -> None:
    release = releases.load(w.session, row.release)
    if not release.policies:
        return
    existing = {
        (clock.policy["policy"], clock.policy["target"]) for clock in w.of(Clock, row.id) if clock.task_id == task
    }
    for promise in promises(release, lambda text: applies(w.session, row, release, text, w.at)):
        if wanted(promise.target) and (promise.index, promise.number) not in existing:
            start(w, row, release, promise, task)


def start(w: Work, row: Request, release: Release, promise: Promise, task: str | None) -> None:
    clock = _begin(w, row, release, promise, task, w.at)
    if clock is not None and task is None and row.state in promise.target.pause:
        set_paused(w, clock, True, row.state)


def _begin(
    w: Work, row: Request, release: Release, promise: Promise, task: str | None, began: datetime
) -> Clock | None:
    """Starts a clock as of a moment; None where there is no time for the priority."""
    priority = row.priority or promise.policy.priority
    duration = promise.target.duration(priority or "")
    if duration is None or priority is None:
        return None
    named = calendars.named(w.session, promise.policy.calendar, department=row.department)
    plan = schedules.schedule(schedules.Clock(duration, named.calendar, began), steps=promise.target.escalate)
    clock_id = new_id()
    steps = steps_said(plan, {})
    w.record(
        stream_of(row.id),
        e.ClockStarted(
            clock=clock_id,
            measure=str(promise.target.measure),
            task=task,
            target=str(duration),
            priority=priority,
            policy=promise.said(),
            calendar=named.said(),
            started_at=as_instant(began),
            due_at=as_instant(plan.due_at) if plan.due_at else None,
            steps=steps,
        ),
        actor=SYSTEM,
    )
    arm(w, row.id, clock_id, plan.due_at, steps)
    return w.get(Clock, clock_id)


@dataclass(frozen=True, slots=True)
class Missing:
    """A promise without a clock that runs or has run; `clock` is one that ended without being completed."""

    promise: Promise
    task: Task | None
    clock: Clock | None


def missing_clocks(w: Work, row: Request, release: Release) -> Iterator[Missing]:
    """What the policy would measure of a request and its tasks, and nothing does."""
    if not release.policies:
        return
    known = {(one.policy["policy"], one.policy["target"], one.task_id): one for one in w.of(Clock, row.id)}
    for promise in promises(release, lambda text: applies(w.session, row, release, text, w.at)):
        tasks: Sequence[Task | None] = w.of(Task, row.id) if promise.target.measure == "task" else [None]
        for task in tasks:
            clock = known.get((promise.index, promise.number, task.id if task is not None else None))
            if clock is None or (clock.stopped_at is not None and clock.completed_at is None):
                yield Missing(promise, task, clock)


def start_late(w: Work, row: Request, missing: Missing, began: datetime, pauses: list[Said], why: Said) -> None:
    """A clock as it would be by now, had it started when it should have: with its pauses."""
    clock, task = missing.clock, missing.task.id if missing.task is not None else None
    release = releases.load(w.session, row.release)
    if clock is None:
        clock = _begin(w, row, release, missing.promise, task, began)
        if clock is not None and pauses:
            change(w, clock, terms_of(w.session, row, clock, pauses=pauses), why)
        return
    terms = terms_of(w.session, row, clock, pauses=pauses)
    duration = terms.target.duration(row.priority or "") if terms.target is not None else None
    if duration is not None:
        change(w, clock, replace(terms, duration=duration), why, target=str(duration), priority=row.priority)


def arm(w: Work, request_id: str, clock_id: str, due_at: datetime | None, steps: Sequence[dict[str, Any]]) -> None:
    moments: list[tuple[str, str, datetime, dict[str, Any]]] = []
    if due_at is not None:
        moments.append(("clock_due", "due", due_at, {}))
    for step in steps:
        if step["state"] == "waiting" and step["at"]:
            moments.append(("clock_step", f"step:{step['index']}", parse_instant(step["at"]), {"step": step["index"]}))
    for kind, name, moment, more in moments:
        Timers.add(
            w.session,
            kind=kind,
            dedupe_key=f"clock:{clock_id}:{name}",
            subject=stream_of(request_id),
            due_at=moment,
            at=w.at,
            payload={"request": request_id, "clock": clock_id, **more},
        )


def disarm(w: Work, clock: Clock) -> None:
    Timers.cancel(w.session, subject=stream_of(clock.request_id), prefix=f"clock:{clock.id}:")


def open_clocks(w: Work, request_id: str, measures: Sequence[str], *, task: str | None = None) -> list[Clock]:
    """Clocks that have not been stopped, breached ones included."""
    found = [
        clock
        for clock in w.of(Clock, request_id)
        if clock.measure in measures
        and clock.stopped_at is None
        and clock.state in (*RUNNING, "breached")
        and task in (None, clock.task_id)
    ]
    return sorted(found, key=lambda clock: (clock.started_at, clock.id))


def is_moot(w: Work, clock: Clock) -> bool:
    """Whether what a clock measures is over: nothing more comes of its timers."""
    if clock.stopped_at is not None or w.get(Request, clock.request_id).state in ENDED:
        return True
    return clock.task_id is not None and w.get(Task, clock.task_id).state in ("done", "skipped", "cancelled")


def stop_all(w: Work, row: Request, measures: Sequence[str], completes: bool) -> None:
    for clock in open_clocks(w, row.id, measures):
        stop(w, clock, completes=completes)


def stop(w: Work, clock: Clock, *, completes: bool, why: Said | None = None, actor: str = SYSTEM) -> None:
    """Met, or breached where the due moment has passed; a clock whose matter is moot is cancelled."""
    late = clock.state == "breached" or (clock.due_at is not None and clock.due_at < w.at)
    state = "cancelled" if not completes and clock.state != "breached" else ("breached" if late else "met")
    elapsed = reading(w.session, clock, w.at).elapsed
    w.record(
        stream_of(clock.request_id),
        e.ClockStopped(
            clock=clock.id,
            state=state,
            completed_at=as_instant(w.at) if completes else None,
            elapsed_seconds=int(elapsed.total_seconds()),
            why=why,
        ),
        actor=actor,
    )
    disarm(w, clock)


def set_paused(w: Work, clock: Clock, paused: bool, why: str) -> None:
    if paused == stands_still(clock.pauses):
        return
    terms = terms_of(w.session, w.get(Request, clock.request_id), clock)
    terms = replace(terms, pauses=toggled(clock.pauses, paused, why, w.at))
    change(w, clock, terms, {"code": "paused" if paused else "resumed", "state": why})


def change(w: Work, clock: Clock, terms: Terms, why: Said, *, actor: str = SYSTEM, **said: Any) -> None:
    """Computes the whole schedule anew; where the due moment moves past now, a recorded breach is withdrawn.

    `said` is what else the event says: `target`, `priority`, `calendar`, `policy`.
    """
    plan = compute(clock, terms, w.at)
    w.record(
        stream_of(clock.request_id),
        e.ClockChanged(
            clock=clock.id,
            state=plan.state,
            due_at=as_instant(plan.due_at) if plan.due_at else None,
            pauses=list(terms.pauses),
            steps=plan.steps,
            why={**why, "withdrawn": True} if plan.withdraws else why,
            breached_at=as_instant(plan.breached_at) if plan.breached_at else None,
            **said,
        ),
        actor=actor,
    )
    disarm(w, clock)
    if not stands_still(terms.pauses):
        arm(w, clock.request_id, clock.id, plan.due_at if plan.state != "breached" else None, plan.steps)
