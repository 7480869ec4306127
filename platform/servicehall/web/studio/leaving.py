"""Throwing a draft away, bringing a version back, retiring: each asks first; and downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.documents.document import Document as Authored
from servicehall.errors import Conflict, Invalid
from servicehall.services import definitions, drafting, versions
from servicehall.services.affected import affected
from servicehall.services.shelf import Name, is_there, row_of
from servicehall.services.visibility import Viewer
from servicehall.texts import N_, _
from servicehall.web.admin.common import author, sent, typed
from servicehall.web.once import once
from servicehall.web.portal.acting import undo
from servicehall.web.studio import comparing, kinds
from servicehall.web.studio.page import base_of
from servicehall.web.studio.pages import ONE

pages = Blueprint("studio_leaving", __name__)

ACT = "any(discard, retire, restore)"
WORDS = {
    "discard": (
        N_("Discard this draft?"),
        N_("What is published stays."),
        N_("Discard"),
        N_("The draft is discarded."),
    ),
    "retire": (
        N_("Retire this document?"),
        N_("Nobody can order or use it any more. Requests that are under way go on as they are."),
        N_("Retire"),
        N_("It is retired."),
    ),
    "restore": (
        N_("Bring this version back?"),
        N_("It becomes the draft; what is in the draft now can be brought back by undo."),
        N_("Bring back"),
        N_("The version is the draft now."),
    ),
}


@pages.get(f"{ONE}/<{ACT}:act>")
def ask(kind: str, department: str, key: str, act: str) -> ResponseReturnValue:
    """Asks first: what would be lost, and who is affected."""
    viewer, name = author(department), (kind, department, key)
    row = definitions.get(viewer.session, name)
    title, text, confirm, _done = WORDS[act]
    found = affected(viewer.session, name) if act == "retire" else []
    is_used = any(one.document.name != name for one in found)
    drafted = drafting.current(viewer.session, name).document
    return render_template(
        "studio/ask.html",
        row=row,
        title=_(title),
        text=_(text),
        confirm=_(confirm) if not is_used else "",
        action=f"{base_of(name)}/{act}",
        back=base_of(name),
        danger=act in ("discard", "retire"),
        fields=[("edition", drafting.edition(row)), ("version", typed("version"))],
        comparison=comparing.compare(comparing.published_of(row), drafted) if act == "discard" else None,
        affected=found,
        may_author=viewer.may_author,
        kind_name=kinds.name_of,
        base_of=base_of,
    )


@pages.post(f"{ONE}/<{ACT}:act>")
@once("/studio/{kind}/{department}/{key}")
def do(kind: str, department: str, key: str, act: str) -> ResponseReturnValue:
    """Does what was asked, with the edition that was looked at."""
    viewer, name = author(department), (kind, department, key)
    try:
        _VERBS[act](viewer, name)
    except (Conflict, Invalid) as error:
        undo()
        flash(error.detail, "warning")
        return redirect(base_of(name), code=303)
    flash(_(WORDS[act][3]), "success")
    return redirect(base_of(name) if is_there(row_of(viewer.session, name)) else "/studio", code=303)


@pages.get(f"{ONE}/download")
def download(kind: str, department: str, key: str) -> ResponseReturnValue:
    """`?version=n`, `?version=draft`, or what is published: as a YAML file."""
    session = author(department).session
    row = definitions.get(session, (kind, department, key))
    wanted = request.args.get("version", "")
    if wanted.isdecimal() and len(wanted) < 7:
        text = Authored.of(versions.body_of(session, row, int(wanted))).canonical()
    else:
        text = (_text(row.draft_body) if wanted == "draft" else "") or _text(row.body)
    if not text:
        raise NoPage
    answer = Response(text, content_type="application/yaml; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{key}.yaml")
    return answer


def _discard(viewer: Viewer, name: Name) -> None:
    drafting.discard(name, viewer=viewer, at=now(), expected=sent("edition") or None)


def _retire(viewer: Viewer, name: Name) -> None:
    definitions.retire(name, viewer=viewer, at=now())


def _restore(viewer: Viewer, name: Name) -> None:
    wanted = sent("version")
    if not wanted.isdecimal() or len(wanted) > 6:
        raise NoPage
    body = versions.body_of(viewer.session, definitions.get(viewer.session, name), int(wanted))
    drafting.save(name, body=body, viewer=viewer, at=now(), expected=sent("edition") or None)


_VERBS: dict[str, Callable[[Viewer, Name], Any]] = {
    "discard": _discard,
    "retire": _retire,
    "restore": _restore,
}


def _text(body: Mapping[str, Any] | None) -> str:
    """The canonical YAML; empty where there is none."""
    return Authored.of(body).canonical() if body is not None else ""
