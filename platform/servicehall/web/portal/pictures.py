"""Pictures of services, for everybody who is signed in: kept for good by browsers, since another has another name."""

from __future__ import annotations

from flask import Blueprint, Response, send_file

from servicehall.models.base import db
from servicehall.services import pictures

pages = Blueprint("pictures", __name__)
A_YEAR = 365 * 24 * 3600


@pages.get("/pictures/<name>")
def picture(name: str) -> Response:
    """The bytes under their one type; a file that was uploaded for anything else is not found here."""
    data = pictures.opened(db.session(), name)
    db.session.rollback()
    answer = send_file(data, mimetype=pictures.TYPE, etag=name)
    answer.headers["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    return answer
