"""What the preview's form asks for while one types, and the page of its own in which it stands as on a phone."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.errors import Invalid
from servicehall.models.base import reading
from servicehall.services import drafting
from servicehall.texts import _
from servicehall.web.admin.common import author
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.portal.acting import undo
from servicehall.web.shell import within_own_pages
from servicehall.web.studio import preview
from servicehall.web.studio.editing import OUTCOME
from servicehall.web.studio.page import Page
from servicehall.web.studio.pages import ONE, render
from servicehall.web.studio.tabs import tabs_of

pages = Blueprint("studio_preview", __name__)


@pages.get(f"{ONE}/preview/frame")
def frame(kind: str, department: str, key: str) -> ResponseReturnValue:
    """The form alone, to be shown at a phone's width within the tab."""
    return _frame(_page(kind, department, key))


@pages.post(f"{ONE}/preview")
@pages.post(f"{ONE}/preview/frame")
@pages.post(f"{ONE}/preview/form")
def check(kind: str, department: str, key: str) -> ResponseReturnValue:
    """The form after what was typed, with what would follow: the tab, its frame, or its parts. Keeps nothing."""
    with reading():
        page = _page(kind, department, key)
        if request.path.endswith("/frame"):
            return _frame(page)
        if not request.path.endswith("/form"):
            return render(page, "preview")
        try:
            filling = preview.filled(page)
        except (Invalid, LookupError):
            return _("This draft cannot be shown as a form yet."), 409
        return render_template("portal/order_parts.html", filling=filling, words=words)


@pages.post(f"{ONE}/preview/example")
@once(f"{OUTCOME}/examples")
def keep(kind: str, department: str, key: str) -> ResponseReturnValue:
    """What was typed and what came of it, as one more example."""
    page = _page(kind, department, key)
    if not preview.may_keep(page):
        raise NoPage
    try:
        drafting.edit((kind, department, key), preview.example(page), viewer=page.viewer, at=now())
    except Invalid as error:
        undo()
        return render(page, "preview", refused=error), error.status
    return redirect(f"{page.base}/examples", code=303)


def _page(kind: str, department: str, key: str) -> Page:
    if "preview" not in tabs_of(kind):
        raise NoPage
    return Page.of(author(department), (kind, department, key))


def _frame(page: Page) -> ResponseReturnValue:
    answer = make_response(render_template("studio/preview_frame.html", page=page, **preview.values(page)))
    return within_own_pages(answer)
