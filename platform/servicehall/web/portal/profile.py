"""What people choose for themselves: language, time zone, how pages look, and which mails they get."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Invalid, Problem
from servicehall.services import directory, people
from servicehall.services.notifications import DEFAULTS
from servicehall.texts import LOCALES, N_, _
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.shell import THEMES

pages = Blueprint("profile", __name__)

COOKIES = ("locale", "theme", "density", "shortcuts")
MAILS: Mapping[str, str] = {
    "approval_requested": N_("Somebody needs my approval"),
    "approval_reminder": N_("An approval still waits for me"),
    "request_submitted": N_("Something was ordered for me"),
    "request_approved": N_("My request is approved"),
    "request_rejected": N_("My request is rejected"),
    "request_returned": N_("My request comes back for changes"),
    "request_resolved": N_("My request is done"),
    "request_cancelled": N_("My request is cancelled"),
    "request_on_hold": N_("My request is on hold"),
    "comment_added": N_("Somebody wrote a comment"),
    "task_ready": N_("My group has a new task"),
    "task_assigned": N_("A task is given to me"),
    "task_returned": N_("A task is back in my group's queue"),
    "task_failed": N_("A task of my group failed"),
    "clock_due_soon": N_("Something is due soon"),
    "clock_breached": N_("Something is overdue"),
}


@pages.get("/profile")
def show() -> ResponseReturnValue:
    return _page()


@pages.post("/profile")
@once("/profile")
def save() -> ResponseReturnValue:
    """Keeps all of it; what this browser had chosen before gives way to it."""
    said = request.form
    mail = {key: f"mail-{key}" in said for key in ("all", *DEFAULTS)}
    choices = {
        "mail": mail,
        "density": said.get("density") if said.get("density") in ("roomy", "compact") else None,
        "theme": said.get("theme") if said.get("theme") in THEMES else None,
        "shortcuts": "shortcuts" in said,
    }
    cells = {"email": viewer().person.email, "locale": said.get("locale", ""), "time_zone": said.get("time_zone", "")}
    try:
        people.record_person(cells, actor=viewer().id, at=now())
        people.set_preferences(viewer().id, choices, at=now())
    except Invalid as error:
        undo()
        return _page(error.problems)
    flash(_("Saved."), "success")
    answer = redirect("/profile", code=303)
    for name in COOKIES:
        answer.delete_cookie(name)
    return answer


def _page(problems: tuple[Problem, ...] = ()) -> tuple[str, int]:
    person = viewer().person
    chosen = person.preferences
    mail = chosen.get("mail", {})
    page = render_template(
        "portal/profile.html",
        person=person,
        manager=directory.person(viewer().session, person.manager_id) if person.manager_id else None,
        groups=[one.key for one in directory.groups_of(viewer().session, person.id)],
        locales=LOCALES,
        zones=_zones(person.time_zone),
        chosen=chosen,
        mails=[(key, _(MAILS.get(key, key)), mail.get(key, True)) for key in DEFAULTS],
        mail_all=mail.get("all", True),
        problems=problems,
        wrong={problem.path: problem.message for problem in problems},
        words=words,
    )
    return page, 422 if problems else 200


def _zones(present: str | None) -> list[str]:
    """Zones with a place in their name; the present one is always among them."""
    return sorted(
        {zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")} | {present or "UTC"}
    )
