"""Who is told of which event, what it is called in texts of notifications, and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from servicehall.domain import events as e
from servicehall.models.approvals import Approval, Stage
from servicehall.models.clocks import Clock
from servicehall.models.directory import Group
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Participant, Request
from servicehall.services import directory, releases
from servicehall.services.work import Recorded, Work


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell: the document's `event`, to whom, where it leads, and what more it may name.

    `approvals`: person → the one approval that it is about for them.
    """

    event: str
    people: frozenset[str]
    path: str
    names: Mapping[str, Any] = field(default_factory=dict)
    approvals: Mapping[str, str] = field(default_factory=dict)

    def path_for(self, person: str) -> str:
        return f"/approvals/{self.approvals[person]}" if person in self.approvals else self.path


Teller = Callable[[Work, Recorded, Request], Told | None]


def told_of(w: Work, recorded: Recorded) -> Told | None:
    """What an event means to others; None where nobody is told."""
    teller = _TELLERS.get(recorded.event.flow_key)
    return teller(w, recorded, w.get(Request, recorded.subject)) if teller is not None else None


def _on_request(event: str, *parts: str) -> Teller:
    """Tells those who have these parts in the request."""

    def teller(w: Work, recorded: Recorded, request: Request) -> Told:
        return Told(event, _who_are(w, request, parts), f"/requests/{request.number}")

    return teller


def _voices_asked(event: str) -> Teller:
    """Tells whoever may speak for the stage's voices that are still pending."""

    def teller(w: Work, recorded: Recorded, request: Request) -> Told | None:
        stage_id = getattr(recorded.event, "stage")  # noqa: B009 - three kinds of event have one
        rows = [one for one in w.of(Approval, request.id) if one.stage_id == stage_id and one.state == "pending"]
        if isinstance(recorded.event, e.ApprovalReminded):
            rows = [row for row in rows if row.id in recorded.event.approvals]
        if not rows:
            return None
        mine: dict[str, list[str]] = {}
        for row in rows:
            for person in row.members or [row.holder_id or ""]:
                mine.setdefault(person, []).append(row.id)
        title = releases.load(w.session, request.release).stage_title(w.get(Stage, stage_id).key)
        single = {person: ids[0] for person, ids in mine.items() if len(ids) == 1}
        return Told(event, frozenset(mine) - {""}, "/approvals", {"stage": title}, single)

    return teller


def _handed_over(w: Work, recorded: Recorded, request: Request) -> Told | None:
    row = w.get(Approval, recorded.event.approval)  # type: ignore[attr-defined]
    if row.holder_id is None:
        return None
    title = releases.load(w.session, request.release).stage_title(w.get(Stage, row.stage_id).key)
    names, mine = {"stage": title}, {row.holder_id: row.id}
    return Told("approval_requested", frozenset(mine), f"/approvals/{row.id}", names, mine)


def _commented(w: Work, recorded: Recorded, request: Request) -> Told:
    """Public comments go to all who have a part, internal ones to those who work on it."""
    workers = _assignees(w, request)
    internal = recorded.event.internal  # type: ignore[attr-defined]
    parts = () if internal else ("requester", "beneficiary", "watcher")
    return Told("comment_added", workers | _who_are(w, request, parts), f"/requests/{request.number}")


def _assignees(w: Work, request: Request) -> frozenset[str]:
    tasks = (task for task in w.of(Task, request.id) if task.state in ("ready", "in_progress", "on_hold"))
    return frozenset(task.assignee_id for task in tasks if task.assignee_id is not None)


def _who_are(w: Work, request: Request, parts: Collection[str]) -> frozenset[str]:
    return frozenset(one.person_id for one in w.of(Participant, request.id) if one.role in parts)


def _task_ready(w: Work, recorded: Recorded, request: Request) -> Told | None:
    """A group is told of what came into its queue; whoever got it by assignment is told by that."""
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    if task.assignee_id or task.group_id is None or task.kind != "manual" or task.state != "ready":
        return None
    return _about_task(w, request, task, "task_ready", _members(w, task))


def _task_assigned(w: Work, recorded: Recorded, request: Request) -> Told | None:
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    if task.assignee_id is None:
        if recorded.event.why.get("code") == "assignee_inactive":  # type: ignore[attr-defined]
            return _task_returned(w, request, task)
        moved = recorded.event.group is not None  # type: ignore[attr-defined]
        return _task_ready(w, recorded, request) if moved else None
    return _about_task(w, request, task, "task_assigned", frozenset({task.assignee_id}))


def _task_returned(w: Work, request: Request, task: Task) -> Told | None:
    """The group's lead sees to who does it now; a group without a lead is told as of any ready task."""
    group = w.session.get(Group, task.group_id) if task.group_id else None
    if group is None:
        return None
    members = (
        [group.lead_id]
        if group.lead_id
        else [one.id for one in directory.group_members(w.session, [group.id])[group.id]]
    )
    return _about_task(w, request, task, "task_returned", frozenset(members))


def _task_failed(w: Work, recorded: Recorded, request: Request) -> Told:
    task = w.get(Task, recorded.event.task)  # type: ignore[attr-defined]
    return _about_task(w, request, task, "task_failed", _members(w, task))


def _members(w: Work, task: Task) -> frozenset[str]:
    if task.group_id is None:
        return frozenset()
    return frozenset(one.id for one in directory.group_members(w.session, [task.group_id])[task.group_id])


def _about_task(w: Work, request: Request, task: Task, event: str, people: frozenset[str]) -> Told:
    release = releases.load(w.session, request.release)
    title = (w.content(task.said) or {}).get("title") if task.said else release.task_title(task.key)
    names = {"task": title, "due": task.due_at or "—"}
    return Told(event, people, f"/tasks/{task.id}", names)


def _escalated(w: Work, recorded: Recorded, request: Request) -> Told | None:
    """Those whom the step names; `did` holds their ids."""
    event = recorded.event
    assert isinstance(event, e.ClockEscalated)  # noqa: S101 - the table below says so
    people = frozenset(one for act in event.did for one in act.get("notify", ()))
    if not people:
        return None
    step = next(act for act in event.did if "notify" in act)
    kind = "clock_breached" if step.get("late") else "clock_due_soon"
    due = w.get(Clock, event.clock).due_at
    return Told(kind, people, f"/requests/{request.number}", {"due": due or "—"})


_TELLERS: Mapping[str, Teller] = {
    "request.submit": _on_request("request_submitted", "beneficiary", "watcher"),
    "request.approve": _on_request("request_approved", "requester", "beneficiary", "watcher"),
    "request.reject": _on_request("request_rejected", "requester", "beneficiary", "watcher"),
    "request.return": _on_request("request_returned", "requester", "watcher"),
    "request.resolve": _on_request("request_resolved", "requester", "beneficiary", "watcher"),
    "request.cancel": _on_request("request_cancelled", "requester", "beneficiary", "watcher"),
    "request.hold": _on_request("request_on_hold", "requester", "beneficiary", "watcher"),
    "request.commented": _commented,
    "approval.stage_opened": _voices_asked("approval_requested"),
    "approval.asked_instead": _voices_asked("approval_requested"),
    "approval.reminded": _voices_asked("approval_reminder"),
    "approval.handed_over": _handed_over,
    "task.ready": _task_ready,
    "task.fall_back": _task_ready,
    "task.assigned": _task_assigned,
    "task.fail": _task_failed,
    "task.report_failed": _task_failed,
    "clock.escalated": _escalated,
}
