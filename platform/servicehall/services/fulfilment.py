"""Fulfilment: a plan starts, its tasks become ready in order, are worked on, and the request is resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from servicehall.clock import as_instant
from servicehall.domain import events as e
from servicehall.domain import fulfilment as rules
from servicehall.domain.plan_dates import due_moment, plan_dates
from servicehall.domain.plans import ONLY_TASK, Plan
from servicehall.domain.plans import Task as Planned
from servicehall.models.base import new_id
from servicehall.models.fulfilment import Task
from servicehall.models.operations import Timers
from servicehall.models.requests import Request
from servicehall.services import (
    approvals,
    assignment,
    automation,
    calendars,
    child_requests,
    contexts,
    departments,
    releases,
)
from servicehall.services.releases import Release
from servicehall.services.requests import move
from servicehall.services.submission import stream_of
from servicehall.services.work import Recorded, Work

SYSTEM = "system:fulfilment"
ENDED = ("done", "skipped", "cancelled")
UNFINISHED = ("blocked", "ready", "in_progress", "on_hold", "failed")


def begin(w: Work, recorded: Recorded) -> None:
    """Starts the plan when the request first comes into work."""
    row = w.get(Request, recorded.subject)
    if row.state != "in_progress" or _tasks(w, row.id):
        return
    release = releases.load(w.session, row.release)
    plan = plan_of(release)
    anchor = releases.anchor_of(release, contexts.answers_of(w.session, row))
    dates = plan_dates(plan, started_at=w.at, anchor=anchor, reckoning=calendars.reckoning(w.session, row, release))
    planned = [
        _planned(w, row, release, task, position, dates[task.key].due_at) for position, task in enumerate(plan.tasks)
    ]
    w.record(
        stream_of(row.id),
        e.PlanStarted(anchor=anchor.isoformat() if anchor else None, tasks=planned),
        actor=SYSTEM,
    )


def plan_of(release: Release) -> Plan:
    """The service's plan; without one, a single task for the group that the assignment rule names."""
    if release.plan is not None:
        return release.plan
    return Plan(tasks=(Planned(key=ONLY_TASK, title=release.service.get("title"), department=release.department),))


def advance(w: Work, recorded: Recorded) -> None:
    """What waited for the settled task becomes ready or is skipped; with the last, the request is resolved."""
    row = w.get(Request, recorded.subject)
    release = releases.load(w.session, row.release)
    tasks = {task.key: task for task in _tasks(w, row.id)}
    if not tasks:
        return
    states = {key: task.state for key, task in tasks.items()}
    plan = _present_plan(release, row, tasks)
    holds = _conditions(w, row, release)
    for key, state in rules.advance_plan(plan, states, holds).items():
        _settle_one(w, row, release, plan, tasks[key], str(state))
        states[key] = state
    if row.state == "in_progress" and rules.is_fulfilled(plan, states):
        move(w, row, "resolve", actor=SYSTEM, why={"code": "all_tasks_done"})


def hand_out(w: Work, recorded: Recorded) -> None:
    """A ready task goes to whoever does it: a person, a queue, approvers, a child request, a system."""
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    if task.state != "ready":
        return
    row = w.get(Request, task.request_id)
    release = releases.load(w.session, row.release)
    _HAND_OUT[task.kind](w, row, release, task)


def child_ended(w: Work, recorded: Recorded) -> None:
    """A child request that is resolved does its task; one that was rejected or cancelled fails it."""
    child = w.get(Request, recorded.subject)
    if child.parent_task_id is None:
        return
    task = w.get(Task, child.parent_task_id)
    if task.state not in ("ready", "in_progress"):
        return
    why = {"code": f"child_{child.state}", "number": child.number}
    if child.state == "resolved":
        w.record(stream_of(task.request_id), e.TaskCompleted(task=task.id, why=why), actor=SYSTEM)
    else:
        change(w, task, "report_failed", "failed", why=why)


def cancel_open(w: Work, recorded: Recorded) -> None:
    """Cancelling ends what is open, child requests too, and opens what must be undone."""
    row = w.get(Request, recorded.subject)
    release = releases.load(w.session, row.release)
    tasks = {task.key: task for task in _tasks(w, row.id)}
    states = {key: task.state for key, task in tasks.items()}
    for task in tasks.values():
        if task.state in UNFINISHED:
            change(w, task, "cancel", "cancelled")
        child_requests.cancel(w, task)
    undo = rules.undo_plan(plan_of(release), states)
    if undo.tasks:
        added = [
            _planned(w, row, release, task, len(tasks) + index, None, undoes=tasks[str(task.undoes)].id)
            for index, task in enumerate(undo.tasks)
        ]
        w.record(stream_of(row.id), e.TasksAdded(tasks=added, why={"code": "undo"}), actor=SYSTEM)
        advance(w, recorded)


