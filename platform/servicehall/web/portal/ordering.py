"""One service on one page: what it is, the form to order it, and what happens next."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Forbidden, Invalid
from servicehall.models.base import new_id, reading
from servicehall.services import catalog, releases, requests
from servicehall.texts import _
from servicehall.web.once import leads_to, once
from servicehall.web.portal import people, words
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.portal.acts import KEPT, SENT
from servicehall.web.portal.filling import Filling, fill, order_of, posted_form, with_preview
from servicehall.web.portal.uploads import keep

pages = Blueprint("ordering", __name__)


@pages.get("/services/<department>/<key>")
def service(department: str, key: str) -> ResponseReturnValue:
    """The service with an empty form."""
    at = now()
    release = releases.orderable(viewer(), f"{department}/{key}", at=at)
    return _page(with_preview(viewer(), fill(viewer(), release, posted=None, at=at), at=at))


@pages.post("/services/<department>/<key>/form")
def check(department: str, key: str) -> ResponseReturnValue:
    """The form as it would be after what was typed, and what would follow: nothing is kept."""
    at = now()
    with reading():
        release = releases.orderable(viewer(), f"{department}/{key}", at=at)
        shown = request.form.get("checked") == "yes"
        filling = fill(viewer(), release, posted=request.form, at=at, show_errors=shown)
        filling = with_preview(viewer(), filling, at=at)
        return render_template("portal/order_parts.html", filling=filling, words=words)


@pages.post("/services/<department>/<key>")
@once("/requests")
def order(department: str, key: str) -> ResponseReturnValue:
    """Sends the order, keeps it as a draft, or shows it again with what would follow."""
    at = now()
    act = request.form.get("act", "send")
    checking = act == "send"
    with reading():
        release = releases.orderable(viewer(), f"{department}/{key}", at=at)
        filling = fill(
            viewer(), release, posted=posted_form(), at=at, store=keep, show_errors=None if checking else False
        )
    if filling.rearranged or act not in ("send", "draft"):
        return _page(with_preview(viewer(), filling, at=at))
    if checking and filling.problems:
        return _page(with_preview(viewer(), filling, at=at), status=422)
    request_id = new_id()
    leads_to(f"/requests/{request_id}")
    try:
        requests.order(order_of(filling, draft=not checking), viewer=viewer(), at=at, request_id=request_id)
    except (Invalid, Forbidden) as error:
        undo()
        return _page(with_preview(viewer(), filling, at=at), status=422, refused=error)
    flash(_(SENT if checking else KEPT), "success")
    return redirect(f"/requests/{request_id}", code=303)


def _page(filling: Filling, *, status: int = 200, refused: Invalid | Forbidden | None = None) -> tuple[str, int]:
    release = filling.release
    others = people.candidates(viewer(), release) if people.may_order_for_others(viewer(), release) else []
    page = render_template(
        "portal/service.html",
        filling=filling,
        card=catalog.card_of(release),
        others=others,
        checked=status == 422,
        problems=(refused.problems or (refused,)) if refused else filling.problems if status == 422 else (),
        words=words,
    )
    return page, status
