"""Beginning with what is there already: a spreadsheet of fields, or YAML files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.documents import spreadsheets, uploads
from servicehall.documents.field_sheets import HEADINGS, FieldSheet, read_fields
from servicehall.errors import Conflict, Invalid
from servicehall.services import drafting
from servicehall.services.imports import import_pack
from servicehall.services.people_lists import departments
from servicehall.services.shelf import is_there, row_of
from servicehall.texts import _, current_locale
from servicehall.web.admin.common import author, by_field, sent, typed
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.portal.acting import undo
from servicehall.web.studio import kinds
from servicehall.web.studio.page import base_of

pages = Blueprint("studio_starting", __name__)

MADE_FROM_FIELDS = ("service", "field_set")
ASKED = ("kind", "department", "title", "key")


@pages.get("/studio/new/spreadsheet")
def spreadsheet() -> ResponseReturnValue:
    """Asks for a spreadsheet of fields and what to make of it."""
    author()
    return _sheet_page({name: typed(name) for name in ASKED})


@pages.post("/studio/new/spreadsheet")
@once("/studio")
def read_spreadsheet() -> ResponseReturnValue:
    """Makes the draft of what could be read, and lists by cell what could not."""
    said = {name: sent(name) for name in ASKED}
    viewer = author(said["department"] or None)
    sheet = read_fields(_upload(spreadsheets.LARGEST)[0])
    if not sheet.fields:
        return _sheet_page(said, sheet=sheet), 422
    name = (said["kind"], said["department"], said["key"] or kinds.key_of(said["title"]))
    try:
        if said["kind"] not in MADE_FROM_FIELDS or is_there(row_of(viewer.session, name)):
            raise Conflict(_("There is already a document with this key."))
        drafting.save(name, body=_body(name, said["title"], sheet), viewer=viewer, at=now(), expected="new")
    except (Conflict, Invalid) as error:
        undo()
        wrong = by_field(error.problems) or {"key": error.detail}
        return _sheet_page(said, wrong=wrong), error.status
    flash(_("{n} fields were read.", n=len(sheet.fields)), "success")
    if sheet.faults:
        return _sheet_page(said, sheet=sheet, made=base_of(name))
    return redirect(base_of(name), code=303)


@pages.get("/studio/new/files")
def files() -> ResponseReturnValue:
    """Asks for a YAML file or a ZIP of them."""
    author()
    return render_template("studio/new_files.html")


@pages.post("/studio/new/files")
@once("/studio")
def read_files() -> ResponseReturnValue:
    """Checks them all, and keeps them as drafts, all or nothing; with `check` it only says what that would do."""
    viewer = author()
    pack = uploads.read_upload(*_upload(uploads.LARGEST))
    dry_run = sent("check") == "yes"
    outcome = import_pack(pack, viewer=viewer, dry_run=dry_run, at=now())
    answer = render_template("studio/new_files.html", outcome=outcome, dry_run=dry_run, kind_name=kinds.name_of)
    return answer, 422 if outcome.is_refused else 200


def _upload(largest: int) -> tuple[bytes, str]:
    """The file that was sent, one byte more than it may have at most, and its name."""
    found = request.files.get("file")
    return (found.stream.read(largest + 1), found.filename or "") if found is not None else (b"", "")


def _body(name: tuple[str, str, str], title: str, sheet: FieldSheet) -> dict[str, Any]:
    kind, department, key = name
    said = {current_locale(): title} if title else {"en": key}
    header = {"kind": kind, "department": department, "key": key, "title": said}
    if kind == "field_set":
        return {**header, "fields": sheet.fields}
    return {**header, "type": "request", "form": {"pages": [{"key": "main", "title": said, "fields": sheet.fields}]}}


def _sheet_page(said: dict[str, str], **values: Any) -> str:
    viewer = author()
    own = departments(viewer.session) if viewer.is_admin else sorted(viewer.administers)
    return render_template(
        "studio/new_spreadsheet.html",
        said=said,
        kinds=[(kind, kinds.name_of(kind)) for kind in MADE_FROM_FIELDS],
        departments=[(key, words.department(key)) for key in own],
        columns=list(HEADINGS),
        most=spreadsheets.MOST_ROWS - 1,
        **{"wrong": {}, **values},
    )