def cancel_optional(w: Work, recorded: Recorded) -> None:
    """What is still open when a request is closed was optional."""
    for task in _tasks(w, recorded.subject):
        if task.state in UNFINISHED:
            change(w, task, "cancel", "cancelled", why={"code": "request_closed"})
            child_requests.cancel(w, task)


def close_later(w: Work, recorded: Recorded) -> None:
    """A resolved request closes by itself after the department's days."""
    row = w.get(Request, recorded.subject)
    Timers.add(
        w.session,
        kind="request_close",
        dedupe_key=f"close:{row.id}",
        subject=recorded.stream,
        due_at=departments.close_at(w.session, row.department, w.at),
        at=w.at,
        payload={"request": row.id},
    )


def keep_open(w: Work, recorded: Recorded) -> None:
    Timers.cancel(w.session, dedupe_key=f"close:{recorded.subject}")


def change(w: Work, task: Task, act: str, state: str, *, comment: str | None = None, why: Any = None) -> None:
    """Records that a task came into another state by an act of the system or of a person."""
    actor = None if comment is not None else SYSTEM
    w.record(
        stream_of(task.request_id),
        e.TaskStateChanged(task=task.id, act=act, before=task.state, state=state, comment=comment, why=why),
        actor=actor,
    )


def _tasks(w: Work, request_id: str) -> list[Task]:
    return sorted(w.of(Task, request_id), key=lambda task: task.position)


def _planned(
    w: Work, row: Request, release: Release, task: Planned, position: int, due_at: Any, *, undoes: str | None = None
) -> dict[str, Any]:
    """A task as its event tells it; a task without a group of its own gets the one the assignment rule names."""
    department = task.department or row.department
    group, why = assignment.queue_of(w, row, department=department, group=task.group)
    said = {
        "id": new_id(),
        "key": task.key,
        "position": position,
        "department": department,
        "group": group,
        "state": "blocked",
        "kind": task.kind,
        "optional": task.optional,
        "after": list(task.after.keys),
        "due_at": as_instant(due_at) if due_at else None,
        "undoes": undoes,
        "why": why,
    }
    return {name: value for name, value in said.items() if value is not None}


def _present_plan(release: Release, row: Request, tasks: Mapping[str, Task]) -> Plan:
    """The plan with what was added by hand, or after cancellation the plan of what must be undone."""
    plan = plan_of(release)
    if row.state != "cancelled":
        added = tuple(Planned(key=task.key, optional=task.optional) for task in tasks.values() if task.said)
        return replace(plan, tasks=(*plan.tasks, *added)) if added else plan
    undone = {task.undoes for task in tasks.values() if task.undoes}
    finished = {task.key: "done" if task.id in undone else "cancelled" for task in tasks.values() if not task.undoes}
    return rules.undo_plan(plan, finished)


def _conditions(w: Work, row: Request, release: Release) -> Callable[[Planned], bool]:
    """Whether a task's `when` holds; doubt means no."""
    activation = None

    def holds(task: Planned) -> bool:
        nonlocal activation
        if task.when is None:
            return True
        if activation is None:
            context = contexts.for_request(w.session, row, at=w.at)
            activation = release.activation(context, contexts.answers_of(w.session, row))
        return release.condition(task.when).holds(activation, otherwise=False)

    return holds


def _settle_one(w: Work, row: Request, release: Release, plan: Plan, task: Task, state: str) -> None:
    if state == "skipped":
        change(w, task, "pass_over", "skipped", why={"code": "not_needed"})
        return
    due_at = due_moment(
        plan,
        plan.task(task.key),
        ready_at=w.at,
        started_at=row.approved_at or w.at,
        anchor=releases.planned_from(row),
        reckoning=calendars.reckoning(w.session, row, release),
    )
    w.record(stream_of(row.id), e.TaskReady(task=task.id, due_at=as_instant(due_at) if due_at else None), actor=SYSTEM)


def _give_to_people(w: Work, row: Request, release: Release, task: Task) -> None:
    planned = _find_planned(release, task)
    chosen = assignment.choose(w, row, release, task, planned)
    if chosen is not None:
        w.record(
            stream_of(row.id),
            e.TaskAssigned(task=task.id, assignee=chosen.person, why=dict(chosen.why)),
            actor=SYSTEM,
        )


def _open_gate(w: Work, row: Request, release: Release, task: Task) -> None:
    change(w, task, "begin", "in_progress")
    approvals.start_gate(w, row, release, task)


def _automate(w: Work, row: Request, release: Release, task: Task) -> None:
    change(w, task, "begin", "in_progress")
    automation.call(w, row, release, task)


def _find_planned(release: Release, task: Task) -> Planned | None:
    return release.plan_task(task.key) if task.undoes is None else None


_HAND_OUT: dict[str, Callable[[Work, Request, Release, Task], None]] = {
    "manual": _give_to_people,
    "request": child_requests.order,
    "approval": _open_gate,
    "automate": _automate,
}
