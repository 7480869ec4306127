"""Telling authors and reviewers what becomes of a draft: in the page, and by mail where they want it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from servicehall.config import current as settings
from servicehall.models.base import new_id
from servicehall.models.definitions import Document
from servicehall.models.notices import Notice
from servicehall.services import directory
from servicehall.services.notifications import is_mail_set_up, mail, wants_mail
from servicehall.services.work import Work
from servicehall.texts import N_, _, pick, use_locale

TEXTS: Mapping[str, tuple[str, str]] = {
    "document_review": (N_("Please review: {title}"), N_("{actor} asks for a review of {name}.")),
    "document_sent_back": (N_("Sent back: {title}"), N_("{actor} wants changes in {name} before it is published.")),
    "document_scheduled": (N_("Comes into use: {title}"), N_("{actor} has {name} published at {moment}.")),
    "document_published": (N_("Published: {title}"), N_("{name} is in use as version {version}.")),
    "document_failed": (N_("Not published: {title}"), N_("{name} could not be published at its date. {why}")),
}
LEADS_TO = {"document_review": "/publish"}


def tell(w: Work, event: str, row: Document, people: Collection[str], **names: Any) -> None:
    """One notice to each of these people who is active; what anybody wrote is read on the document's own page."""
    known = directory.people(w.session, [*people, w.actor])
    told = [known[one] for one in sorted(people) if one in known and known[one].active]
    subject, body = TEXTS[event]
    path = f"/studio/{row.kind}/{row.department}/{row.key}{LEADS_TO.get(event, '')}"
    title = (row.draft_body or row.body or {}).get("title")
    for person in told:
        with use_locale(person.locale or settings().default_locale):
            values = {
                "title": pick(title) or row.key,
                "name": f"{row.kind} {row.department}/{row.key}",
                "actor": directory.name_of(known.get(w.actor)),
                **names,
            }
            notice = {"subject": _(subject, **values)[:300], "body": _(body, **values)}
        w.writer.add(
            Notice,
            id=new_id(),
            dedupe_key=f"document/{row.id}:{w.at.timestamp()}:{event}:{person.id}",
            person_id=person.id,
            event=event,
            url=path,
            created_at=w.at,
            mail=is_mail_set_up() and wants_mail(person, event),
            **notice,
        )
    if is_mail_set_up():
        mail(w, [person.id for person in told if wants_mail(person, event)])
