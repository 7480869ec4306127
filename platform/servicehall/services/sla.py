"""Clocks: started by what the policy says, paused with the request, stopped by what they measure, escalated in time."""

from __future__ import annotations

from servicehall.clock import as_instant, parse_instant
from servicehall.domain import events as e
from servicehall.models.approvals import Stage
from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import escalation, releases
from servicehall.services.clockwork import (
    SYSTEM,
    applies,
    change,
    is_moot,
    open_clocks,
    set_paused,
    start_each,
    stop,
    stop_all,
    target_of,
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
    event = recorded.event
    row = w.get(Request, recorded.subject)
    if not event.internal and escalation.is_fulfilling(w, row, recorded.actor):  # type: ignore[attr-defined]
        stop_all(w, row, ("response",), True)


def task_taken(w: Work, recorded: Recorded) -> None:
    """A claim or a start is a response; the first assignment starts what counts from it."""
    row = w.get(Request, recorded.subject)
    event = recorded.event
    if isinstance(event, e.TaskAssigned) and event.assignee is not None:
        start_each(w, row, lambda one: one.start == "assigned" and one.measure in ("response", "resolution"))
    if not isinstance(event, e.TaskAssigned) or event.assignee == recorded.actor:
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
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    for clock in open_clocks(w, task.request_id, ("task",), task=task.id):
        stop(w, clock, completes=task.state == "done")


def priority_changed(w: Work, recorded: Recorded) -> None:
    """Open clocks are computed anew from their start; every pause is kept."""
    row = w.get(Request, recorded.subject)
    release = releases.load(w.session, row.release)
    for clock in open_clocks(w, row.id, (*OF_REQUEST, "task")):
        target = target_of(release, clock)
        duration = target.duration(row.priority or "") if target is not None else None
        if duration is None:
            stop(w, clock, completes=False)
        elif str(duration) != clock.target or row.priority != clock.priority:
            change(w, clock, {"code": "priority_changed"}, target=str(duration), priority=row.priority)


def breach(w: Work, clock_id: str) -> None:
    """The timer's verb: a clock that still runs at its due moment is breached."""
    clock = w.get(Clock, clock_id)
    if is_moot(w, clock):
        return
    if clock.state == "running" and clock.due_at is not None and clock.due_at <= w.at:
        w.record(stream_of(clock.request_id), e.ClockBreached(clock=clock.id), actor=SYSTEM)


def escalate(w: Work, clock_id: str, step: int) -> None:
    """The timer's verb: of the steps whose moment has come the latest acts, earlier ones are passed over."""
    clock = w.get(Clock, clock_id)
    due = [one for one in clock.steps if one["state"] == "waiting" and one["at"] and parse_instant(one["at"]) <= w.at]
    if clock.state not in ("running", "breached") or not due or is_moot(w, clock):
        return
    acting = max(due, key=lambda one: (parse_instant(one["at"]), one["index"]))
    row = w.get(Request, clock.request_id)
    release = releases.load(w.session, row.release)
    target = target_of(release, clock)
    if target is None:
        return
    authored = target.escalate[acting["index"]]
    holds = authored.when if isinstance(authored.when, bool) else applies(w, row, release, authored.when)
    did = escalation.act(w, row, clock, authored.do) if holds else []
    states = {one["index"]: "passed_over" for one in due} | {acting["index"]: "done" if holds else "passed_over"}
    steps = [{**one, "state": states.get(one["index"], one["state"])} for one in clock.steps]
    w.record(
        stream_of(row.id), e.ClockEscalated(clock=clock.id, step=acting["index"], steps=steps, did=did), actor=SYSTEM
    )
    escalation.follow(w, row, clock, authored.do if holds else ())


def _run_on(w: Work, row: Request) -> None:
    """A reopened request's resolution clock goes on; the time it was resolved does not count."""
    for clock in w.of(Clock, row.id):
        if clock.measure != "resolution" or clock.completed_at is None:
            continue
        gap = {"since": as_instant(clock.completed_at), "until": as_instant(w.at), "why": "resolved"}
        change(w, clock, {"code": "reopened"}, pauses=[*clock.pauses, gap])


def _pause_or_run(w: Work, row: Request) -> None:
    release = releases.load(w.session, row.release)
    for clock in open_clocks(w, row.id, OF_REQUEST):
        target = target_of(release, clock)
        if target is not None:
            set_paused(w, clock, row.state in target.pause, row.state)
