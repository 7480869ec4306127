"""The verbs of a request: order, change, submit, recall, hold, release, resolve, reopen, close, cancel, say, attach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicehall.domain import events as e
from servicehall.domain.conditions import Context, RequestFacts
from servicehall.domain.lifecycle import Part, transition
from servicehall.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from servicehall.forms import Checked, merge
from servicehall.models.base import new_id, reading
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import contexts, departments, directory, releases
from servicehall.services.beneficiaries import beneficiary_of, new_beneficiary
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.submission import (
    create,
    keep_answers,
    new_facts,
    record_submission,
    refuse,
    refuse_draft,
    settled,
    stream_of,
)
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, work
from servicehall.texts import _

COMMENT_LENGTH = 10_000
SYSTEM = "system:requests"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks for: `service` is `department/key`, `requested_for` an email or nobody else than oneself."""

    service: str
    answers: Mapping[str, Any]
    requested_for: str | None = None
    priority: str | None = None
    impact: str | None = None
    urgency: str | None = None
    draft: bool = False


def family_of(request: Request) -> str:
    """The stream whose row locks the request's whole family."""
    return f"request/{request.root_id}"


def order(wish: Order, *, viewer: Viewer, at: datetime, request_id: str | None = None) -> str:
    """Makes a request, and submits it unless it is a draft. Returns its id, which the caller may have chosen.

    Errors: NotFound for a service that the viewer may not order, Invalid with every wrong answer, Forbidden for
    somebody whom one may not order for.
    """
    session = viewer.session
    with reading():
        release = releases.orderable(viewer, wish.service, at=at)
        beneficiary = beneficiary_of(viewer, release, wish.requested_for)
        facts = new_facts(release, at=at, priority=wish.priority, impact=wish.impact, urgency=wish.urgency)
        context = contexts.for_people(session, viewer.person, beneficiary, facts, at=at)
        checked = check_answers(session, release, wish.answers, context, author=viewer.id, draft=wish.draft)
        if wish.draft:
            refuse_draft(checked, wish.answers)
        else:
            facts = settled(release, facts, context, checked.answers, said=wish.priority)
            if facts != context.request:
                context = replace(context, request=facts)
                checked = check_answers(session, release, wish.answers, context, author=viewer.id)
            refuse(checked)
    request_id = request_id or new_id()
    with work(stream_of(request_id), actor=viewer.id, at=at, new=True) as w:
        create(w, request_id, release, facts, viewer.person, beneficiary, checked, root=request_id)
        if not wish.draft:
            record_submission(w, w.get(Request, request_id), release, checked)
    return request_id


def amend(
    request: Request, *, answers: Mapping[str, Any], viewer: Viewer, at: datetime, requested_for: str | None = None
) -> None:
    """Changes answers of a draft or a returned request; null clears one. Unchanged answers keep their hash.

    `requested_for` is the email of the person whom a draft is for from now on; a request that was sent keeps them.
    """
    with work(family_of(request), actor=viewer.id, at=at) as w:
        row = w.get(Request, request.id)
        _must_be_requester(row, viewer)
        if row.state not in ("draft", "returned"):
            raise Conflict(_("Answers can be changed only in a draft or a returned request."))
        release = releases.load(w.session, row.release)
        stored = w.content(row.content) or {}
        beneficiary = new_beneficiary(row, release, requested_for, viewer)
        facts, tasks = contexts.request_facts(row), contexts.task_answers(w.session, row.id)
        context = contexts.for_people(w.session, viewer.person, beneficiary, facts, at=at, tasks=tasks)
        draft, merged = row.state == "draft", merge(stored, answers)
        checked = check_answers(w.session, release, merged, context, author=viewer.id, previous=stored, draft=draft)
        refuse_draft(checked, answers) if draft else refuse(checked)
        keep_answers(w, row, checked, stored, beneficiary)


def submit(request: Request, *, viewer: Viewer, at: datetime) -> None:
    """Sends a draft or a returned request on its way; a draft is pinned to the service as it is now."""
    with work(family_of(request), actor=viewer.id, at=at) as w:
        row = w.get(Request, request.id)
        transition(row.state, "submit")
        _must_be_requester(row, viewer)
        release = releases.load(w.session, row.release)
        if row.state == "draft":
            release = _still_orderable(viewer, row.service, at=at)
            beneficiary_of(viewer, release, directory.person(w.session, row.beneficiary_id).email)
        stored = w.content(row.content) or {}
        context = contexts.for_request(w.session, row, at=at)
        checked = check_answers(w.session, release, stored, context, author=viewer.id, previous=stored)
        refuse(checked)
        keep_answers(w, row, checked, stored)
        if row.state == "draft":
            _settle_priority(w, row, settled(release, context.request, context, checked.answers))
        record_submission(w, w.get(Request, row.id), release, checked)


def _still_orderable(viewer: Viewer, service: str, *, at: datetime) -> releases.Release:
    """The release that a draft is sent with; Conflict, for the draft itself is there."""
    try:
        return releases.orderable(viewer, service, at=at)
    except NotFound as gone:
        raise Conflict(_("This service can no longer be ordered.")) from gone


def _settle_priority(w: Work, row: Request, facts: RequestFacts) -> None:
    """A draft's priority is that of the policy that counts when it is sent."""
    if facts.priority != row.priority:
        why = {"code": "policy"}
        event = e.PriorityChanged(priority=facts.priority, impact=row.impact, urgency=row.urgency, why=why)
        w.record(stream_of(row.id), event, actor=SYSTEM)


