"""The list of calendars; each opens as its year in the studio."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from servicehall.web.admin.common import author
from servicehall.web.studio import lists

pages = Blueprint("admin_calendars", __name__)


@pages.get("/admin/calendars")
def listed() -> ResponseReturnValue:
    """The calendars of one's departments that are in use or in the making."""
    rows = lists.documents(author(), q="", kind="calendar", department="", state="")
    return render_template("admin/calendars.html", rows=[one for one in rows if one.state != "retired"])


@pages.get("/admin/calendars/<department>/<key>")
def shown(department: str, key: str) -> ResponseReturnValue:
    """Where a calendar's page was before it had a place in the studio."""
    author(department)
    return redirect(f"/studio/calendar/{department}/{key}/year", code=303)
