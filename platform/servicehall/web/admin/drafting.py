"""Writing documents: a draft as YAML, what is wrong with it, what it changes, and putting it into use."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import PlacedProblem
from servicehall.documents.pack import as_document
from servicehall.documents.source import read_yaml
from servicehall.errors import Conflict, Invalid
from servicehall.models.definitions import Document
from servicehall.services import definitions, drafting
from servicehall.services.drafting import Overtaken
from servicehall.texts import N_, _
from servicehall.web.admin import document_lists as lists
from servicehall.web.admin import kinds
from servicehall.web.admin.common import author, sent, typed
from servicehall.web.admin.documents import ONE, base_of, tabs_of
from servicehall.web.admin.people_lists import departments
from servicehall.web.once import once
from servicehall.web.portal.acting import undo

pages = Blueprint("admin_drafting", __name__)

_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
ACTS = {
    "publish": (
        N_("Publish this draft?"),
        N_("It is in use at once. Requests that run stay with the version they were sent with."),
        N_("Publish"),
        N_("Version {version} is published."),
    ),
    "discard": (
        N_("Discard this draft?"),
        N_("What is published stays."),
        N_("Discard"),
        N_("The draft is discarded."),
    ),
    "retire": (
        N_("Retire this document?"),
        N_("Nobody can order or use it any more."),
        N_("Retire"),
        N_("It is retired."),
    ),
}
_VERBS: dict[str, Callable[..., Any]] = {
    "publish": definitions.publish,
    "discard": drafting.discard,
}


@pages.get("/admin/documents/new")
def new() -> ResponseReturnValue:
    """Asks for kind, department and key, and whether to begin with a copy."""
    viewer = author()
    own = departments(viewer.session) if viewer.is_admin else sorted(viewer.administers)
    rows = lists.documents(viewer, q="", kind="", department="", state="")
    said = {name: typed(name) for name in ("kind", "department", "key", "copy")}
    key = said["key"]
    if key and _KEY.fullmatch(key) and said["kind"] in kinds.NAMES and said["department"] in own:
        base = base_of(said["kind"], said["department"], key)
        return redirect(f"{base}/draft?copy={said['copy']}", code=303)
    error = _("Small letters and digits, joined by dashes.") if key else ""
    values = {"kinds": kinds.choices(), "departments": own, "rows": rows, "kind_name": kinds.name_of}
    return render_template("admin/document_new.html", said=said, error=error, **values)


@pages.get(f"{ONE}/draft")
def edit(kind: str, department: str, key: str) -> ResponseReturnValue:
    """The editor with the draft, else with what is published, else with a copy or an empty document."""
    row = _row(kind, department, key)
    copy = _copied(typed("copy"), kind, department, key)
    if row is None:
        text = copy or kinds.skeleton(kind, department, key)
    else:
        text = lists.draft_text(row) or lists.published_text(row)
    problems = lists.examine(author(department).session, text) if row is not None and row.draft else []
    return _editor(row, (kind, department, key), text, problems)


@pages.post(f"{ONE}/draft")
@once("/admin/documents/{kind}/{department}/{key}/draft")
def save(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Keeps the draft, from the field or a file; where it cannot be saved, what was typed is shown again."""
    viewer, name, text = author(department), (kind, department, key), _text()
    try:
        _named(name)
        drafting.save_text(name, text=text, viewer=viewer, at=now(), expected=sent("edition") or None)
    except Overtaken:
        undo()
        return _editor(_row(*name), name, text, [], theirs=True), 409
    except Invalid as error:
        undo()
        problems = lists.examine(viewer.session, text)
        return _editor(_row(*name), name, text, problems, refused=error), 422
    flash(_("The draft is saved. What is published stays in use until you publish."), "success")
    return redirect(f"{base_of(*name)}/draft", code=303)


