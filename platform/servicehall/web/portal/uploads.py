"""Files that come with a form: kept under the person's name before the form itself counts."""

from __future__ import annotations

from flask import Response, g, send_file
from werkzeug.datastructures import FileStorage

from servicehall.clock import now
from servicehall.forms import FileFacts
from servicehall.services import files

PLAIN = "application/octet-stream"


def keep(upload: FileStorage) -> FileFacts:
    """Keeps one upload of the signed-in person; errors say what is wrong with it."""
    return files.store(
        upload.stream, name=upload.filename or "", media_type=upload.mimetype or "", person=g.person.id, at=now()
    )


def download(sha256: str, *, name: str, media_type: str) -> Response:
    """The bytes as an attachment: never shown by the browser, whatever they say they are."""
    return send_file(files.open_file(sha256), mimetype=media_type or PLAIN, as_attachment=True, download_name=name)
