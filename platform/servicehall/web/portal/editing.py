"""Changing a draft or a returned request, and sending it (again)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from servicehall.models.base import reading
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import directory, requests
from servicehall.services.visibility import request_for
from servicehall.texts import _
from servicehall.web.once import once
from servicehall.web.portal import people, words
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.portal.acts import KEPT, SENT
from servicehall.web.portal.filling import FOR_WHOM, Filling, posted_form, refill, with_preview
from servicehall.web.portal.request_page import view_of
from servicehall.web.portal.uploads import keep

pages = Blueprint("editing", __name__)


@pages.get("/requests/<number>/edit")
def edit(number: str) -> ResponseReturnValue:
    """The form with the answers as they are stored."""
    row = _mine(number)
    return _page(row, refill(viewer(), row, posted=None, at=now()))


@pages.post("/requests/<number>/form")
def check(number: str) -> ResponseReturnValue:
    """The form as it would be after what was typed, and what would follow: nothing is kept."""
    with reading():
        shown = request.form.get("checked") == "yes"
        filling = refill(viewer(), _mine(number), posted=request.form, at=now(), show_errors=shown)
        filling = with_preview(viewer(), filling, at=now())
        return render_template("portal/order_parts.html", filling=filling, words=words)


@pages.post("/requests/<number>/edit")
@once("/requests/{number}")
def save(number: str) -> ResponseReturnValue:
    """Keeps the answers, and sends the request where that was asked."""
    act = request.form.get("act", "send")
    sending = act == "send"
    with reading():
        row = _mine(number)
        filling = refill(
            viewer(), row, posted=posted_form(), at=now(), store=keep, show_errors=None if sending else False
        )
    if filling.rearranged or act not in ("send", "draft"):
        return _page(row, filling)
    if filling.problems and (sending or row.state == "returned"):
        return _page(row, filling, problems=filling.problems)
    try:
        wanted = filling.requested_for if row.state == "draft" else None
        requests.amend(row, answers=filling.form.raw(), requested_for=wanted, viewer=viewer(), at=now())
        if sending:
            requests.submit(row, viewer=viewer(), at=now())
    except (Invalid, Forbidden) as error:
        undo()
        refused = error.problems or (Problem(FOR_WHOM, error.code, error.detail),)
        return _page(_mine(number), filling, problems=refused)
    except Conflict as error:
        undo()
        flash(error.detail, "warning")
    else:
        flash(_(SENT if sending else KEPT), "success")
    return redirect(f"/requests/{number}", code=303)


def _mine(number: str) -> Request:
    """The request, if the person may change its answers."""
    row = request_for(viewer(), number)
    if row.requester_id != viewer().id:
        raise Forbidden(_("Only the requester may do this."))
    if row.state not in ("draft", "returned"):
        raise NotFound(_("Answers can be changed only in a draft or a returned request."))
    return row


def _page(row: Request, filling: Filling, *, problems: tuple[Problem, ...] = ()) -> tuple[str, int]:
    view = view_of(row.number)
    page = render_template(
        "portal/edit.html",
        view=view,
        case=view.record,
        filling=with_preview(viewer(), filling, at=now()),
        others=_others(row, filling),
        problems=problems,
        checked=bool(problems),
        words=words,
    )
    return page, 422 if problems else 200


def _others(row: Request, filling: Filling) -> list[Person] | None:
    """For whom a draft may be instead, as the order form says it; the one whom it is for now is among them."""
    if row.state != "draft" or not people.may_order_for_others(viewer(), filling.release):
        return []
    found = people.candidates(viewer(), filling.release)
    present = directory.person(viewer().session, row.beneficiary_id)
    if found is None or present.id == viewer().id or present.id in {one.id for one in found}:
        return found
    return [present, *found]