@pages.get(f"{ONE}/<any(publish, discard, retire):act>")
def ask(kind: str, department: str, key: str, act: str) -> ResponseReturnValue:
    """Asks first; names what is wrong with a draft, and who uses what is to be retired."""
    viewer = author(department)
    row = definitions.get(viewer.session, (kind, department, key))
    base, (title, text, confirm, _done) = base_of(kind, department, key), ACTS[act]
    return render_template(
        "admin/document_ask.html",
        row=row,
        act=act,
        title=_(title),
        text=_(text),
        confirm=_(confirm),
        action=f"{base}/{act}",
        back=base if act == "retire" else f"{base}/draft",
        danger=act != "publish",
        fields=[("edition", drafting.edition(row))],
        problems=lists.examine(viewer.session, lists.draft_text(row)) if act == "publish" and row.draft else [],
        users=definitions.users(viewer.session, (kind, department, key)) if act != "discard" else [],
        kind_name=kinds.name_of,
    )


@pages.post(f"{ONE}/<any(publish, discard):act>")
@once("/admin/documents/{kind}/{department}/{key}")
def do(kind: str, department: str, key: str, act: str) -> ResponseReturnValue:
    """Publishes or discards the draft that was looked at."""
    viewer, base = author(department), base_of(kind, department, key)
    try:
        version = _VERBS[act]((kind, department, key), viewer=viewer, at=now(), expected=sent("edition") or None)
        flash(_(ACTS[act][3], version=version), "success")
    except (Conflict, Invalid) as error:
        undo()
        flash(error.detail, "warning")
        return redirect(f"{base}/draft", code=303)
    return redirect(base if _row(kind, department, key) else "/admin/documents", code=303)


@pages.post(f"{ONE}/retire")
@once("/admin/documents/{kind}/{department}/{key}")
def retire(kind: str, department: str, key: str) -> ResponseReturnValue:
    """Takes a document out of use, where nobody uses it."""
    viewer = author(department)
    try:
        definitions.retire((kind, department, key), viewer=viewer, at=now())
        flash(_(ACTS["retire"][3]), "success")
    except Conflict as error:
        undo()
        flash(error.detail, "warning")
    return redirect(base_of(kind, department, key), code=303)


def _row(kind: str, department: str, key: str) -> Document | None:
    session = author(department).session
    mine = (Document.kind == kind, Document.department == department, Document.key == key)
    return session.scalars(select(Document).where(*mine).execution_options(populate_existing=True)).first()


def _named(name: tuple[str, str, str]) -> None:
    """A new document needs a key that can be one, and a department that is there."""
    if _row(*name) is None and not (_KEY.fullmatch(name[2]) and name[1] in departments(author(name[1]).session)):
        raise NoPage


def _text() -> str:
    upload = request.files.get("file")
    raw = upload.stream.read().decode("utf-8-sig", "replace") if upload is not None and upload.filename else ""
    return (raw or request.form.get("text", "")).replace("\r\n", "\n")


def _copied(reference: str, kind: str, department: str, key: str) -> str:
    """The text of another document of this kind, under the new name; empty where there is none to be seen."""
    other_department, _slash, other_key = reference.partition("/")
    if not other_key:
        return ""
    other = definitions.get(author(other_department).session, (kind, other_department, other_key))
    body = {**(other.draft_body or other.body or {}), "department": department, "key": key}
    return Authored.of(body).canonical()


def _editor(
    row: Document | None,
    name: tuple[str, str, str],
    text: str,
    problems: Sequence[PlacedProblem],
    *,
    theirs: bool = False,
    refused: Invalid | None = None,
) -> str:
    """The page of the editor; `theirs` shows what somebody else saved meanwhile, beside what was typed."""
    document, _unread = as_document(read_yaml(text))
    drafted = Authored.of(row.draft_body) if row is not None and row.draft_body is not None else None
    published = lists.published_of(row) if row is not None else None
    other = drafted or published
    return render_template(
        "admin/document_draft.html",
        row=row,
        name=name,
        base=base_of(*name),
        tab="draft",
        tabs=tabs_of(row) if row is not None else (),
        kind_title=kinds.name_of(name[0]),
        text=text,
        problems=problems,
        refused=refused,
        edition=drafting.edition(row),
        theirs=other.canonical() if theirs and other is not None else "",
        conflict=lists.compare(other, document) if theirs and document is not None else None,
        comparison=lists.compare(published, drafted) if drafted is not None and published is not None else None,
    )
