"""Importing the people file: first what would happen, then, if it is right, that."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.services.directory_import import Imported, PeopleRefused, import_people
from servicehall.services.people_file import COLUMNS, LARGEST
from servicehall.texts import _
from servicehall.web import accounts
from servicehall.web.admin.common import administrator
from servicehall.web.once import once
from servicehall.web.portal.acting import undo

pages = Blueprint("admin_people_import", __name__)

MOST_CARRIED = 1_500_000
MOST_SHOWN = 200


@pages.get("/admin/people/import")
def form() -> ResponseReturnValue:
    """Where a file is chosen."""
    administrator()
    return _page()


@pages.post("/admin/people/import")
@once("/admin/people")
def run() -> ResponseReturnValue:
    """Without `apply` a dry run, whose page carries a file of moderate size on; with it the import."""
    viewer = administrator()
    data = _data()
    apply = request.form.get("apply") == "yes"
    try:
        done = import_people(data, actor=viewer.id, at=now(), dry_run=not apply)
    except PeopleRefused as refused:
        undo()
        return _page(faults=refused.faults), 422
    if not apply:
        return _page(preview=done, text=_carried(data), changes=_has_changes(done))
    accounts.ensure_accounts(viewer.session, done.active)
    numbers = {"created": len(done.created), "changed": len(done.changed)}
    flash(_("Imported: {created} new, {changed} changed.", **numbers), "success")
    return redirect("/admin/people", code=303)


def _data() -> bytes:
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        return upload.stream.read(LARGEST + 1)
    return request.form.get("text", "").encode()


def _carried(data: bytes) -> str:
    return data.decode("utf-8-sig") if len(data) <= MOST_CARRIED else ""


def _has_changes(done: Imported) -> bool:
    return bool(done.created or done.changed or done.departments or done.groups)


def _page(**values: Any) -> str:
    return render_template("admin/people_import.html", columns=COLUMNS, most=MOST_SHOWN, **values)
