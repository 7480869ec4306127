"""Telling people of events in their language, in the page and by mail; never who did it. `recipients` says to whom.

Every notice is a row of the page. Mail is a digest: what is told to one person within the same short while goes out
as one mail, made by the mail channel from the notices that were not mailed yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from servicehall.clock import as_instant
from servicehall.config import current as settings
from servicehall.models.base import new_id
from servicehall.models.definitions import Document
from servicehall.models.directory import Person
from servicehall.models.notices import Notice
from servicehall.models.operations import Outbox
from servicehall.models.requests import Request
from servicehall.services import approval_links, directory, releases
from servicehall.services.recipients import Told, told_of
from servicehall.services.work import Recorded, Work
from servicehall.texts import N_, _, fill, pick, use_locale

DIGEST = timedelta(seconds=60)


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
    told = told_of(w, recorded)
    if told is not None:
        _write(w, recorded, w.get(Request, recorded.subject), told)


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
