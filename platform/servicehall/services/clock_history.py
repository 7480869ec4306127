"""What a request has gone through as far as clocks go by it: for one that a change of priority starts, or starts again.

It is computed from where it would have started, with every pause that there was; what is over gets none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from servicehall.clock import as_instant
from servicehall.domain.lifecycle import ENDED
from servicehall.domain.sla import Measure, Target
from servicehall.models.approvals import Stage
from servicehall.models.fulfilment import Task
from servicehall.models.log import EventRow
from servicehall.models.requests import Request
from servicehall.services import escalation
from servicehall.services.clock_terms import Said
from servicehall.services.submission import stream_of
from servicehall.services.work import Work

IN_HAND = ("ready", "in_progress", "on_hold", "failed")
KINDS = (
    "request.submitted",
    "request.state_changed",
    "request.commented",
    "task.assigned",
    "task.completed",
    "task.state_changed",
    "clock.stopped",
)


@dataclass
class Past:
    """`began` says when `created`, `approved` and `assigned` were first so; `states` are those of the request, `holds`
    those of each task; `answered` whether there was a response; `let_go` the clocks that a priority ended."""

    began: dict[str, datetime] = field(default_factory=dict)
    states: list[tuple[datetime, str]] = field(default_factory=list)
    holds: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    answered: bool = False
    let_go: set[str] = field(default_factory=set)

    def pauses(self, target: Target, task: str | None, since: datetime) -> list[Said]:
        """The spans after `since` in which a clock of this target stands still; the last may have no end yet."""
        if task is not None:
            return list(_spans(self.holds.get(task, ()), {"on_hold"}, since))
        still = {str(state) for state in target.pause}
        return list(_spans(self.states, still | {"resolved"}, since))


def past_of(w: Work, row: Request) -> Past:
    """Read from the request's log."""
    found = Past()
    mine = select(EventRow).where(EventRow.stream == stream_of(row.id), EventRow.kind.in_(KINDS))
    for one in w.all(mine.order_by(EventRow.sequence)):
        _note(w, row, found, one)
    return found


def started_at(w: Work, row: Request, past: Past, target: Target, task: Task | None) -> datetime | None:
    """When a clock of this target would have started; None where that has not come yet, or what it measures is over."""
    if target.measure is Measure.TASK:
        return task.ready_at if task is not None and task.state in IN_HAND and task.undoes is None else None
    if row.state in ENDED or (row.state == "resolved"):
        return None
    if target.measure is Measure.APPROVAL:
        stages = [one for one in w.of(Stage, row.id) if one.task_id is None and one.opened_at is not None]
        waits = row.state in ("pending_approval", "returned")
        return min((one.opened_at for one in stages if one.opened_at), default=None) if waits else None
    if target.measure is Measure.RESPONSE and past.answered:
        return None
    return past.began.get(str(target.start))


def _note(w: Work, row: Request, found: Past, one: EventRow) -> None:
    body = one.body
    if one.kind == "request.submitted":
        found.began.setdefault("created", one.at)
    elif one.kind == "request.state_changed":
        found.states.append((one.at, body["state"]))
        if body["state"] == "in_progress":
            found.began.setdefault("approved", one.at)
    elif one.kind == "task.assigned" and body.get("assignee"):
        found.began.setdefault("assigned", one.at)
    elif one.kind == "task.state_changed":
        found.holds.setdefault(body["task"], []).append((one.at, body["state"]))
    elif one.kind == "clock.stopped" and (body.get("why") or {}).get("code") == "priority_changed":
        found.let_go.add(body["clock"])
    found.answered = found.answered or is_response(w, row, one.kind, body, one.actor)


def is_response(w: Work, row: Request, kind: str, body: Mapping[str, object], actor: str) -> bool:
    """The first public comment, claim or start by the fulfilling side, or a task done without either. Whoever asked, or
    gets it, does not answer themselves by a comment."""
    if kind == "request.commented":
        asking = actor in (row.requester_id, row.beneficiary_id)
        return not body["internal"] and not asking and escalation.is_fulfilling(w, row, actor)
    if kind == "task.assigned":
        return body.get("assignee") == actor
    if kind == "task.completed":
        return not actor.startswith("system")
    return kind == "task.state_changed" and body.get("act") == "start"


def _spans(states: Sequence[tuple[datetime, str]], still: set[str], since: datetime) -> Iterator[Said]:
    ends = [*(at for at, _state in states[1:]), None]
    for (at, state), until in zip(states, ends, strict=False):
        if state in still and (until is None or until > since):
            yield {"since": as_instant(at), "until": as_instant(until) if until else None, "why": state}
