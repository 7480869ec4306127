"""One decision by the link of a mail, for those who have their inbox at hand and not their password.

A link is for one person, one approval and one content. Opening it shows and decides nothing by itself. It is of use
once, until it expires, the content changes, the approval is decided, ends or moves to somebody else, or its person may
not act any more. No link is given where the request is confidential or the stage has fields to fill in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.domain import events as e
from servicehall.errors import Conflict, NotFound
from servicehall.models.approvals import Approval, Stage
from servicehall.models.base import db, reading
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.notices import ApprovalLink
from servicehall.models.requests import Request
from servicehall.services import answers, cases, decisions, releases, secret_links
from servicehall.services.answers import Shown
from servicehall.services.cases.approvals import planned_stage
from servicehall.services.cases.names import Record
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer, as_viewer
from servicehall.services.work import Recorded, Work
from servicehall.texts import N_, _

PURPOSE = "approval"


@dataclass(frozen=True)
class Opened:
    """What a link leads to, while it is of use."""

    link: ApprovalLink
    viewer: Viewer
    approval: Approval
    row: Request
    release: Release

    @cached_property
    def record(self) -> Record:
        """The approval as its person reads it."""
        return cases.approval_record(self.viewer, self.approval)


def issue(w: Work, *, notice: str, person: str, approval: str, request: Request) -> None:
    """The link of the mail that tells this notice, where one may be given."""
    hours = config.current().mail_link_hours
    if not hours or not _may_be_given(w, request, w.get(Approval, approval)):
        return
    w.writer.add(
        ApprovalLink,
        id=notice,
        hash=secret_links.hash_of(secret_links.secret_of(PURPOSE, notice)),
        person_id=person,
        approval_id=approval,
        content=request.content,
        expires_at=w.at + timedelta(hours=hours),
    )


def _may_be_given(w: Work, request: Request, approval: Approval) -> bool:
    stage = w.get(Stage, approval.stage_id)
    gate = w.get(Task, stage.task_id) if stage.task_id else None
    planned = planned_stage(releases.load(w.session, request.release), stage, gate)
    return planned is not None and not planned.fields and not request.confidential


def url_of(link: ApprovalLink) -> str | None:
    """Where the link leads; None where it was made with another key than the installation has now."""
    secret = secret_links.secret_of(PURPOSE, link.id)
    return f"{config.current().base_url}/decide?key={secret}" if secret_links.hash_of(secret) == link.hash else None


def find(secret: str) -> ApprovalLink:
    """The link of this secret, of use or not; NotFound where there is none."""
    of_secret = select(ApprovalLink).where(ApprovalLink.hash == secret_links.hash_of(secret))
    found = db.session.scalars(of_secret.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(_(OF_NO_USE))
    return found


def open_link(secret: str, *, at: datetime) -> Opened:
    """What the link leads to; NotFound, never a hint why, for one that is of no use."""
    link, session = find(secret), db.session()
    approval = session.get_one(Approval, link.approval_id, populate_existing=True)
    row = session.get_one(Request, approval.request_id, populate_existing=True)
    person = session.get_one(Person, link.person_id, populate_existing=True)
    speakers = {approval.holder_id} if approval.voice_person_id else set(approval.members or ())
    asked = approval.state == "pending" and person.active and person.id in speakers and row.content == link.content
    if not asked or link.used_at is not None or link.ended_at is not None or link.expires_at <= at:
        raise NotFound(_(OF_NO_USE))
    viewer = as_viewer(session, person.id)
    return Opened(link, viewer, approval, row, releases.load(session, row.release))


OF_NO_USE = N_("Sign in to see what waits for you.")


def shown(opened: Opened) -> Shown:
    """The answers that a link shows: what is personal or secret is masked, since a mail passes through many hands."""
    kinds = answers.classifications(opened.release)
    hidden = [key for key in opened.record["answers"] if kinds.get(key, "public") not in answers.OPEN]
    values = {key: None if key in hidden else value for key, value in opened.record["answers"].items()}
    return Shown(values, tuple(hidden))


def decide(secret: str, *, decision: str, comment: str | None, proof: decisions.Proof | None, at: datetime) -> None:
    """The decision of the link's person on the link's content; see `decisions.decide`."""
    with reading():
        opened = open_link(secret, at=at)
        db.session.rollback()
    decisions.decide(
        opened.approval,
        decision=decision,
        content=opened.link.content,
        viewer=opened.viewer,
        at=at,
        comment=comment,
        proof=proof,
        link=opened.link.id,
    )


def use(w: Work, recorded: Recorded) -> None:
    """A decision by a link uses it up, together with the decision; Conflict where it was used or ended."""
    link = recorded.event.link  # type: ignore[attr-defined]
    if link is None:
        return
    unused = (ApprovalLink.id == link, ApprovalLink.used_at.is_(None), ApprovalLink.ended_at.is_(None))
    if _set(w.session, *unused, used_at=w.at) != 1:
        raise Conflict(_("This has been decided already."))


def end_of_approval(w: Work, recorded: Recorded) -> None:
    """An approval that moved to a deputy, or back, ends its links for good."""
    assert isinstance(recorded.event, e.ApprovalHandedOver)  # noqa: S101 - flow says so
    _set(w.session, ApprovalLink.approval_id == recorded.event.approval, ended_at=w.at)


def end_of_person(w: Work, person: str) -> None:
    """Whoever is deactivated has no link any more, also when they come back."""
    _set(w.session, ApprovalLink.person_id == person, ended_at=w.at)


def _set(session: Session, *which: ColumnElement[bool], **values: Any) -> int:
    statement = update(ApprovalLink).where(*which, ApprovalLink.ended_at.is_(None)).values(**values)
    return int(session.connection().execute(statement).rowcount)
