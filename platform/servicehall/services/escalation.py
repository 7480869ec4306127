"""What a step of a target does: tell people, raise the priority, give the work to another group, call a webhook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from servicehall.domain import events as e
from servicehall.domain.escalation import Action, CallWebhook, Notify, RaisePriority, Reassign, Recipient
from servicehall.domain.priorities import raised
from servicehall.models.approvals import Approval
from servicehall.models.clocks import Clock
from servicehall.models.directory import Group
from servicehall.models.fulfilment import Task
from servicehall.models.operations import Outbox
from servicehall.models.requests import Request
from servicehall.services import departments, directory
from servicehall.services.submission import stream_of
from servicehall.services.work import Work

SYSTEM = "system:clocks"
OPEN_TASKS = ("ready", "in_progress", "on_hold")


def act(w: Work, row: Request, clock: Clock, actions: Sequence[Action]) -> list[dict[str, Any]]:
    """What the step does, as its event tells it: people by id."""
    return [_TELL[type(action)](w, row, clock, action) for action in actions]


def follow(w: Work, row: Request, clock: Clock, actions: Sequence[Action]) -> None:
    """The changes that a step brings, each recorded by its own event."""
    for action in actions:
        effect = _EFFECTS.get(type(action))
        if effect is not None:
            effect(w, row, clock, action)


def is_fulfilling(w: Work, row: Request, person: str) -> bool:
    """Whether somebody is on the side that fulfils: an agent of the department, or a holder of one of its tasks."""
    groups = {one.key: one.id for one in directory.groups_of(w.session, person)}
    if departments.agent_groups(w.session).get(row.department, frozenset()) & groups.keys():
        return True
    held = select(Task.id).where(
        Task.request_id == row.id, (Task.assignee_id == person) | Task.group_id.in_(groups.values())
    )
    return w.first(held.limit(1)) is not None


def _tell_notify(w: Work, row: Request, clock: Clock, action: Any) -> dict[str, Any]:
    people = {person for one in action.recipients for person in _RECIPIENTS[one.kind](w, row, clock, one)}
    late = clock.due_at is not None and clock.due_at <= w.at
    return {"notify": sorted(people), "late": late}


_TELL: dict[type, Callable[[Work, Request, Clock, Any], dict[str, Any]]] = {
    Notify: _tell_notify,
    RaisePriority: lambda w, row, clock, action: {"raise_priority": action.levels},
    Reassign: lambda w, row, clock, action: {"reassign": action.group},
    CallWebhook: lambda w, row, clock, action: {"webhook": action.name},
}


def _raise(w: Work, row: Request, clock: Clock, action: Any) -> None:
    before = row.priority or clock.priority
    priority = raised(before, action.levels)
    if priority != before:
        event = e.PriorityChanged(
            priority=priority, impact=row.impact, urgency=row.urgency, why={"code": "escalated", "clock": clock.id}
        )
        w.record(stream_of(row.id), event, actor=SYSTEM)


def _reassign(w: Work, row: Request, clock: Clock, action: Any) -> None:
    """The clock's own task, or every open task of the owning department, goes to another queue."""
    group = directory.group_by_key(w.session, action.group)
    if group is None:
        return
    for task in _open_tasks(w, row, clock):
        event = e.TaskAssigned(task=task.id, group=group.id, why={"code": "escalated", "group": group.key})
        w.record(stream_of(row.id), event, actor=SYSTEM)


def _call(w: Work, row: Request, clock: Clock, action: Any) -> None:
    Outbox.add(
        w.session,
        channel="webhook",
        dedupe_key=f"webhook:{clock.id}:{action.name}:{w.at.timestamp()}",
        payload={"name": action.name, "event": "clock.escalated", "number": row.number, "clock": clock.measure},
        at=w.at,
        request_id=row.id,
    )
    w.awake = True


_EFFECTS: dict[type, Callable[[Work, Request, Clock, Any], None]] = {
    RaisePriority: _raise,
    Reassign: _reassign,
    CallWebhook: _call,
}


def _open_tasks(w: Work, row: Request, clock: Clock) -> Sequence[Task]:
    statement = select(Task).where(Task.request_id == row.id, Task.state.in_(OPEN_TASKS), Task.kind == "manual")
    if clock.task_id is not None:
        return w.all(statement.where(Task.id == clock.task_id))
    return w.all(statement.where(Task.department == row.department))


def _assignees(w: Work, row: Request, clock: Clock, one: Recipient) -> set[str]:
    return {task.assignee_id for task in _concerned(w, row, clock) if task.assignee_id}


def _group_leads(w: Work, row: Request, clock: Clock, one: Recipient) -> set[str]:
    groups = {task.group_id for task in _concerned(w, row, clock) if task.group_id}
    rows = w.all(select(Group).where(Group.id.in_(groups))) if groups else ()
    return {group.lead_id for group in rows if group.lead_id}


def _concerned(w: Work, row: Request, clock: Clock) -> Sequence[Task]:
    statement = select(Task).where(Task.request_id == row.id, Task.state.in_(OPEN_TASKS))
    return w.all(statement if clock.task_id is None else statement.where(Task.id == clock.task_id))


def _head(w: Work, row: Request, clock: Clock, one: Recipient) -> set[str]:
    head = directory.department_head(w.session, row.department)
    return {head.id} if head is not None else set()


def _approvers(w: Work, row: Request, clock: Clock, one: Recipient) -> set[str]:
    rows = w.all(select(Approval).where(Approval.request_id == row.id, Approval.state == "pending"))
    return {person for voice in rows for person in (voice.members or [voice.holder_id]) if person}


def _group(w: Work, row: Request, clock: Clock, one: Recipient) -> set[str]:
    found = directory.group_by_key(w.session, one.name or "")
    return {member.id for member in directory.group_members(w.session, [found.id])[found.id]} if found else set()


def _person(w: Work, row: Request, clock: Clock, one: Recipient) -> set[str]:
    found = directory.by_email(w.session, one.name or "")
    return {found.id} if found is not None else set()


_RECIPIENTS: dict[str, Callable[[Work, Request, Clock, Recipient], set[str]]] = {
    "assignee": _assignees,
    "group_lead": _group_leads,
    "department_head": _head,
    "requester": lambda w, row, clock, one: {row.requester_id},
    "approvers": _approvers,
    "group": _group,
    "person": _person,
}
