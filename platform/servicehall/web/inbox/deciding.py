"""One approval on one screen: what is asked, what has changed, who else decides, and the decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Conflict, Invalid, Problem, TooMany
from servicehall.forms import WebField, WebForm
from servicehall.models.approvals import Approval
from servicehall.models.base import reading
from servicehall.models.requests import Request
from servicehall.services import cases, catalog, contexts, decisions, directory
from servicehall.services.access import note_reading
from servicehall.services.answers import Shown
from servicehall.services.cases.names import Record
from servicehall.services.lookups import Directory
from servicehall.services.visibility import approval_for
from servicehall.services.work import read_content
from servicehall.texts import N_, _
from servicehall.web.inbox.waiting import mine_on, waiting_rows
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.portal.filling import Posted, posted_form
from servicehall.web.portal.request_page import CaseView, sheet_of
from servicehall.web.portal.sheet import Section
from servicehall.web.portal.uploads import keep
from servicehall.web.signing import signed_here, wants_email

pages = Blueprint("deciding", __name__)


@dataclass(frozen=True)
class ApprovalView(CaseView):
    """The page of an approval."""

    approval: Approval

    @cached_property
    def sections(self) -> list[Section]:
        """The answers as they were sent; what has changed since last time shows both."""
        shown = Shown(self.record["answers"], tuple(self.record["masked"]))
        return sheet_of(self.viewer, self.release, shown, self.record["changed"]).sections()

    @cached_property
    def votes(self) -> list[Record]:
        """Everybody who was asked about this request, this voice aside, and the stages that are still to come."""
        records = cases.approval_records(self.viewer, self.row)
        return [one for one in records if one["id"] != self.approval.id]

    @cached_property
    def ahead(self) -> Sequence[catalog.TaskPreview]:
        """The tasks that follow from the approval, as things stand."""
        return catalog.work_ahead(self.viewer.session, self.row, at=now())

    @cached_property
    def stored(self) -> dict[str, Any]:
        return read_content(self.viewer.session, self.row.content) or {}

    @property
    def open(self) -> bool:
        """Whether the viewer decides this now."""
        return bool(self.record["may_decide"])

    @cached_property
    def mine_now(self) -> Approval | None:
        """Where this voice no longer counts: the one on the same request that waits for the viewer instead."""
        return mine_on(self.viewer, self.row.id)

    @cached_property
    def following(self) -> list[Record]:
        """What else waits, after a decision."""
        others = [one for one in waiting_rows(self.viewer, 4) if one["id"] != self.approval.id]
        return others[:3]

    def form(self, posted: Posted | None, store: Callable[[Any], Any] | None = None) -> WebForm | None:
        """The fields that this stage fills in; None where it fills in none."""
        if not self.open or not self.record["fields"]:
            return None
        session = self.viewer.session
        return self.release.form.web(
            posted,
            contexts.for_request(session, self.row, at=now()),
            lookup=Directory(session, author=self.viewer.id, known=self.stored),
            answers=self.stored,
            only=set(self.record["fields"]),
            zone=directory.zone_of(self.viewer.person),
            store=store,
        )

    def fields(self, form: WebForm | None) -> list[WebField]:
        return [form.field(key) for key in self.record["fields"]] if form is not None else []


@pages.get("/approvals/<approval_id>")
def show(approval_id: str) -> ResponseReturnValue:
    """The approval, with the form to decide where it waits for the viewer."""
    view = _view(approval_id)
    note_reading(view.row, viewer=viewer(), at=now(), kind="approval")
    return _page(view, view.form(None))


@pages.post("/approvals/<approval_id>/decision")
@once("/approvals/{approval_id}")
def decide(approval_id: str) -> ResponseReturnValue:
    """Takes the decision; what was decided on other content is shown as it is now, with the form again."""
    decision = request.form.get("decision", "")
    with reading():
        view = _view(approval_id)
        form = view.form(posted_form(), keep)
        answers = {key: value for key, value in form.raw().items() if key in view.record["fields"]} if form else {}
    if form is not None and form.rearranged:
        return _page(view, form)
    try:
        proof = signed_here(request.form.get("email"), request.form.get("password"))
        decisions.decide(
            view.approval,
            decision=decision,
            content=request.form.get("content_sha256"),
            viewer=viewer(),
            at=now(),
            proof=proof,
            comment=request.form.get("comment"),
            answers=answers if decision == "approve" else {},
        )
    except Invalid as error:
        undo()
        return _page(_view(approval_id), form, status=422, problems=error.problems)
    except TooMany as error:
        undo()
        tried = (Problem("password", "too_many", error.detail),)
        return _page(_view(approval_id), form, status=429, problems=tried)
    except Conflict as error:
        undo()
        view = _view(approval_id)
        return _page(view, view.form(None), status=409, conflict=error.detail)
    flash(_(SAID[decision], number=view.row.number), "success")
    return redirect(f"/approvals/{approval_id}", code=303)


SAID = {
    "approve": N_("You approved {number}."),
    "reject": N_("You rejected {number}."),
    "return": N_("You sent {number} back for changes."),
}


def _view(approval_id: str) -> ApprovalView:
    approval = approval_for(viewer(), approval_id)
    row = viewer().session.get_one(Request, approval.request_id)
    return ApprovalView(viewer(), row, cases.approval_record(viewer(), approval), approval)


def _page(
    view: ApprovalView,
    form: WebForm | None,
    *,
    status: int = 200,
    problems: tuple[Problem, ...] = (),
    conflict: str = "",
) -> tuple[str, int]:
    page = render_template(
        "inbox/approval.html",
        view=view,
        one=view.record,
        case=view.record["case"],
        fields=view.fields(form),
        problems=problems,
        names=form.labels if form is not None else {},
        wrong={problem.path: problem.message for problem in problems},
        conflict=conflict,
        comment=request.form.get("comment", ""),
        asks_email=view.record["sign"] and wants_email(),
        words=words,
    )
    return page, status
