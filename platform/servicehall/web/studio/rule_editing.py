"""What the rule builder posts: a look at what was typed, and keeping it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.documents.patching import Operation
from servicehall.errors import Invalid
from servicehall.models.base import reading
from servicehall.services import drafting
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import _
from servicehall.web.admin.common import author, sent
from servicehall.web.once import once
from servicehall.web.studio.editing import OUTCOME, kept
from servicehall.web.studio.page import Page
from servicehall.web.studio.pages import ONE, render
from servicehall.web.studio.rule_builder import from_form, operations
from servicehall.web.studio.rules import KINDS, rule_shown

pages = Blueprint("studio_rules", __name__)


@pages.post(f"{ONE}/rules/look")
def look(kind: str, department: str, key: str) -> ResponseReturnValue:
    """The rule as it was posted, checked, alone or in its tab; keeps nothing."""
    with reading():
        page = _page(kind, department, key)
        if sent("alone"):
            shown = rule_shown(page, looking=True)
            return render_template("studio/rule_look.html", page=page, rule=shown, edition=sent("edition"))
        return render(page, "rules")


@pages.post(f"{ONE}/rules/keep")
@once(OUTCOME)
def keep(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Keeps the rule where it is finished; an unfinished one is shown again."""
    page = _page(kind, department, key)
    return kept(page.viewer, page.name, "rules", lambda before: _operations(page.viewer, page.name, before))


def _page(kind: str, department: str, key: str) -> Page:
    if kind not in KINDS:
        raise NoPage
    return Page.of(author(department), (kind, department, key), at=sent("rule")[:500])


def _operations(viewer: Viewer, name: Name, before: str) -> Sequence[Operation]:
    page = Page.of(viewer, name)
    place = page.rules.place(sent("rule"))
    if place is None:
        raise Invalid(_("There is no place for a rule any more. Somebody took it away."))
    built = from_form(place, request.form.to_dict(flat=False))
    if built.unfinished:
        if request.headers.get("X-Requested-With") == "fetch":
            return []
        raise Invalid(_("The rule is not finished. What is missing is said at its row."))
    return operations(drafting.body_at(viewer.session, name, before), sent("rule"), built.text)
