"""Files that come in and go out."""

from __future__ import annotations

from flask import Response, send_file

from servicehall.errors import NotFound
from servicehall.forms import FileFacts
from servicehall.models.base import db
from servicehall.services import files
from servicehall.texts import _
from servicehall.web.api import shapes
from servicehall.web.api.calls import as_json, call

PLAIN = "application/octet-stream"


@call("POST", "/files", summary="Upload a file for an answer", tag="Files", answer=shapes.File, status=201, upload=True)
def upload_file(file: FileFacts) -> Response:
    return as_json(file.as_answer(), 201)


def download(sha256: str | None, *, name: str, media_type: str) -> Response:
    """The bytes as an attachment: never shown by a browser, whatever they say they are."""
    if sha256 is None:
        raise NotFound(_("There is no such file."))
    db.session.rollback()
    return send_file(files.open_file(sha256), mimetype=media_type or PLAIN, as_attachment=True, download_name=name)
