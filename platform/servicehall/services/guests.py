"""One task by link, for somebody without an account: they read it with what it shows, fill in its form and complete it.

Whoever may work on the task gives the link, to one address, for some days; another link ends the one before. It is of
use until the task has ended, it expires, somebody takes it back, or whoever gave it has left. Secret answers are never
shown by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.clock import as_instant
from servicehall.domain import events as e
from servicehall.domain import fulfilment as rules
from servicehall.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from servicehall.models.base import db, new_id, reading
from servicehall.models.directory import Person
from servicehall.models.fulfilment import GuestLink, Task
from servicehall.models.operations import Outbox
from servicehall.models.requests import Request
from servicehall.services import answers, contexts, notifications, releases, secret_links, tasks
from servicehall.services.releases import Release
from servicehall.services.requests import COMMENT_LENGTH, family_of
from servicehall.services.submission import stream_of
from servicehall.services.task_texts import shows_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, read_content, work
from servicehall.texts import LOCALES, _

PURPOSE = "task"
ACTOR = "guest:"
DAYS = 14
MOST_DAYS = 60
FOR_COLLEAGUES = ("person", "group", "file")
"""Types of field that a guest cannot fill in: they look into the directory, or upload."""


@dataclass(frozen=True)
class Guest:
    """What a link leads to, for as long as it is of use."""

    link: GuestLink
    task: Task
    row: Request
    release: Release

    @property
    def actor(self) -> str:
        return ACTOR + self.link.id


def may_give(task: Task, row: Request, viewer: Viewer) -> bool:
    """Whoever may complete the task by hand, where its form asks for nothing that only colleagues can give."""
    release = releases.load(viewer.session, row.release)
    return "complete" in tasks.acts_of(task, row, viewer) and not _for_colleagues(release, task)


def give(task: Task, *, address: str, days: int, locale: str, viewer: Viewer, at: datetime) -> str:
    """Gives a link for the task, in the place of one that was given before; mails it where mail is set up.

    Returns the link's id. Errors: Forbidden, Conflict where the task cannot be done by a guest now, Invalid.
    """
    _refuse(address, days, locale)
    with tasks.over(task, viewer, at) as (w, row, now):
        release = releases.load(w.session, row.release)
        rules.next_task_state(now.state, "complete", facts=tasks.facts_of(now))
        if _for_colleagues(release, now):
            raise Conflict(_("This task's form asks for colleagues or files, which a guest cannot give."))
        _end(w, now, {"code": "link_replaced"})
        link_id = new_id()
        w.record(
            stream_of(row.id),
            e.LinkGiven(
                link=link_id,
                task=now.id,
                hash=secret_links.hash_of(secret_links.secret_of(PURPOSE, link_id)),
                address=w.keep({"email": address.strip()}),
                locale=locale,
                expires_at=as_instant(at + timedelta(days=days)),
            ),
        )
        if notifications.is_mail_set_up():
            key = f"guest-link:{link_id}"
            Outbox.add(
                w.session, channel="guest_link", dedupe_key=key, payload={"link": link_id}, at=at, request_id=row.id
            )
            w.awake = True
    return link_id


def take_back(task: Task, *, viewer: Viewer, at: datetime) -> None:
    """Ends the task's link at once; Conflict where there is none."""
    with work(family_of(viewer.session.get_one(Request, task.request_id)), actor=viewer.id, at=at) as w:
        now = w.get(Task, task.id)
        if not tasks.may_work(now, viewer):
            raise Forbidden(_("This task belongs to another group."))
        if not _end(w, now, {"code": "link_taken_back"}):
            raise Conflict(_("There is no link to take back."))


def live_link(session: Session, task: Task, at: datetime) -> GuestLink | None:
    """The link by which the task may be done now; that of somebody who has left is of no use any more."""
    if task.state not in ("ready", "in_progress"):
        return None
    live = (GuestLink.task_id == task.id, GuestLink.ended_at.is_(None), GuestLink.expires_at > at, Person.active)
    return session.scalars(select(GuestLink).join(Person, Person.id == GuestLink.given_by_id).where(*live)).first()


def address_of(session: Session, link: GuestLink) -> str:
    return str((read_content(session, link.address) or {}).get("email", ""))


