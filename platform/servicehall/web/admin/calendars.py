"""The list of calendars; each opens as its year in the studio."""

from __future__ import annotations

from babel import Locale
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from servicehall.services import authored
from servicehall.services.departments import department_titles
from servicehall.texts import current_locale
from servicehall.web.admin.common import author
from servicehall.web.portal.paging import cursor, first_href, next_href

pages = Blueprint("admin_calendars", __name__)
PAGE = 100


@pages.get("/admin/calendars")
def listed() -> ResponseReturnValue:
    """The calendars of one's departments that are in use or in the making."""
    viewer = author()
    found = authored.documents(viewer, kind="calendar", cursor=cursor(), limit=PAGE)
    return render_template(
        "admin/calendars.html",
        rows=[one for one in found.rows if one.state != "retired"],
        titles=department_titles(viewer.session),
        countries=Locale.parse(current_locale()).territories,
        next_href=next_href(found.next),
        first_href=first_href(),
    )
