"""What the studio's pages work out without keeping anything: for whom exactly, and when it would be due."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.models.base import reading
from servicehall.web.admin.common import author, sent
from servicehall.web.studio.page import Page
from servicehall.web.studio.pages import ONE, render
from servicehall.web.studio.tabs import TABS, tabs_of

pages = Blueprint("studio_trying", __name__)
TRIES = ("approval", "rules", "sla", "year")
"""The tabs with a form that asks; `studio/<tab>_try.html` is its answer."""


@pages.post(f"{ONE}/<tab>/try")
def tried(kind: str, department: str, key: str, tab: str) -> ResponseReturnValue:
    """The answer to what was asked: with JavaScript its parts alone, else the tab with it."""
    if tab not in TRIES or tab not in tabs_of(kind):
        raise NoPage
    with reading():
        page = Page.of(author(department), (kind, department, key), at=sent("at")[:500])
        if request.headers.get("X-Requested-With") != "fetch":
            return render(page, tab)
        return render_template(f"studio/{tab}_try.html", page=page, tab=tab, **TABS[tab].values(page))
