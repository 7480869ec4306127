"""Requests as records: whole ones for those who may see them whole, and light rows for lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicehall.domain.lifecycle import acts_from
from servicehall.models.approvals import Approval
from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.log import EventRow
from servicehall.models.requests import Participant, Request
from servicehall.services import answers, departments, releases, requests
from servicehall.services.cases.names import Names, Record, gather, listed, said_at
from servicehall.services.departments import department_titles
from servicehall.services.visibility import Viewer
from servicehall.texts import N_, _

IN_HAND = ("ready", "in_progress", "on_hold", "failed")
ENDED = ("closed", "rejected", "cancelled")


def request_record(viewer: Viewer, row: Request, *, at: datetime) -> Record:
    """The whole request: the list row, its answers as this viewer reads them, and what they may do."""
    session = viewer.session
    release = releases.load(session, row.release)
    shown = answers.for_viewer(viewer, row)
    return {
        **request_rows(viewer, [row])[0],
        "impact": row.impact,
        "urgency": row.urgency,
        "round": row.round,
        "answers": shown.values,
        "masked": list(shown.masked),
        "content_sha256": row.content,
        "price": row.price,
        "watchers": watcher_records(viewer, row),
        "actions": actions(viewer, row, at),
        "fields": [field.key for field in release.form.fields if field.answered and field.key in shown.values],
        "parent": _number(session, row.parent_id),
        "children": list(
            session.scalars(select(Request.number).where(Request.parent_id == row.id).order_by(Request.id))
        ),
    }


def request_rows(viewer: Viewer, rows: Sequence[Request]) -> list[Record]:
    """Rows of a list, without answers: `holder` says in words who has it now, `next` what is awaited."""
    session = viewer.session
    around = _around(session, rows)
    return [_light(session, row, around) for row in rows]


def watcher_records(viewer: Viewer, row: Request) -> list[Record]:
    """The watchers, in the order of their names."""
    ids = viewer.session.scalars(
        select(Participant.person_id).where(Participant.request_id == row.id, Participant.role == "watcher")
    ).all()
    names = gather(viewer.session, ids)
    return sorted(filter(None, map(names.person, ids)), key=lambda one: (one["name"], one["id"]))


def actions(viewer: Viewer, row: Request, at: datetime) -> list[str]:
    """The acts that this viewer may do now, in the order of the table of states, then what is said beside it."""
    parts = requests.parts_of(row, viewer)
    acts = [act for act in acts_from(row.state, parts) if _MORE.get(act, _yes)(viewer, row, at)]
    if row.requester_id == viewer.id and row.state in ("draft", "returned"):
        acts.append("amend")
    if viewer.is_agent_of(row) and row.state not in ENDED:
        acts.append("priority")
    if viewer.is_agent_of(row) or (row.requester_id == viewer.id and not row.confidential):
        acts.append("watch")
    return [*acts, "comment", "attach"]


def head(session: Session, row: Request) -> int:
    """The number of events in the request's stream: another one means that something has happened."""
    found = session.scalar(select(func.max(EventRow.sequence)).where(EventRow.stream == f"request/{row.id}"))
    return int(found or 0)


def _yes(viewer: Viewer, row: Request, at: datetime) -> bool:
    return True


def _may_reopen(viewer: Viewer, row: Request, at: datetime) -> bool:
    return row.resolved_at is None or at <= departments.reopen_until(viewer.session, row.department, row.resolved_at)


def _may_resolve(viewer: Viewer, row: Request, at: datetime) -> bool:
    """By hand only where no required task is open."""
    required = select(Task.id).where(
        Task.request_id == row.id, Task.optional.is_(False), Task.state.not_in(("done", "skipped", "cancelled"))
    )
    return viewer.session.scalar(required.limit(1)) is None


_MORE = {"reopen": _may_reopen, "resolve": _may_resolve}


@dataclass(frozen=True)
class _Around:
    """What a page of requests needs beside its rows, by request."""

    names: Names
    asked: Mapping[str, list[Any]]
    tasks: Mapping[str, list[Any]]
    due: Mapping[str, Any]
    departments: Mapping[str, str]


