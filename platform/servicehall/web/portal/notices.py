"""The page of notices, and the number at the bell."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.services import notices
from servicehall.web.navigation import BADGES
from servicehall.web.once import once
from servicehall.web.portal.acting import viewer
from servicehall.web.portal.paging import cursor, first_href, next_href
from servicehall.web.shell import local_path

pages = Blueprint("notices", __name__)


@pages.get("/notices")
def show() -> ResponseReturnValue:
    """What one was told, the newest first."""
    page = notices.list_notices(viewer(), cursor=cursor())
    return render_template(
        "portal/notices.html",
        rows=page.rows,
        bodies=notices.bodies(viewer(), page.rows),
        unread=unread(),
        next_href=next_href(page.next),
        first_href=first_href(),
    )


@pages.post("/notices/read")
@once("/notices")
def read_all() -> ResponseReturnValue:
    notices.read_all(viewer(), at=now())
    return redirect("/notices", code=303)


@pages.post("/notices/<notice_id>")
@once("/notices")
def follow(notice_id: str) -> ResponseReturnValue:
    """Marks a notice as read and goes where it leads."""
    return redirect(local_path(notices.read_one(viewer(), notice_id, at=now())), code=303)


def unread() -> int:
    """Counted once for each page."""
    if "unread" not in g:
        g.unread = notices.unread_count(viewer())
    return int(g.unread)


BADGES.register("notifications", unread)
