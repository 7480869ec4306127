"""Clocks: started by what the policy says, paused with the request, stopped by what they measure, escalated in time."""

from __future__ import annotations

from dataclasses import replace

from servicehall.clock import as_instant
from servicehall.domain import events as e
from servicehall.domain.business_time import is_open, next_opening
from servicehall.domain.escalation import Step
from servicehall.domain.sla import Target
from servicehall.models.approvals import Stage
from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import calendars, clock_history, escalation, releases
from servicehall.services.clock_terms import Said, applies, due_steps, release_of, target_of, terms_of
from servicehall.services.clockwork import (
    SYSTEM,
    arm,
    change,
    is_moot,
    missing_clocks,
    open_clocks,
    set_paused,
    start_each,
    start_late,
    stop,
    stop_all,
)
from servicehall.services.submission import stream_of
from servicehall.services.work import Recorded, Work

OF_REQUEST = ("response", "resolution", "approval")


def submitted(w: Work, recorded: Recorded) -> None:
    """The first submission starts what counts from creation."""
    if recorded.event.round == 1:  # type: ignore[attr-defined]
        row = w.get(Request, recorded.subject)
        start_each(w, row, lambda one: one.start == "created" and one.measure in ("response", "resolution"))


def state_changed(w: Work, recorded: Recorded) -> None:
    """Approval starts what counts from it; states pause; resolution, rejection and cancellation stop."""
    row = w.get(Request, recorded.subject)
    act = recorded.event.act  # type: ignore[attr-defined]
    if act in ("submit", "approve") and row.state == "in_progress":
        start_each(w, row, lambda one: one.start == "approved" and one.measure in ("response", "resolution"))
    for measures, completes in _STOPS.get(act, ()):
        stop_all(w, row, measures, completes)
    if act == "submit" and row.state == "in_progress":
        stop_all(w, row, ("approval",), True)
    if act == "reopen":
        _run_on(w, row)
    _pause_or_run(w, row)


_STOPS: dict[str, tuple[tuple[tuple[str, ...], bool], ...]] = {
    "approve": ((("approval",), True),),
    "reject": ((("approval",), True), (("response", "resolution"), False)),
    "resolve": ((("response", "resolution"), True),),
    "close": (((*OF_REQUEST, "task"), False),),
    "cancel": (((*OF_REQUEST, "task"), False),),
}
"""Act → what it stops, and whether that completes it (otherwise it is cancelled)."""


def stage_opened(w: Work, recorded: Recorded) -> None:
    """The approval clock runs from the first stage's opening."""
    stage = w.get(Stage, recorded.event.stage)  # type: ignore[attr-defined]
    if stage.task_id is None:
        start_each(w, w.get(Request, recorded.subject), lambda one: one.measure == "approval")


def commented(w: Work, recorded: Recorded) -> None:
    """The first public comment of the fulfilling side is a response."""
    _respond(w, recorded)


def task_taken(w: Work, recorded: Recorded) -> None:
    """A claim or a start is a response; the first assignment starts what counts from it."""
    row = w.get(Request, recorded.subject)
    event = recorded.event
    if isinstance(event, e.TaskAssigned) and event.assignee is not None:
        start_each(w, row, lambda one: one.start == "assigned" and one.measure in ("response", "resolution"))
    _respond(w, recorded)


def _respond(w: Work, recorded: Recorded) -> None:
    row, event = w.get(Request, recorded.subject), recorded.event
    if clock_history.is_response(w, row, event.KIND, event.body(), recorded.actor):
        stop_all(w, row, ("response",), True)


def task_ready(w: Work, recorded: Recorded) -> None:
    """A task's own clock runs from when it is ready."""
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    if task.undoes is None:
        start_each(w, w.get(Request, recorded.subject), lambda one: one.measure == "task", task=task.id)


def task_paused(w: Work, recorded: Recorded) -> None:
    """A task's clock pauses with the task's own hold."""
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    for clock in open_clocks(w, task.request_id, ("task",), task=task.id):
        set_paused(w, clock, task.state == "on_hold", "on_hold")


def task_ended(w: Work, recorded: Recorded) -> None:
    """Done meets the task's clock, and is a response where nobody had claimed or started anything."""
    _respond(w, recorded)
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    for clock in open_clocks(w, task.request_id, ("task",), task=task.id):
        stop(w, clock, completes=task.state == "done")


