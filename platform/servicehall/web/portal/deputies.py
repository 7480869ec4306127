"""Who decides for me while I am away, and for whom I stand in."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from servicehall.clock import now
from servicehall.errors import Conflict, Invalid, Problem
from servicehall.models.directory import Delegation, Person
from servicehall.services import delegations, directory
from servicehall.services.departments import department_titles
from servicehall.texts import _
from servicehall.web.once import once
from servicehall.web.portal import people, words
from servicehall.web.portal.acting import undo, viewer

pages = Blueprint("deputies", __name__)

BAD_DATE = "date"


@pages.get("/deputies")
def show() -> ResponseReturnValue:
    """My deputies, those I stand in for, and a form that names one."""
    return _page()


@pages.post("/deputies")
@once("/deputies")
def add() -> ResponseReturnValue:
    """Names a deputy."""
    said = request.form
    problems = [Problem(name, BAD_DATE, _("Please choose a day.")) for name in ("since", "until") if not _day(name)]
    try:
        if problems:
            raise Invalid(problems=problems)
        delegations.delegate(
            deputy=said.get("deputy", ""),
            since=_day("since") or date.min,
            until=_day("until") or date.min,
            departments=said.getlist("departments") or None,
            viewer=viewer(),
            at=now(),
        )
        flash(_("Your deputy is named. Open approvals move on the first day."), "success")
    except Invalid as error:
        undo()
        return _page(error.problems)
    return redirect("/deputies", code=303)


@pages.get("/deputies/<delegation_id>/end")
def ask(delegation_id: str) -> ResponseReturnValue:
    """Asks first."""
    return render_template(
        "confirm.html",
        title=_("End this deputation?"),
        text=_("What still waits comes back to you."),
        action=f"/deputies/{delegation_id}/end",
        back="/deputies",
        confirm=_("End it"),
    )


@pages.post("/deputies/<delegation_id>/end")
@once("/deputies")
def end(delegation_id: str) -> ResponseReturnValue:
    """Takes it back."""
    try:
        delegations.end(delegation_id, viewer=viewer(), at=now())
        flash(_("The deputation has ended. What still waits comes back to you."), "success")
    except Conflict as error:
        undo()
        flash(error.detail, "warning")
    return redirect("/deputies", code=303)


def _page(problems: tuple[Problem, ...] = ()) -> tuple[str, int]:
    session = viewer().session
    mine = delegations.mine(viewer())
    today = directory.today_of(viewer().person, now())
    standing = session.scalars(
        select(Delegation)
        .where(Delegation.deputy_id == viewer().id, Delegation.ended_at.is_(None), Delegation.until >= today)
        .order_by(Delegation.since, Delegation.id)
    ).all()
    page = render_template(
        "portal/deputies.html",
        mine=mine,
        standing=standing,
        names=directory.people(session, [*(one.deputy_id for one in mine), *(one.person_id for one in standing)]),
        colleagues=_colleagues(),
        departments=sorted(department_titles(session).items(), key=lambda pair: pair[1]),
        today=today,
        said=request.form,
        problems=problems,
        wrong={problem.path: problem.message for problem in problems},
        words=words,
    )
    return page, 422 if problems else 200


def _colleagues() -> list[Person] | None:
    """Everybody else, to choose from; None where they are too many to list."""
    found = directory.search_people(viewer().session, "", limit=people.MOST_LISTED + 1)
    others = [one for one in found if one.id != viewer().id]
    return others if len(found) <= people.MOST_LISTED else None


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None
