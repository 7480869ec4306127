"""What is said and attached to a request."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Invalid, NotFound, TooLarge, UnsupportedMedia
from servicehall.models.base import reading
from servicehall.services import cases, requests
from servicehall.services.access import note_reading
from servicehall.services.visibility import request_for
from servicehall.texts import _
from servicehall.web.once import once
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.portal.uploads import download, keep
from servicehall.web.shell import local_path

pages = Blueprint("conversation", __name__)


@pages.post("/requests/<number>/comments")
@once("/requests/{number}#conversation")
def comment(number: str) -> ResponseReturnValue:
    """Says something; `internal` is for the department's agents alone."""
    row = request_for(viewer(), number)
    back = local_path(request.form.get("back")) if request.form.get("back") else f"/requests/{row.number}#conversation"
    try:
        requests.comment(
            row,
            body=request.form.get("body", ""),
            internal=request.form.get("internal") == "yes",
            viewer=viewer(),
            at=now(),
        )
    except Invalid as error:
        undo()
        flash(error.problems[0].message if error.problems else error.detail, "warning")
    return redirect(back, code=303)


@pages.post("/requests/<number>/attachments")
@once("/requests/{number}#attachments")
def attach(number: str) -> ResponseReturnValue:
    """Attaches a file."""
    with reading():
        row = request_for(viewer(), number)
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise Invalid(_("Choose a file first."))
        facts = keep(upload)
        requests.attach(row, file=facts.as_answer(), viewer=viewer(), at=now())
    except (Invalid, TooLarge, UnsupportedMedia) as error:
        undo()
        flash(error.detail, "warning")
    return redirect(f"/requests/{number}#attachments", code=303)


@pages.get("/requests/<number>/attachments/<attachment_id>")
def attachment(number: str, attachment_id: str) -> Response:
    """Downloads one."""
    row = request_for(viewer(), number)
    found = next((one for one in cases.attachment_records(viewer(), row) if one["id"] == attachment_id), None)
    if found is None or not found["sha256"]:
        raise NotFound(_("There is no such file."))
    note_reading(row, viewer=viewer(), at=now(), kind="attachment")
    return download(found["sha256"], name=found["name"], media_type=found["media_type"])