def priority_changed(w: Work, recorded: Recorded) -> None:
    """Open clocks are computed anew from their start, every pause kept; one without a time for the new priority ends,
    and one that had none for the old priority starts where it would have started."""
    row = w.get(Request, recorded.subject)
    for clock in open_clocks(w, row.id, (*OF_REQUEST, "task")):
        terms = terms_of(w.session, row, clock)
        duration = terms.target.duration(row.priority or "") if terms.target is not None else None
        if duration is None:
            stop(w, clock, completes=False, why=PRIORITY)
        elif str(duration) != clock.target or row.priority != clock.priority:
            change(w, clock, replace(terms, duration=duration), PRIORITY, target=str(duration), priority=row.priority)
    _start_late(w, row)


PRIORITY = {"code": "priority_changed"}


def _start_late(w: Work, row: Request) -> None:
    release = releases.load(w.session, row.release)
    missing = [one for one in missing_clocks(w, row, release) if one.promise.target.duration(row.priority or "")]
    if not missing:
        return
    past = clock_history.past_of(w, row)
    for one in missing:
        target, task = one.promise.target, one.task
        began = clock_history.started_at(w, row, past, target, task)
        if began is None or (one.clock is not None and one.clock.id not in past.let_go):
            continue
        pauses = past.pauses(target, task.id if task is not None else None, began)
        start_late(w, row, one, began, pauses, PRIORITY)


def breach(w: Work, clock_id: str) -> None:
    """The timer's verb: a clock that still runs at its due moment is breached."""
    clock = w.get(Clock, clock_id)
    if is_moot(w, clock):
        return
    if clock.state == "running" and clock.due_at is not None and clock.due_at <= w.at:
        w.record(stream_of(clock.request_id), e.ClockBreached(clock=clock.id), actor=SYSTEM)


def escalate(w: Work, clock_id: str, step: int) -> None:
    """The timer's verb: of the steps whose moment has come the latest act, earlier ones are passed over."""
    clock = w.get(Clock, clock_id)
    if clock.state not in ("running", "breached") or is_moot(w, clock):
        return
    row = w.get(Request, clock.request_id)
    target = target_of(w.session, row, clock)
    if target is None:
        return
    acting, passed_over = due_steps(clock.steps, w.at)
    acting = _not_waiting(w, clock, target, acting)
    states = {one["index"]: "passed_over" for one in passed_over}
    for one in acting:
        _take(w, row, clock, target.escalate[one["index"]], one["index"], states)
        states = {}


def _not_waiting(w: Work, clock: Clock, target: Target, acting: list[Said]) -> list[Said]:
    """Without those that act in working hours only, where their timer rang too late for that: they wait for the next
    opening."""
    calendar = calendars.pinned(w.session, clock.calendar)
    if is_open(calendar, w.at):
        return acting
    waiting = [one for one in acting if target.escalate[one["index"]].working_hours]
    opening = as_instant(next_opening(calendar, w.at)) if waiting else None
    arm(w, clock.request_id, clock.id, None, [{**one, "at": opening} for one in waiting])
    return [one for one in acting if one not in waiting]


def _take(w: Work, row: Request, clock: Clock, step: Step, index: int, states: dict[int, str]) -> None:
    """Records that a step acted, or was passed over for its condition, beside others that were; then what it brings."""
    release = release_of(w.session, row, clock)
    holds = step.when if isinstance(step.when, bool) else applies(w.session, row, release, step.when, w.at)
    actions = step.do if holds else ()
    did = escalation.act(w, row, clock, actions)
    states = states | {index: "done" if holds else "passed_over"}
    steps = [{**one, "state": states.get(one["index"], one["state"])} for one in clock.steps]
    w.record(stream_of(row.id), e.ClockEscalated(clock=clock.id, step=index, steps=steps, did=did), actor=SYSTEM)
    escalation.follow(w, row, clock, actions)


def _run_on(w: Work, row: Request) -> None:
    """A reopened request's resolution clock goes on; the time it was resolved does not count."""
    for clock in w.of(Clock, row.id):
        if clock.measure != "resolution" or clock.completed_at is None:
            continue
        gap = {"since": as_instant(clock.completed_at), "until": as_instant(w.at), "why": "resolved"}
        terms = terms_of(w.session, row, clock, pauses=[*clock.pauses, gap])
        change(w, clock, terms, {"code": "reopened"})


def _pause_or_run(w: Work, row: Request) -> None:
    for clock in open_clocks(w, row.id, OF_REQUEST):
        target = target_of(w.session, row, clock)
        if target is not None:
            set_paused(w, clock, row.state in target.pause, row.state)
