"""Telling people: which event is told to whom, in their language, in the page and by mail; never to who did it.

Every notice is a row of the page. Mail is a digest: what is told to one person within the same short while goes out
as one mail, made by the mail channel from the notices that were not mailed yet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from servicehall.clock import as_instant
from servicehall.config import current as settings
from servicehall.domain import events as e
from servicehall.domain.events import Event
from servicehall.models.approvals import Approval, Stage
from servicehall.models.base import new_id
from servicehall.models.clocks import Clock
from servicehall.models.definitions import Document
from servicehall.models.directory import Group, Person
from servicehall.models.fulfilment import Task
from servicehall.models.operations import Notice, Outbox
from servicehall.models.requests import Participant, Request
from servicehall.services import approval_links, directory, releases
from servicehall.services.work import Recorded, Work
from servicehall.texts import N_, _, fill, pick, use_locale

DIGEST = timedelta(seconds=60)


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

DEFAULTS: dict[str, tuple[str, str]] = {
    "approval_requested": (N_("{number}: please decide"), N_("{requester} asks for “{title}”. Stage: {stage}.")),
    "approval_reminder": (
        N_("{number}: still waiting for you"),
        N_("“{title}” for {requester} waits for your decision."),
    ),
    "request_submitted": (N_("{number}: sent"), N_("“{title}” is on its way.")),
    "request_approved": (N_("{number}: approved"), N_("“{title}” was approved and is being worked on.")),
    "request_rejected": (N_("{number}: rejected"), N_("“{title}” was rejected.")),
    "request_returned": (N_("{number}: returned to you"), N_("“{title}” needs a change before it can go on.")),
    "request_resolved": (N_("{number}: done"), N_("“{title}” is done. If something is missing, reopen it.")),
    "request_cancelled": (N_("{number}: cancelled"), N_("“{title}” was cancelled.")),
    "request_on_hold": (N_("{number}: on hold"), N_("“{title}” is on hold.")),
    "comment_added": (N_("{number}: new comment"), N_("{actor} wrote something about “{title}”.")),
    "task_ready": (N_("{number}: {task}"), N_("A task of your group is ready. Due {due}.")),
    "task_assigned": (N_("{number}: {task} is yours"), N_("The task “{task}” was assigned to you. Due {due}.")),
    "task_returned": (
        N_("{number}: {task} is back in the queue"),
        N_("Whoever had the task “{task}” is no longer active; your group's queue has it again. Due {due}."),
    ),
    "task_failed": (N_("{number}: {task} failed"), N_("The task “{task}” failed and needs somebody.")),
    "clock_due_soon": (N_("{number}: due {due}"), N_("“{title}” is due {due}.")),
    "clock_breached": (N_("{number}: overdue"), N_("“{title}” was due {due}.")),
}


def tell(w: Work, recorded: Recorded) -> None:
    """The last reaction to every event: what it means to others."""
    teller = TELLERS.get(_key(recorded.event))
    if teller is None:
        return
    request = w.get(Request, recorded.subject)
    told = teller(w, recorded, request)
    if told is not None:
        _write(w, recorded, request, told)


def _key(event: Event) -> str:
    if isinstance(event, e.StateChanged):
        return f"request.{event.act}"
    if isinstance(event, e.TaskStateChanged):
        return f"task.{event.act}"
    return event.KIND


def _write(w: Work, recorded: Recorded, request: Request, told: Told) -> None:
    wanted = told.people - {recorded.actor}
    if not wanted:
        return
    known = directory.people(w.session, [*wanted, request.requester_id, request.beneficiary_id, recorded.actor])
    people = [known[one] for one in sorted(wanted) if one in known and known[one].active]
    texts = _texts(w, told.event, request.department)
    release = releases.load(w.session, request.release)
    for person in people:
        with use_locale(person.locale or settings().default_locale):
            names = {
                "number": request.number,
                "title": pick(release.service.get("title")),
                "requester": directory.name_of(known.get(request.requester_id)),
                "requested_for": directory.name_of(known.get(request.beneficiary_id)),
                "actor": directory.name_of(known.get(recorded.actor)),
                "url": settings().base_url + told.path_for(person.id),
                **{name: _plain(value, person) for name, value in told.names.items()},
            }
            subject, body = (fill(pick(text) if isinstance(text, Mapping) else _(text), names) for text in texts)
        _keep(w, recorded, request, person, told, subject[:300], body)
    if is_mail_set_up():
        mail(w, [person.id for person in people if wants_mail(person, told.event)])


def _keep(w: Work, recorded: Recorded, request: Request, person: Person, told: Told, subject: str, body: str) -> None:
    notice, mailed = new_id(), is_mail_set_up() and wants_mail(person, told.event)
    w.writer.add(
        Notice,
        id=notice,
        dedupe_key=f"{recorded.stream}:{recorded.sequence}:{told.event}:{person.id}",
        person_id=person.id,
        event=told.event,
        subject=subject,
        body=body,
        url=told.path_for(person.id),
        request_id=recorded.subject,
        created_at=w.at,
        mail=mailed,
    )
    if mailed and person.id in told.approvals:
        approval_links.issue(w, notice=notice, person=person.id, approval=told.approvals[person.id], request=request)


def mail(w: Work, people: Sequence[str]) -> None:
    """Asks for one mail a person and work: at once, or where another was asked for lately, at the digest's end."""
    asked: set[str] = w.memo.setdefault("mailed", set())
    fresh = [one for one in people if one not in asked]
    asked.update(fresh)
    lately = _told_lately(w, fresh)
    for person in fresh:
        w.writer.add_once(
            Outbox,
            id=new_id(),
            channel="mail",
            dedupe_key=_mail_key(person, w.at, "later" if person in lately else "now"),
            payload={"person": person, "notices_before": as_instant(w.at + DIGEST)},
            next_at=w.at + (DIGEST if person in lately else timedelta(0)),
            created_at=w.at,
        )
        w.awake = True