def url_of(link: GuestLink) -> str | None:
    """Where the link leads; None where it was made with another key than the installation has now."""
    secret = secret_links.secret_of(PURPOSE, link.id)
    return f"{config.current().base_url}/guest?key={secret}" if secret_links.hash_of(secret) == link.hash else None


def open_link(secret: str, *, at: datetime) -> Guest:
    """What the link leads to; NotFound, never a hint why, for one that is of no use."""
    session: Session = db.session()
    link, task = _find(secret)
    live = live_link(session, task, at) if task is not None else None
    if link is None or task is None or live is None or live.id != link.id:
        raise NotFound(_("Open the whole link from the newest mail, or ask whoever gave it to you for another one."))
    row = session.get_one(Request, task.request_id, populate_existing=True)
    return Guest(link, task, row, releases.load(session, row.release))


def used_link(secret: str) -> GuestLink | None:
    """The link of this secret where the task was completed by it."""
    link, task = _find(secret)
    return link if link is not None and task is not None and task.done_by_id == ACTOR + link.id else None


def _find(secret: str) -> tuple[GuestLink | None, Task | None]:
    """The link of this secret with its task, of use or not."""
    found = select(GuestLink).where(GuestLink.hash == secret_links.hash_of(secret))
    link = db.session.scalars(found.execution_options(populate_existing=True)).first()
    return link, db.session.get_one(Task, link.task_id, populate_existing=True) if link is not None else None


def shown(guest: Guest) -> dict[str, Any]:
    """The answers that the task shows, without those that are secret."""
    session: Session = db.session()
    kinds = answers.classifications(guest.release)
    wanted = {key for key in shows_of(guest.release, guest.task) if kinds.get(key) != "secret"}
    return {key: value for key, value in contexts.answers_of(session, guest.row).items() if key in wanted}


def complete(secret: str, *, given: Mapping[str, Any], comment: str | None, at: datetime) -> None:
    """The guest has done the task; the event says by which link, who gave it, and to which address."""
    with reading():
        guest = open_link(secret, at=at)
        family, task_id, actor = family_of(guest.row), guest.task.id, guest.actor
        db.session.rollback()
    text = (comment or "").strip()
    if len(text) > COMMENT_LENGTH:
        raise Invalid(problems=[Problem("comment", "too_long", _("At most {n} characters.", n=COMMENT_LENGTH))])
    with work(family, actor=actor, at=at) as w:
        guest = open_link(secret, at=at)
        now, row = w.get(Task, task_id), w.get(Request, guest.row.id)
        if row.state == "on_hold":
            raise Conflict(_("The request is on hold."))
        kept = tasks.check_form(w, row, now, given, author=actor)
        link = guest.link
        why = {"code": "done_by_guest", "link": link.id, "given_by": link.given_by_id, "address": link.address}
        said = w.keep({"body": text}) if text else None
        w.record(stream_of(row.id), e.TaskCompleted(task=now.id, answers=kept, comment=said, why=why))


def _end(w: Work, task: Task, why: dict[str, Any]) -> bool:
    """Ends what links of the task are of use; whether there were any."""
    live = [one for one in w.of(GuestLink, task.request_id) if one.task_id == task.id and one.ended_at is None]
    for one in live:
        w.record(stream_of(task.request_id), e.LinkEnded(link=one.id, task=task.id, why=why))
    return bool(live)


def _for_colleagues(release: Release, task: Task) -> bool:
    form = release.task_form(task.key) if task.undoes is None else None
    return form is not None and any(
        one.type in FOR_COLLEAGUES for field in form.fields for one in (field, *field.inner_fields())
    )


def _refuse(address: str, days: int, locale: str) -> None:
    problems = []
    try:
        validate_email(address.strip(), check_deliverability=False)
    except EmailNotValidError:
        problems.append(Problem("address", "invalid", _("This is not a mail address.")))
    if not 1 <= days <= MOST_DAYS:
        problems.append(Problem("days", "range", _("Between 1 and {most} days.", most=MOST_DAYS)))
    if locale not in LOCALES:
        problems.append(Problem("locale", "choice", _("Choose one of {names}.", names=", ".join(LOCALES))))
    if problems:
        raise Invalid(_("The link cannot be given like this."), problems)
