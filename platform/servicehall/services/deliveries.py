"""What leaves the house: from an outbox row to a channel, and what its arrival or its end means for the records.

A delivery reads first, hands over with no transaction open, and settles together with what it writes.
`channels.delivery.Failed` means again later, `channels.delivery.Refused` means never.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.channels import CHANNELS
from servicehall.channels.delivery import Failed, Refused
from servicehall.channels.mail import Mail, Part
from servicehall.channels.webhook import Call, secret_of
from servicehall.clock import parse_instant
from servicehall.content import sha256
from servicehall.models.base import begin_writing, db, reading
from servicehall.models.directory import Person
from servicehall.models.fulfilment import GuestLink, Task
from servicehall.models.notices import ApprovalLink, Notice
from servicehall.models.requests import Request
from servicehall.services import approval_links, automation, directory, guests, releases, reporting
from servicehall.services.task_texts import titles_of
from servicehall.texts import N_, _, use_locale

MOST_NOTICES = 50
LANGUAGES = {"en": "en", "zh": "zh-Hans"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt at one outbox row.

    `key` is the same for every attempt, `attempt` counts from 1, `last` says that no further one follows by itself;
    `settle(session)` marks the row done within the caller's transaction, or stops it where somebody else owns it now.
    """

    payload: Mapping[str, Any]
    key: str
    attempt: int
    last: bool
    at: datetime
    settle: Callable[[Session], None]


def deliver_mail(one: Delivery) -> None:
    """One mail with everything that a person was not mailed yet; somebody inactive gets none."""
    session: Session = db.session()
    with reading():
        person = session.get(Person, one.payload["person"], populate_existing=True)
        notices = _unmailed(session, one)
        mail = _compose(person, notices, one.at) if person is not None and person.active and notices else None
        session.rollback()
    if mail is not None:
        _send(mail)
    begin_writing(session)
    one.settle(session)
    done = {"mailed_at": one.at} if mail is not None else {"mail": False}
    session.execute(
        update(Notice).where(Notice.id.in_([notice.id for notice in notices])).values(done),
        execution_options={"synchronize_session": False},
    )
    session.commit()


def _send(mail: Mail) -> None:
    """Hands a mail to the server; Refused where none is set, so that it waits and administrators see it."""
    settings = config.current()
    if not settings.smtp_url:
        raise Refused(N_("no mail server is set (SERVICEHALL_SMTP_URL): the mail waits"))
    CHANNELS["mail"](mail, smtp_url=settings.smtp_url, sender=settings.mail_from)


def deliver_guest_link(one: Delivery) -> None:
    """The link by which somebody outside does one task, in the language that was chosen; one that ended is not sent."""
    session: Session = db.session()
    with reading():
        mail = _guest_mail(session, one)
        session.rollback()
    if mail is not None:
        _send(mail)
    begin_writing(session)
    one.settle(session)
    session.commit()


def _guest_mail(session: Session, one: Delivery) -> Mail | None:
    link = session.get(GuestLink, one.payload["link"], populate_existing=True)
    task = session.get_one(Task, link.task_id, populate_existing=True) if link is not None else None
    live = guests.live_link(session, task, one.at) if task is not None else None
    if link is None or task is None or live is None or live.id != link.id:
        return None
    url, address = guests.url_of(link), guests.address_of(session, link)
    if url is None or not address:
        return None
    row = session.get_one(Request, task.request_id)
    with use_locale(link.locale):
        title = titles_of(session, releases.load(session, row.release), [task])[task.id]
        giver = directory.name_of(directory.find(session, link.given_by_id))
        said = {"giver": giver, "task": title, "company": config.current().company}
        return Mail(
            key=sha256(link.id.encode())[:40],
            to=address,
            name="",
            subject=_("{company}: {task}", **said),
            parts=[
                Part(_("{giver} asks you to do this for {company}: {task}", **said)),
                Part(
                    _(
                        "The link below opens it; no account is needed. It is for you alone, until {day}.",
                        day=f"{link.expires_at:%Y-%m-%d}",
                    ),
                    link=url,
                ),
            ],
            link_text=_("Open the task"),
            footer=_("Sent by Servicehall. If you did not expect this, you need not do anything."),
            language=LANGUAGES.get(link.locale[:2], link.locale),
            at=one.at,
        )


