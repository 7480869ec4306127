"""Doing something with a request: the acts of its states, its priority and its watchers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Conflict, Invalid, NotFound
from servicehall.services import directory, priorities, releases, requests, watchers
from servicehall.services.visibility import request_for
from servicehall.texts import _
from servicehall.web.once import once
from servicehall.web.portal import words
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.portal.acts import ACTS

pages = Blueprint("request_acts", __name__)

_ACTS = "any({})".format(", ".join(ACTS))


@pages.get(f"/requests/<number>/<{_ACTS}:act>")
def ask(number: str, act: str) -> ResponseReturnValue:
    """Asks first: for browsers without JavaScript, and for links."""
    row, about = request_for(viewer(), number), ACTS[act]
    return render_template(
        "confirm.html",
        title=about.title or about.label,
        text=about.detail,
        action=f"/requests/{row.number}/{act}",
        back=f"/requests/{row.number}",
        confirm=about.label,
        danger=about.danger,
        comment=about.comment,
    )


@pages.post(f"/requests/<number>/<{_ACTS}:act>")
@once("/requests/{number}")
def do(number: str, act: str) -> ResponseReturnValue:
    """Does it, and shows the request as it is then."""
    row = request_for(viewer(), number)
    try:
        requests.ACTS[act](row, viewer=viewer(), at=now(), comment=request.form.get("comment"))
        flash(ACTS[act].said, "success")
    except (Conflict, Invalid) as error:
        undo()
        flash(error.detail, "warning")
    return redirect(f"/requests/{number}", code=303)


@pages.get("/requests/<number>/priority")
def ask_priority(number: str) -> ResponseReturnValue:
    """The form that sets the priority, on a page of its own."""
    row = request_for(viewer(), number)
    release = releases.load(viewer().session, row.release)
    return render_template("portal/priority.html", row=row, matrix=release.matrix, words=words)


@pages.post("/requests/<number>/priority")
@once("/requests/{number}")
def set_priority(number: str) -> ResponseReturnValue:
    """Agents set a priority, or impact and urgency where the service has a matrix."""
    row = request_for(viewer(), number)
    said = {name: request.form.get(name) or None for name in ("priority", "impact", "urgency")}
    try:
        priorities.set_priority(row, viewer=viewer(), at=now(), **said)
        flash(_("The priority is set. Clocks were counted anew."), "success")
    except (Conflict, Invalid) as error:
        undo()
        flash(error.detail, "warning")
    return redirect(f"/requests/{number}", code=303)


@pages.post("/requests/<number>/watchers")
@once("/requests/{number}#watchers")
def watch(number: str) -> ResponseReturnValue:
    """Adds a watcher by address."""
    row = request_for(viewer(), number)
    person = directory.by_email(viewer().session, request.form.get("email", ""))
    if person is None or not person.active:
        flash(_("There is no active person with this address."), "warning")
    else:
        watchers.watch(row, person=person, viewer=viewer(), at=now())
        flash(_("{name} follows this request now.", name=directory.name_of(person)), "success")
    return redirect(f"/requests/{number}#watchers", code=303)


@pages.post("/requests/<number>/watchers/<person_id>/remove")
@once("/requests/{number}#watchers")
def unwatch(number: str, person_id: str) -> ResponseReturnValue:
    """Removes a watcher; oneself too."""
    row = request_for(viewer(), number)
    person = directory.person(viewer().session, person_id)
    watchers.unwatch(row, person=person, viewer=viewer(), at=now())
    try:
        request_for(viewer(), number)
    except NotFound:
        return redirect("/requests?tab=watching", code=303)
    return redirect(f"/requests/{number}#watchers", code=303)
