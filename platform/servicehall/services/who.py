"""Who would be asked: a service, a person and answers, today or with directory and documents as they were at a moment.

The engine is that of the preview before sending; a past moment is rebuilt from the log, and no table is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.domain.conditions import RequestFacts
from servicehall.errors import Forbidden, Invalid, NotFound, Problem
from servicehall.models.directory import Person
from servicehall.models.log import EventRow
from servicehall.models.requests import Request
from servicehall.services import catalog, contexts, directory, releases
from servicehall.services.answers import Shown, mask
from servicehall.services.beneficiaries import beneficiary_of
from servicehall.services.catalog import Preview
from servicehall.services.past import as_it_was
from servicehall.services.releases import Release, may_order, viewer_context
from servicehall.services.remembering import standing_still
from servicehall.services.submission import new_facts, stream_of
from servicehall.services.unpublished import Known, without_private_facts
from servicehall.services.visibility import Viewer, request_for
from servicehall.services.work import read_content
from servicehall.texts import _


@dataclass(frozen=True)
class Question:
    """`service` is `department/key`, people are addresses; `at` is a moment that is over, None means now.

    `facts` are those of a request that was made, else impact and urgency count.
    """

    service: str
    person: str
    answers: Mapping[str, Any]
    requested_for: str | None = None
    at: datetime | None = None
    impact: str | None = None
    urgency: str | None = None
    facts: RequestFacts | None = None


@dataclass(frozen=True)
class Answer:
    """What would come of it: `allowed` says whether the person could order it at all, for whom it is."""

    service: str
    version: int
    at: datetime
    person: Person
    requested_for: Person
    allowed: bool
    answers: Shown
    preview: Preview


def may_ask(viewer: Viewer, service: str) -> None:
    """NotFound but for auditors and whoever authors the documents of the service's department."""
    if not viewer.is_auditor and not viewer.may_author(service.partition("/")[0]):
        raise NotFound(_("There is no such service."))


def known_to(viewer: Viewer) -> Known:
    """Auditors know everybody whole; an author knows of others what any colleague may know."""
    return lambda person: person if viewer.is_auditor or person.id == viewer.id else without_private_facts(person)


def who(session: Session, question: Question, *, now: datetime, known: Known = lambda person: person) -> Answer:
    """Who would be asked, and why. Secret answers are masked.

    Errors: NotFound where the service was not published, or the person not in the directory; Invalid for a moment
    that is to come.
    """
    if question.at is not None and question.at > now:
        text = _("This moment is still to come.")
        raise Invalid(text, [Problem("at", "range", text)])
    at = question.at or now
    with _directory(session, question.at) as then, standing_still():
        release = _published(session, then, question.service)
        person = _somebody(then, question.person, "person")
        viewer = Viewer(then, known(person))
        beneficiary, allowed = _beneficiary(viewer, release, question.requested_for)
        facts = question.facts or new_facts(release, at=at, impact=question.impact, urgency=question.urgency)
        found = catalog.preview(
            viewer,
            release,
            question.answers,
            beneficiary=viewer.person if beneficiary.id == person.id else known(beneficiary),
            at=at,
            facts=facts,
            known=question.answers if question.facts is not None else None,
        )
        return Answer(
            service=release.reference,
            version=release.version,
            at=at,
            person=person,
            requested_for=beneficiary,
            allowed=allowed and may_order(release, viewer_context(viewer, at)),
            answers=mask(release, found.checked.answers, secrets=frozenset()),
            preview=found,
        )


def about(viewer: Viewer, number: str, *, at: datetime | None = None) -> Question:
    """The question of a request that the viewer may see whole, as it was sent last by that moment (None: ever)."""
    row = request_for(viewer, number)
    sent = _as_sent(viewer.session, row, at)
    people = directory.people(viewer.session, [row.requester_id, row.beneficiary_id])
    return Question(
        service=row.service,
        person=people[row.requester_id].email,
        requested_for=people[row.beneficiary_id].email,
        answers=read_content(viewer.session, sent[1]) or {},
        at=at or sent[0],
        facts=replace(contexts.request_facts(row), created_at=row.created_at),
    )


def _as_sent(session: Session, row: Request, at: datetime | None) -> tuple[datetime, str]:
    """When it was sent last, and the content that was sent; as it was made, where it was not sent by then."""
    sent = select(EventRow.at, EventRow.body).where(
        EventRow.stream == stream_of(row.id), EventRow.kind == "request.submitted"
    )
    if at is not None:
        sent = sent.where(EventRow.at <= at)
    last = session.execute(sent.order_by(EventRow.sequence.desc()).limit(1)).first()
    return (last.at, last.body["content"]) if last is not None else (row.created_at, row.content)


@contextmanager
def _directory(session: Session, at: datetime | None) -> Iterator[Session]:
    if at is None:
        yield session
        return
    with as_it_was(session, at) as beside:
        yield beside


def _published(live: Session, then: Session, reference: str) -> Release:
    digest = releases.current_digest(then, reference)
    if digest is None:
        raise NotFound(_("There is no such service."))
    return releases.load(live, digest)


def _somebody(session: Session, email: str, path: str) -> Person:
    found = directory.by_email(session, email)
    if found is None:
        text = _("There is no person with this address.")
        raise Invalid(text, [Problem(path, "unknown", text)])
    return found


def _beneficiary(viewer: Viewer, release: Release, email: str | None) -> tuple[Person, bool]:
    """For whom it is, and whether the service lets the person order for them."""
    try:
        return beneficiary_of(viewer, release, email), True
    except Forbidden:
        return _somebody(viewer.session, str(email), "requested_for"), False
