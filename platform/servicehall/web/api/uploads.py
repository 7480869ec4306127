"""Files that come in and go out."""

from __future__ import annotations

from flask import Response, g, request, send_file

from ...clock import now
from ...errors import Invalid, NotFound, Problem, UnsupportedMedia
from ...forms import FileFacts
from ...models.base import db
from ...services import files
from ...texts import _
from . import shapes
from .calls import as_json, call

PLAIN = "application/octet-stream"


@call("POST", "/files", summary="Upload a file for an answer", tag="Files", answer=shapes.File, status=201, upload=True)
def upload_file() -> Response:
    return as_json(keep_upload().as_answer(), 201)


def keep_upload() -> FileFacts:
    """Keeps the file of the multipart field `file` under the caller's name; nothing else may be sent with it."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMedia(_("Send the file as multipart/form-data, in the field “file”."))
    extra = [key for key in (*request.form, *request.files) if key != "file"]
    if extra:
        raise Invalid(problems=[Problem(key, "unknown", _("Unknown field.")) for key in extra])
    sent = request.files.getlist("file")
    if len(sent) != 1 or not sent[0].filename:
        text = _("Send one file in the field “file”.")
        raise Invalid(text, [Problem("file", "required", text)])
    one = sent[0]
    return files.store(one.stream, name=one.filename or "", media_type=one.mimetype or "", person=g.person.id, at=now())


def download(sha256: str | None, *, name: str, media_type: str) -> Response:
    """The bytes as an attachment: never shown by a browser, whatever they say they are."""
    if sha256 is None:
        raise NotFound(_("There is no such file."))
    db.session.rollback()
    return send_file(files.open_file(sha256), mimetype=media_type or PLAIN, as_attachment=True, download_name=name)
