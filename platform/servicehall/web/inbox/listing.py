"""The inbox: what waits for my decision and what I decided, and many decisions at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import ServicehallError
from servicehall.models.base import reading
from servicehall.services import cases, decisions, inbox
from servicehall.services.cases.names import Record
from servicehall.services.visibility import approval_for
from servicehall.texts import _
from servicehall.web.inbox.waiting import waiting_count
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.portal.paging import cursor, first_href, next_href

pages = Blueprint("inbox", __name__)

STATES = {"pending": ("pending",), "decided": ("decided",)}
BULK = ("approve", "reject")
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of many decisions; no `error` where it was taken."""

    record: dict[str, Any]
    error: str = ""


@pages.get("/approvals")
def listed() -> ResponseReturnValue:
    """`?tab=pending|decided`: the longest waiting first, the latest decided first."""
    tab = request.args.get("tab", "pending")
    tab = tab if tab in STATES else "pending"
    page = inbox.inbox(viewer(), state=STATES[tab], cursor=cursor())
    return render_template(
        "inbox/list.html",
        tab=tab,
        tabs=[
            ("pending", _("To decide"), "/approvals", waiting_count(viewer())),
            ("decided", _("Decided"), "/approvals?tab=decided", None),
        ],
        rows=cases.approval_rows(viewer(), page.rows),
        next_href=next_href(page.next),
        first_href=first_href(),
        words=words,
    )


@pages.post("/approvals/selected")
def selected() -> ResponseReturnValue:
    """Shows what was selected once more, and asks for the comment."""
    decision = request.form.get("decision", "")
    chosen = request.form.getlist("approval")[:MOST_AT_ONCE]
    if decision not in BULK or not chosen:
        return redirect("/approvals", code=303)
    with reading():
        records = [cases.approval_record(viewer(), approval_for(viewer(), one)) for one in chosen]
        alone = {one["id"]: _alone(one, decision) for one in records}
        together = [one for one in records if one["may_decide"] and not alone[one["id"]]]
        needed = any(decision in one["comment_for"] for one in together)
        return render_template(
            "inbox/selected.html", decision=decision, records=records, together=together, alone=alone, needed=needed
        )


def _alone(one: Record, decision: str) -> str:
    """Why it is decided on its own page, if it is."""
    if one["sign"]:
        return _("Needs your signature: open it to decide.")
    return _("Has fields for you: open it to decide.") if decision == "approve" and one["fields"] else ""


@pages.post("/approvals/decisions")
@once("/approvals?tab=decided")
def decide_many() -> ResponseReturnValue:
    """Each decision in a work of its own; one that cannot be taken says why, and the others go on."""
    decision = request.form.get("decision", "")
    chosen = request.form.getlist("approval")[:MOST_AT_ONCE]
    if decision not in BULK or not chosen:
        return redirect("/approvals", code=303)
    outcomes = [_decide(one, decision) for one in chosen]
    return render_template("inbox/outcomes.html", outcomes=outcomes)


def _decide(approval_id: str, decision: str) -> Outcome:
    approval = approval_for(viewer(), approval_id)
    error = ""
    try:
        decisions.decide(
            approval,
            decision=decision,
            content=request.form.get(f"content-{approval_id}"),
            viewer=viewer(),
            at=now(),
            comment=request.form.get("comment"),
        )
    except ServicehallError as refused:
        undo()
        error = refused.problems[0].message if refused.problems else refused.detail
    with reading():
        return Outcome(cases.approval_rows(viewer(), [approval_for(viewer(), approval_id)])[0], error)