def _around(session: Session, rows: Sequence[Request]) -> _Around:
    ids = [row.id for row in rows]
    asked = _grouped(
        session,
        [row.id for row in rows if row.state not in ENDED],
        select(Approval.request_id, Approval.holder_id, Approval.voice_group_id).where(Approval.state == "pending"),
        Approval.request_id,
    )
    tasks = _grouped(
        session,
        [row.id for row in rows if row.state in ("in_progress", "on_hold")],
        select(Task.request_id, Task.assignee_id, Task.department)
        .where(Task.state.in_(IN_HAND))
        .order_by(Task.request_id, Task.position),
        Task.request_id,
    )
    people = [who for row in rows for who in (row.requester_id, row.beneficiary_id)]
    people += [one.holder_id for found in asked.values() for one in found]
    people += [one.assignee_id for found in tasks.values() for one in found]
    groups = [one.voice_group_id for found in asked.values() for one in found]
    return _Around(gather(session, people, groups), asked, tasks, _due(session, ids), department_titles(session))


def _grouped(session: Session, ids: Sequence[str], statement: Any, column: Any) -> dict[str, list[Any]]:
    """Rows by the request that `column` names; nothing is asked where there is nobody to ask about."""
    found: dict[str, list[Any]] = defaultdict(list)
    for one in session.execute(statement.where(column.in_(ids))) if ids else ():
        found[one.request_id].append(one)
    return found


def _due(session: Session, ids: Sequence[str]) -> dict[str, datetime]:
    """When each is due: by its resolution clock, else with the last of its required tasks."""
    last_task = (
        select(Task.request_id, func.max(Task.due_at))
        .where(Task.request_id.in_(ids), Task.optional.is_(False), Task.state.not_in(("skipped", "cancelled")))
        .group_by(Task.request_id)
    )
    clocks = select(Clock.request_id, Clock.due_at).where(
        Clock.request_id.in_(ids), Clock.measure == "resolution", Clock.state != "cancelled"
    )
    return {
        request_id: due_at
        for statement in (last_task, clocks)
        for request_id, due_at in session.execute(statement)
        if due_at is not None
    }


def _light(session: Session, row: Request, around: _Around) -> Record:
    release = releases.load(session, row.release)
    holder = _HOLDER.get(row.state, _nobody)(row, around)
    return {
        "id": row.id,
        "number": row.number,
        "service": row.service,
        "version": row.version,
        "type": row.type,
        "title": release.title,
        "department": row.department,
        "department_title": around.departments.get(row.department, row.department),
        "confidential": row.confidential,
        "state": row.state,
        "priority": row.priority,
        "requester": around.names.person(row.requester_id),
        "requested_for": around.names.person(row.beneficiary_id),
        "holder": holder,
        "next": _(_NEXT[row.state], holder=holder),
        "due_at": said_at(around.due.get(row.id)),
        "created_at": said_at(row.created_at),
        "submitted_at": said_at(row.submitted_at),
        "approved_at": said_at(row.approved_at),
        "resolved_at": said_at(row.resolved_at),
        "ended_at": said_at(row.ended_at),
        "state_since": said_at(row.state_since),
    }


def _requester(row: Request, around: _Around) -> str:
    return around.names.name(row.requester_id)


def _voices(row: Request, around: _Around) -> str:
    return listed(
        around.names.name(one.holder_id) if one.holder_id else around.names.group_name(one.voice_group_id)
        for one in around.asked.get(row.id, ())
    )


def _doers(row: Request, around: _Around) -> str:
    """Whoever has the open tasks: people by name, queues by their department; approvers of a gate among them."""
    tasks = [
        around.names.name(one.assignee_id)
        if one.assignee_id
        else around.departments.get(one.department, one.department)
        for one in around.tasks.get(row.id, ())
    ]
    return listed(tasks) or around.departments.get(row.department, row.department)


def _nobody(row: Request, around: _Around) -> str:
    return ""


_HOLDER = {
    "draft": _requester,
    "returned": _requester,
    "pending_approval": _voices,
    "in_progress": _doers,
    "on_hold": _doers,
    "resolved": _requester,
}
_NEXT = {
    "draft": N_("Not sent yet"),
    "returned": N_("{holder} changes it and sends it again"),
    "pending_approval": N_("Decision by {holder}"),
    "in_progress": N_("With {holder}"),
    "on_hold": N_("On hold with {holder}"),
    "resolved": N_("{holder} confirms, or it closes by itself"),
    "closed": N_("Done"),
    "rejected": N_("Rejected"),
    "cancelled": N_("Cancelled"),
}


def _number(session: Session, request_id: str | None) -> str | None:
    return session.scalar(select(Request.number).where(Request.id == request_id)) if request_id else None
