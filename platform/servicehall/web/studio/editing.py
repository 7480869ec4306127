"""Changing a draft from the studio's pages: by controls and buttons, by YAML, undo, redo, discard, publish, retire."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.documents.patching import Operation
from servicehall.errors import Conflict, Invalid
from servicehall.services import definitions, drafting
from servicehall.services.drafting import Clashed, Overtaken
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import _
from servicehall.web.admin.common import author, sent
from servicehall.web.once import once
from servicehall.web.portal.acting import undo as roll_back
from servicehall.web.studio import reading
from servicehall.web.studio.page import Page, base_of
from servicehall.web.studio.pages import ONE, render
from servicehall.web.studio.tabs import tabs_of

pages = Blueprint("studio_editing", __name__)
OUTCOME = "/studio/{kind}/{department}/{key}"
CHOICE = "choose:"


@pages.post(f"{ONE}/edit")
@once(OUTCOME)
def edit(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Saves what was changed since `edition`, put together with what others did meanwhile; shows the tab again."""
    name = (kind, department, key)
    viewer = author(department)
    return kept(viewer, name, _tab(kind), lambda before: _operations(viewer, name, before))


def kept(viewer: Viewer, name: Name, tab: str, changes: Callable[[str], Sequence[Operation]]) -> ResponseReturnValue:
    """The tab after `changes` of the edition that the form was made from are saved, or why they are not."""
    before, there = sent("edition"), drafting.edition(definitions.get(viewer.session, name))
    operations: Sequence[Operation] = []
    try:
        operations = changes(before)
        choices = {one.removeprefix(CHOICE): sent(one) for one in request.form if one.startswith(CHOICE)}
        if operations:
            drafting.edit(name, operations, viewer=viewer, at=now(), expected=before, merging=True, choices=choices)
    except Clashed as error:
        roll_back()
        page = Page.of(viewer, name, at=sent("at"))
        return render(page, tab, clashes=error.clashes, operations=json.dumps(operations), mine=before), 409
    except (Overtaken, Invalid) as error:
        roll_back()
        return render(Page.of(viewer, name, at=sent("at")), tab, refused=error), error.status
    return _show(viewer, name, tab, reading.selected(operations, sent("at")), merged=before != there)


@pages.post(f"{ONE}/<any(undo, redo):act>")
@once(OUTCOME)
def step(kind: str, department: str, key: str, act: str) -> ResponseReturnValue:
    """One step back or forward."""
    name = (kind, department, key)
    viewer, tab = author(department), _tab(kind)
    verb: Callable[..., Any] = {"undo": drafting.undo, "redo": drafting.redo}[act]
    try:
        verb(name, viewer=viewer, at=now())
    except Conflict as error:
        roll_back()
        return render(Page.of(viewer, name, at=sent("at")), tab, refused=error), 409
    return _show(viewer, name, tab, sent("at"))


def _operations(viewer: Any, name: Name, before: str) -> Sequence[Operation]:
    """The patch that was sent, or what the controls say of the body that they were made from."""
    if request.form.get("operations"):
        try:
            said = json.loads(request.form["operations"])
        except ValueError:
            said = None
        if not isinstance(said, list):
            raise Invalid(_("The change cannot be made."))
        return said
    body = drafting.body_at(viewer.session, name, before)
    return reading.operations(name[0], body, request.form.to_dict(flat=False))


def _show(viewer: Any, name: Name, tab: str, at: str, *, merged: bool = False) -> ResponseReturnValue:
    if request.headers.get("X-Requested-With") == "fetch":
        return render(Page.of(viewer, name, at=at), tab, merged=merged)
    return redirect(f"{base_of(name)}/{tab}" + (f"?at={quote(at)}" if at else ""), code=303)


def _tab(kind: str) -> str:
    tabs = tabs_of(kind)
    return sent("tab") if sent("tab") in tabs else next(iter(tabs))
