"""The page of my work: what I have, by when it is due, and what my groups have that nobody took."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.texts import N_, _
from servicehall.web.desk.rows import has_desk, my_tasks, unclaimed
from servicehall.web.portal.acting import viewer

pages = Blueprint("desk_work", __name__)

HEADINGS = {"overdue": N_("Overdue"), "today": N_("Due today"), "week": N_("Due this week"), "later": N_("Later")}


@pages.get("/desk")
def my_work() -> ResponseReturnValue:
    """My tasks and what is free; who does no work for others reads why this page is empty."""
    if not has_desk(viewer()):
        return no_desk()
    at = now()
    free, more = unclaimed(viewer(), at=at)
    mine = [(name, _(HEADINGS[name]), rows) for name, rows in my_tasks(viewer(), at=at)]
    return render_template("desk/work.html", mine=mine, free=free, more=more)


def no_desk() -> str:
    """The page for somebody who is in no group and has no task."""
    return render_template("desk/none.html")