def deliver_webhook(one: Delivery) -> None:
    """A call to a system by its name; where it does a task, its answer is the task's."""
    task_id = one.payload.get("task")
    if task_id is None:
        _call(one)
        return
    if not automation.is_waiting(task_id):
        return
    try:
        _call(one)
    except Refused as error:
        automation.give_up(task_id, reason=str(error), at=one.at, settle=one.settle)
    except Failed as error:
        if not one.last and one.attempt <= automation.retries_of(task_id):
            raise
        automation.give_up(task_id, reason=str(error), at=one.at, settle=one.settle)
    else:
        automation.succeed(task_id, at=one.at, settle=one.settle)


def deliver_report(one: Delivery) -> None:
    """A report to be drawn and stored."""
    reporting.make_report_now(one.payload, one.settle)


DELIVERIES: dict[str, Callable[[Delivery], None]] = {
    "mail": deliver_mail,
    "guest_link": deliver_guest_link,
    "webhook": deliver_webhook,
    "report": deliver_report,
}
"""Channel of an outbox row → what delivers it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as it is mailed; `decide_until` where its link lets one decide."""

    id: str
    subject: str
    body: str
    url: str
    decide_until: datetime | None = None

    def part(self, heading: str, zone: tzinfo) -> Part:
        if self.decide_until is None:
            return Part(self.body, heading, self.url)
        until = f"{self.decide_until.astimezone(zone):%Y-%m-%d %H:%M}"
        note = _("The link is for you alone, until {until}: do not pass this mail on.", until=until)
        return Part(f"{self.body}\n{note}", heading, self.url, _("Look at it and decide"))


def _unmailed(session: Session, one: Delivery) -> list[Told]:
    rows = session.execute(
        select(Notice, ApprovalLink)
        .outerjoin(ApprovalLink, ApprovalLink.id == Notice.id)
        .where(
            Notice.person_id == one.payload["person"],
            Notice.mail,
            Notice.mailed_at.is_(None),
            Notice.created_at <= parse_instant(one.payload["notices_before"]),
        )
        .order_by(Notice.created_at, Notice.id)
    )
    return [_told(notice, link, one.at) for notice, link in rows]


def _told(notice: Notice, link: ApprovalLink | None, at: datetime) -> Told:
    url = approval_links.url_of(link) if link is not None and link.ended_at is None and link.expires_at > at else None
    if link is not None and url is not None:
        return Told(notice.id, notice.subject, notice.body, url, link.expires_at)
    return Told(notice.id, notice.subject, notice.body, config.current().base_url + notice.url if notice.url else "")


def _compose(person: Person, notices: Sequence[Told], at: datetime) -> Mail:
    """A single notice as it is; many under one subject. The same notices make the same key."""
    locale = person.locale or config.current().default_locale
    with use_locale(locale):
        many = len(notices) > 1
        zone = directory.zone_of(person, config.current().default_time_zone)
        parts = [told.part(told.subject if many else "", zone) for told in notices[:MOST_NOTICES]]
        if len(notices) > MOST_NOTICES:
            rest = _("And {n} more.", n=len(notices) - MOST_NOTICES)
            parts.append(Part(rest, link=config.current().base_url))
        return Mail(
            key=sha256("".join(told.id for told in notices).encode())[:40],
            to=person.email,
            name=directory.name_of(person),
            subject=_("{n} messages for you", n=len(notices)) if many else notices[0].subject,
            parts=parts,
            link_text=_("Open in Servicehall"),
            footer=_("Sent by Servicehall. You choose in your profile what is mailed to you."),
            language=LANGUAGES.get(locale[:2], locale),
            at=at,
        )


def _call(one: Delivery) -> None:
    settings = config.current()
    name = one.payload["name"]
    url = settings.webhooks.get(name)
    if url is None:
        raise Refused(N_("no webhook “{name}” is set (SERVICEHALL_WEBHOOKS)"), name=name)
    CHANNELS["webhook"](
        Call(url=url, key=one.key, body=one.payload, at=one.at),
        secret=secret_of(settings.secret_key, name),
        networks=settings.webhook_networks,
    )