def recall(request: Request, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """Takes a request back until the last decision."""
    _act(request, "recall", viewer=viewer, at=at, comment=comment)


def hold(request: Request, *, viewer: Viewer, at: datetime, comment: str | None) -> None:
    _act(request, "hold", viewer=viewer, at=at, comment=comment)


def release(request: Request, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    _act(request, "release", viewer=viewer, at=at, comment=comment)


def resolve(request: Request, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """By hand only where no required task is open."""
    _act(request, "resolve", viewer=viewer, at=at, comment=comment, only_where=_required_tasks_are_done)


def reopen(request: Request, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    """Within the department's days after resolution."""
    _act(request, "reopen", viewer=viewer, at=at, comment=comment, only_where=_may_still_be_reopened)


def close(request: Request, *, viewer: Viewer, at: datetime, comment: str | None = None) -> None:
    _act(request, "close", viewer=viewer, at=at, comment=comment)


def cancel(request: Request, *, viewer: Viewer, at: datetime, comment: str | None) -> None:
    _act(request, "cancel", viewer=viewer, at=at, comment=comment)


ACTS = {
    "recall": recall,
    "hold": hold,
    "release": release,
    "resolve": resolve,
    "reopen": reopen,
    "close": close,
    "cancel": cancel,
}


def move(
    w: Work,
    request: Request,
    act: str,
    *,
    to: str | None = None,
    actor: str | None = None,
    comment: str | None = None,
    why: dict[str, Any] | None = None,
) -> None:
    """Records one act of the table; `to` where the table leaves a choice, `comment` is content."""
    row = transition(request.state, act)
    state = to or next(iter(row.to))
    w.record(
        stream_of(request.id),
        e.StateChanged(act=act, before=request.state, state=state, comment=comment, why=why),
        actor=actor,
    )


def close_when_due(w: Work, request_id: str) -> None:
    """The timer's verb: a request that is still resolved is closed by itself."""
    row = w.get(Request, request_id)
    if row.state == "resolved":
        move(w, row, "close", why={"code": "closed_by_time"})


def comment(request: Request, *, body: str, internal: bool, viewer: Viewer, at: datetime) -> str:
    """Says something; internal comments are for the owning department's agents. Returns the comment's id."""
    text = _clean(body, required=True)
    if internal and not viewer.is_agent_of(request):
        raise Forbidden(_("Only agents of the department write internal comments."))
    comment_id = new_id()
    with work(family_of(request), actor=viewer.id, at=at) as w:
        w.record(
            stream_of(request.id), e.Commented(comment=comment_id, content=w.keep({"body": text}), internal=internal)
        )
    return comment_id


def attach(request: Request, *, file: Mapping[str, Any], viewer: Viewer, at: datetime) -> str:
    """Attaches a stored file `{sha256, name, media_type, size}`. Returns the attachment's id."""
    attachment_id = new_id()
    with work(family_of(request), actor=viewer.id, at=at) as w:
        w.record(stream_of(request.id), e.Attached(attachment=attachment_id, content=w.keep(dict(file))))
    return attachment_id


def check_answers(
    session: Session,
    release: Release,
    raw: Mapping[str, Any],
    context: Context,
    *,
    author: str,
    previous: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
    draft: bool = False,
) -> Checked:
    """The one check of answers for every way in; fields that belong to an approval stage are not asked here.

    `previous` are the stored answers; files may be those of `known` answers too. A draft keeps what is beyond limits.
    """
    lookup = Directory(session, author=author, known=previous or known or {})
    skip = release.approver_fields
    return release.form.check(raw, context, previous=previous, lookup=lookup, skip=skip, loose=draft)


def parts_of(request: Request, viewer: Viewer) -> frozenset[Part]:
    """What the viewer is to this request, as far as the table of states asks."""
    parts = set()
    if request.requester_id == viewer.id:
        parts.add(Part.REQUESTER)
    if viewer.is_agent_of(request):
        parts.add(Part.AGENT)
    return frozenset(parts)


def _act(
    request: Request,
    act: str,
    *,
    viewer: Viewer,
    at: datetime,
    comment: str | None,
    only_where: Callable[[Work, Request], None] | None = None,
) -> None:
    """First what the state allows, then to whom, then what else the act asks for."""
    text = _clean(comment)
    with work(family_of(request), actor=viewer.id, at=at) as w:
        row = w.get(Request, request.id)
        rule = transition(row.state, act)
        if not rule.who & parts_of(row, viewer):
            raise Forbidden(_("You may not do this with this request."))
        if rule.comment and text is None:
            raise Invalid(_("Please say why."), [Problem("comment", "required", _("A reason is required."))])
        if only_where is not None:
            only_where(w, row)
        move(w, row, act, comment=w.keep({"body": text}) if text else None)


def _required_tasks_are_done(w: Work, row: Request) -> None:
    still_open = select(func.count()).where(
        Task.request_id == row.id, Task.optional.is_(False), Task.state.not_in(("done", "skipped", "cancelled"))
    )
    if w.rows(still_open)[0][0]:
        raise Conflict(_("Required tasks are still open."))


def _may_still_be_reopened(w: Work, row: Request) -> None:
    if row.resolved_at is not None and w.at > departments.reopen_until(w.session, row.department, row.resolved_at):
        raise Conflict(_("The time for reopening is over. Please make a new request."))


def _must_be_requester(row: Request, viewer: Viewer) -> None:
    if row.requester_id != viewer.id:
        raise Forbidden(_("Only the requester may do this."))


def _clean(text: str | None, *, required: bool = False) -> str | None:
    stripped = (text or "").strip()
    if len(stripped) > COMMENT_LENGTH:
        raise Invalid(
            _("The text is too long."),
            [Problem("comment", "too_long", _("At most {n} characters.", n=COMMENT_LENGTH))],
        )
    if required and not stripped:
        raise Invalid(_("The text is missing."), [Problem("body", "required", _("Please write something."))])
    return stripped or None
