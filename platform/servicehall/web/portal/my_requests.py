"""The page of my requests."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.services.cases import request_rows
from servicehall.texts import _
from servicehall.web.portal.acting import viewer
from servicehall.web.portal.mine import TABS, mine
from servicehall.web.portal.paging import cursor, first_href, next_href

pages = Blueprint("my_requests", __name__)

LONGEST_SEARCH = 200


@pages.get("/requests")
def my_requests() -> ResponseReturnValue:
    """`?tab=open|all|drafts|others|watching&q=`, the newest first."""
    tab = request.args.get("tab", "open")
    tab = tab if tab in TABS else "open"
    q = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    page = mine(viewer(), tab, q=q, cursor=cursor())
    return render_template(
        "portal/my_requests.html",
        rows=request_rows(viewer(), page.rows),
        next_href=next_href(page.next),
        first_href=first_href(),
        tab=tab,
        tabs=[(key, text, f"/requests?tab={key}") for key, text in _tabs()],
        q=q,
    )


def _tabs() -> list[tuple[str, str]]:
    return [
        ("open", _("Ongoing")),
        ("all", _("All")),
        ("drafts", _("Drafts")),
        ("others", _("For others")),
        ("watching", _("Watching")),
    ]
