"""The whole draft as YAML: saved, put together with what others saved meanwhile, and checked while one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.documents.patching import Operation, pointer
from servicehall.errors import Invalid
from servicehall.models.base import reading
from servicehall.services import drafting
from servicehall.services.drafting import Overtaken
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import _
from servicehall.web.admin.common import author, sent
from servicehall.web.once import once
from servicehall.web.portal.acting import undo
from servicehall.web.studio import yaml_text
from servicehall.web.studio.page import Page, base_of
from servicehall.web.studio.pages import ONE, render

pages = Blueprint("studio_writing", __name__)
CHOICE = "choose:"


@pages.post(f"{ONE}/text")
@once("/studio/{kind}/{department}/{key}")
def text(kind: str, department: str, key: str) -> ResponseReturnValue:
    """The whole draft from YAML; what cannot be read or kept is shown again as it was typed.

    Where somebody saved meanwhile, both are shown, and `since`, the edition that was typed over, puts them together.
    """
    name = (kind, department, key)
    viewer, typed = author(department), _typed()
    try:
        if sent("since"):
            _save_both(name, typed, viewer, since=sent("since"))
        else:
            drafting.save_text(name, text=typed, viewer=viewer, at=now(), expected=sent("edition") or None)
    except (Overtaken, Invalid) as error:
        undo()
        page = Page.of(viewer, name)
        more: dict[str, Any] = {"refused": error, "text": typed, "found": yaml_text.examined(page, typed)}
        if isinstance(error, Overtaken):
            more |= yaml_text.both(page, typed, since=sent("since") or sent("edition"))
        return render(page, "yaml", **more), error.status
    flash(_("The draft is saved. What is published stays in use until you publish."), "success")
    return redirect(f"{base_of(name)}/yaml", code=303)


@pages.post(f"{ONE}/check")
def check(kind: str, department: str, key: str) -> ResponseReturnValue:
    """What is wrong with a text, by line, and what could stand at the `line` of the cursor; keeps nothing."""
    with reading():
        page = Page.of(author(department), (kind, department, key))
        typed, line = _typed(), sent("line")
        keys = yaml_text.possible(typed, int(line)) if line.isdecimal() and len(line) < 7 else []
        return render_template("studio/yaml_found.html", found=yaml_text.examined(page, typed), keys=keys)


def _save_both(name: Name, typed: str, viewer: Viewer, *, since: str) -> None:
    was = drafting.body_at(viewer.session, name, since)
    choices = {one.removeprefix(CHOICE): sent(one) for one in request.form if one.startswith(CHOICE)}
    operations = _difference(was, yaml_text.body_of(typed))
    drafting.edit(name, operations, viewer=viewer, at=now(), expected=since, merging=True, choices=choices)


def _difference(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Operation]:
    """The patch from one body to another, property by property of the outermost."""
    gone: list[Operation] = [{"op": "remove", "path": pointer(name)} for name in was if name not in now]
    here = [name for name in now if now[name] != was.get(name)]
    return gone + [{"op": "add", "path": pointer(name), "value": now[name]} for name in here]


def _typed() -> str:
    upload = request.files.get("file")
    raw = upload.stream.read().decode("utf-8-sig", "replace") if upload is not None and upload.filename else ""
    return (raw or request.form.get("text", "")).replace("\r\n", "\n")
