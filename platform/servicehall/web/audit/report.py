"""The printed report of a request, for whoever may see the whole of it: from the store, or a page that waits for it."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Unavailable
from servicehall.models.requests import Request
from servicehall.services import reporting
from servicehall.services.access import note_reading
from servicehall.services.visibility import Viewer, request_for
from servicehall.texts import _, current_locale, known_locale
from servicehall.web.portal.acting import viewer

reports = Blueprint("reports", __name__)
PATIENCE = 2
"""Seconds after which the page, or a program, asks again."""


@reports.get("/requests/<number>/report.pdf")
def report(number: str) -> ResponseReturnValue:
    """`?locale=en|zh`: 200 with the document, else 202 with a page that comes back by itself."""
    reader = viewer()
    row = request_for(reader, number)
    locale = wanted_locale()
    made = printed(reader, row, locale)
    if made is not None:
        return made
    page = render_template("audit/waiting.html", row=row, locale=locale)
    return Response(page, status=202, headers={"Refresh": str(PATIENCE), "Retry-After": str(PATIENCE)})


def wanted_locale() -> str:
    return known_locale(request.args.get("locale") or current_locale())


def printed(reader: Viewer, row: Request, locale: str) -> Response | None:
    """The document, its reading noted; None while a job makes it. Unavailable where no job can."""
    asked = reporting.ask_for_report(row, locale, at=now())
    if asked.failed:
        raise Unavailable(_("The report could not be made. Administrators see why, and can try again."))
    if asked.pdf is None:
        return None
    note_reading(row, viewer=reader, at=now(), kind="report", detail={"locale": locale})
    name = reporting.filename(row, locale)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(asked.pdf, content_type="application/pdf", headers=headers)