def _mail_key(person: str, at: datetime, when: str) -> str:
    return f"mail:{person}:{int(at.timestamp() // DIGEST.total_seconds())}:{when}"


def is_mail_set_up() -> bool:
    """Without a mail server people are told in the page only: no mail is made, none waits and none fails."""
    return bool(settings().smtp_url)


def wants_mail(person: Person, event: str) -> bool:
    """Mail is on unless the person switched it off, for all or for this event."""
    mail = person.preferences.get("mail", {})
    return bool(mail.get("all", True)) and bool(mail.get(event, True))


def _told_lately(w: Work, people: Sequence[str]) -> frozenset[str]:
    """Of these people those for whom another mail was asked for within the digest's while."""
    keys = [_mail_key(one, at, when) for one in people for at in (w.at, w.at - DIGEST) for when in ("now", "later")]
    if not keys:
        return frozenset()
    asked = select(Outbox.dedupe_key).where(Outbox.dedupe_key.in_(keys), Outbox.created_at > w.at - DIGEST)
    return frozenset(key.split(":")[1] for key in w.session.scalars(asked))


def _texts(w: Work, event: str, department: str) -> tuple[Any, Any]:
    """The published texts of the department, else the shared ones, else ours."""
    if "notifications" not in w.memo:
        rows = w.session.execute(
            select(Document.department, Document.body).where(
                Document.kind == "notification", Document.state == "published"
            )
        ).all()
        w.memo["notifications"] = {
            (owner, body["event"]): (body["subject"], body["body"]) for owner, body in rows if body
        }
    known = w.memo["notifications"]
    found = known.get((department, event)) or known.get(("shared", event)) or DEFAULTS[event]
    return found[0], found[1]


def _plain(value: Any, person: Person) -> str:
    """A value in the reader's words: titles in their language, moments in their zone."""
    if isinstance(value, Mapping):
        return pick(value)
    if hasattr(value, "astimezone"):
        local = value.astimezone(directory.zone_of(person, settings().default_time_zone))
        return str(local.strftime("%Y-%m-%d %H:%M"))
    return str(value)


# --- who is told what ----------------------------------------------------------------------------------------


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
    clock = next(iter(act for act in event.did if "notify" in act))
    kind = "clock_breached" if clock.get("late") else "clock_due_soon"
    due = w.get(Clock, event.clock).due_at
    return Told(kind, people, f"/requests/{request.number}", {"due": due or "—"})


TELLERS: dict[str, Teller] = {
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
