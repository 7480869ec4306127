"""Erasing a person by law: what is recorded of them and what they wrote goes, tombstones stay, and every chain holds.

The person first, in one work that says so for ever; then each request in a work of its own. It may be begun again
where it was cut off: what is gone already is passed over.

| what | of whom |
|---|---|
| attributes, notices, tokens, uploads | the person |
| comments, reasons, signatures, names of attached files, tasks added by hand | whoever wrote them is the person |
| addresses to which links were given | whoever gave them is the person |
| answers that the form calls personal or secret | the request is for the person |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, false, or_, select
from sqlalchemy.orm import Session

from servicehall.domain import events as e
from servicehall.errors import Conflict, NotFound
from servicehall.forms import CompiledForm
from servicehall.models.base import begin_writing, db
from servicehall.models.directory import Person, is_erased
from servicehall.models.files import StoredReport, Upload
from servicehall.models.fulfilment import Task
from servicehall.models.log import ContentRow, EventRow
from servicehall.models.notices import Notice
from servicehall.models.operations import OPEN, IdempotencyKey, Outbox
from servicehall.models.requests import Participant, Request
from servicehall.models.tokens import ApiToken
from servicehall.services import directory, files, handovers, releases, reporting
from servicehall.services.releases import Release
from servicehall.services.requests import family_of
from servicehall.services.submission import stream_of
from servicehall.services.work import Work, read_contents, work
from servicehall.texts import _

PRIVATE = ("personal", "secret")
MAY_STAY_AS_THEY_ARE = ("draft", "closed", "rejected", "cancelled")
WRITTEN = {"request.commented": "content", "request.attached": "content", "task.link_given": "address"}
ANSWERED = ("request.created", "request.answers_changed", "request.submitted")
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom an erasure is about, and the requests that it reaches."""

    person: str
    name: str
    email: str
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased: requests touched, contents made tombstones, files taken away."""

    person: str
    requests: int
    contents: int
    files: int


def plan(session: Session, email: str) -> Plan:
    """What would be erased, for the question that is asked before; an erasure that was cut off is found by the address
    `erased-<id>` that stands in the place of the old one.

    Errors: NotFound; Conflict for somebody who is active, or for or by whom something is still open.
    """
    row = directory.by_email(session, email)
    if row is None:
        raise NotFound(_("Nobody has the email {email}.", email=email))
    if row.active:
        raise Conflict(
            _("{email} is active. Deactivate this person first, and let the work be handed over.", email=email)
        )
    open_ones = _still_open(session, row.id)
    if open_ones:
        raise Conflict(_("Still open: {numbers}. End these first.", numbers=", ".join(open_ones)))
    return Plan(row.id, row.name, row.email, tuple(_requests_of(session, row.id)))


def erase(wanted: Plan, *, actor: str, at: datetime, progress: Progress = lambda requests: None) -> Erased:
    """Erases; not to be undone. `progress` is told of every request that is done."""
    session: Session = db.session()
    uploaded = set(session.scalars(select(Upload.sha256).where(Upload.person_id == wanted.person)))
    session.rollback()
    contents = _erase_person(wanted, actor, at)
    for request_id in wanted.requests:
        more, named = _erase_in_request(request_id, wanted.person, actor, at)
        contents += more
        uploaded |= named
        progress(1)
    gone = _forget_files(session, uploaded)
    reporting.drop_reports([*wanted.requests, *_seen_by(session, wanted.person)])
    return Erased(wanted.person, len(wanted.requests), contents, gone)


# --- the person ----------------------------------------------------------------------------------------------


def _erase_person(wanted: Plan, actor: str, at: datetime) -> int:
    stream = f"person/{wanted.person}"
    with work(stream, actor=actor, at=at) as w:
        _clean_operations(w.session, wanted)
        if is_erased(w.get(Person, wanted.person)):
            return 0
        recorded = select(EventRow.body).where(EventRow.stream == stream, EventRow.kind == "person.recorded")
        gone = w.erase(body["content"] for body in w.session.scalars(recorded))
        w.record(stream, e.PersonErased(person=wanted.person, erased=gone))
    return len(gone)


def _clean_operations(session: Session, wanted: Plan) -> None:
    """What was told to them, what told others of them by name, and what let them in."""
    row = session.get_one(Person, wanted.person)
    names = [one for one in (row.name, row.name_zh, row.email) if one and not is_erased(row)]
    spoken_of = or_(
        false(),
        *(column.contains(one, autoescape=True) for one in names for column in (Notice.subject, Notice.body)),
    )
    about = Notice.request_id.in_(wanted.requests) & spoken_of
    finished = Outbox.state != OPEN
    for statement in (
        delete(Notice).where(or_(Notice.person_id == wanted.person, about)),
        delete(ApiToken).where(ApiToken.person_id == wanted.person),
        delete(IdempotencyKey).where(IdempotencyKey.person_id == wanted.person),
        delete(Upload).where(Upload.person_id == wanted.person),
        delete(Outbox).where(finished, Outbox.dedupe_key.startswith(f"mail:{wanted.person}:")),
        delete(Outbox).where(finished, Outbox.channel == "webhook", Outbox.request_id.in_(wanted.requests)),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


# --- one request ---------------------------------------------------------------------------------------------


def _erase_in_request(request_id: str, person: str, actor: str, at: datetime) -> tuple[int, set[str]]:
    """Gives how many contents were erased, and the files that they named."""
    session: Session = db.session()
    family = family_of(session.get_one(Request, request_id))
    session.rollback()
    with work(family, actor=actor, at=at) as w:
        row = w.get(Request, request_id)
        events = w.all(select(EventRow).where(EventRow.stream == stream_of(request_id)).order_by(EventRow.sequence))
        hashes = set(_written_by(events, person))
        left: dict[str, Any] | None = None
        keys: list[str] = []
        if row.beneficiary_id == person:
            private, left, keys = _private_answers(w, row, events)
            hashes |= private
        named = {one for value in read_contents(w.session, sorted(hashes)).values() for one in _files_in(value)}
        gone = w.erase(hashes)
        if gone or not _was_said(events, person):
            kept = w.keep(left) if left is not None else None
            w.record(
                stream_of(request_id),
                e.RequestErased(person=person, erased=gone, content=kept, keys=keys or None),
            )
    return len(gone), named


def _written_by(events: Iterable[EventRow], person: str) -> Iterator[str]:
    """The contents in which somebody wrote: comments, reasons, signatures, names of files, tasks added by hand."""
    for one in events:
        if one.actor == person:
            yield from (task["said"] for task in one.body.get("tasks", ()) if task.get("said"))
            field = WRITTEN.get(one.kind, "comment")
            yield from (found for name in (field, "signature") if (found := one.body.get(name)))


def _private_answers(
    w: Work, row: Request, events: Iterable[EventRow]
) -> tuple[set[str], dict[str, Any] | None, list[str]]:
    """Every version of the answers that holds private ones; what is left of the present version, and what is not."""
    release = releases.load(w.session, row.release)
    private = _private_keys(release.form)
    versions = {one.body["content"] for one in events if one.kind in ANSWERED}
    filled = {one.body["answers"] for one in events if one.kind == "approval.decided" and one.body.get("answers")}
    values = read_contents(w.session, sorted(versions | filled))
    hashes = {one for one in versions | filled if private & set(values.get(one) or ())}
    hashes |= set(_task_contents(w, release, events))
    now = values.get(row.content) or {}
    gone = sorted(private & set(now))
    if not gone:
        return hashes - {row.content}, None, []
    return hashes, {key: value for key, value in now.items() if key not in private}, gone


def _task_contents(w: Work, release: Release, events: Iterable[EventRow]) -> Iterator[str]:
    """What was filled in when tasks were done and holds private answers; reasons that may repeat an answer."""
    done = {
        one.body["task"]: one.body["answers"]
        for one in events
        if one.kind == "task.completed" and one.body.get("answers")
    }
    keys = dict(w.rows(select(Task.id, Task.key).where(Task.id.in_(done))))
    values = read_contents(w.session, sorted(done.values()))
    for task, sha256 in done.items():
        form = release.task_form(keys[task])
        if form is not None and _private_keys(form) & set(values.get(sha256) or ()):
            yield sha256
    for one in events:
        if (one.body.get("why") or {}).get("code") == "child_refused" and one.body.get("comment"):
            yield one.body["comment"]


def _private_keys(form: CompiledForm) -> set[str]:
    return {field.key for field in form.fields if field.classification in PRIVATE}


def _was_said(events: Iterable[EventRow], person: str) -> bool:
    return any(one.kind == "request.erased" and one.body["person"] == person for one in events)


# --- what is reached -----------------------------------------------------------------------------------------


def _still_open(session: Session, person: str) -> list[str]:
    """Numbers of requests that are not ended, by or for somebody, or in which something lies in their hands."""
    theirs = select(Request.number).where(
        Request.state.not_in(MAY_STAY_AS_THEY_ARE),
        or_(Request.requester_id == person, Request.beneficiary_id == person),
    )
    held = select(Request.number).where(Request.id.in_(handovers.in_hand(session, person)))
    return sorted({*session.scalars(theirs), *session.scalars(held)})


def _requests_of(session: Session, person: str) -> list[str]:
    """The requests by or for somebody, and those in which they did something; this reads the whole log once."""
    theirs = select(Request.id).where(or_(Request.requester_id == person, Request.beneficiary_id == person))
    did = select(EventRow.stream).where(EventRow.actor == person, EventRow.stream.startswith("request/")).distinct()
    acted = {stream.removeprefix("request/") for stream in session.scalars(did)}
    return sorted({*session.scalars(theirs), *acted})


def _seen_by(session: Session, person: str) -> list[str]:
    """Requests with a print that may carry their name."""
    part = select(Participant.request_id).where(Participant.person_id == person)
    return list(session.scalars(select(StoredReport.subject).where(StoredReport.subject.in_(part)).distinct()))


# --- files ---------------------------------------------------------------------------------------------------


def _files_in(value: Any) -> Iterator[str]:
    """The files that a content names, wherever they stand in it."""
    if isinstance(value, Mapping):
        if {"sha256", "name"} <= value.keys():
            yield str(value["sha256"])
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _files_in(one)


def _forget_files(session: Session, hashes: Iterable[str]) -> int:
    """Takes away the bytes that nobody else uploaded and that no content names any more."""
    gone = 0
    for sha256 in sorted(hashes):
        begin_writing(session)
        elsewhere = (
            select(Upload.sha256).where(Upload.sha256 == sha256),
            select(ContentRow.sha256).where(ContentRow.data.contains(sha256)),
        )
        if not any(session.scalar(one.limit(1)) for one in elsewhere):
            files.forget_bytes(sha256)
            gone += 1
        session.rollback()
    return gone
