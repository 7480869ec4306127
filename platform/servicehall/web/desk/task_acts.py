"""Doing something with a task: its acts, giving it to somebody, and completing it with its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import CombinedMultiDict

from servicehall.clock import now
from servicehall.errors import BadRequest, Conflict, Forbidden, Invalid
from servicehall.models.base import reading
from servicehall.services import guests, tasks
from servicehall.texts import _
from servicehall.web.desk.acts import ACTS, RESUME
from servicehall.web.desk.task_page import task_page, view_of
from servicehall.web.once import once
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.shell import local_path

pages = Blueprint("desk_task_acts", __name__)

_ASKED = "any({})".format(", ".join(key for key, act in ACTS.items() if act.question))
_ACTS = "any({}, assign)".format(", ".join(ACTS))


@pages.get(f"/tasks/<task_id>/<{_ASKED}:act>")
def ask(task_id: str, act: str) -> ResponseReturnValue:
    """Asks first: for browsers without JavaScript, for links, and for a card that was dragged."""
    return _question(task_id, act)


@pages.post(f"/tasks/<task_id>/<{_ACTS}:act>")
@once("/tasks/{task_id}")
def do(task_id: str, act: str) -> ResponseReturnValue:
    """Does it, and goes back to where the person was."""
    view = view_of(task_id)
    before = view.task.state
    try:
        tasks.VERBS[act](view.task, viewer=viewer(), at=now(), **_SAID.get(act, dict)())
        flash(_said(act, before), "success")
    except Invalid as error:
        undo()
        if act in ACTS and ACTS[act].question:
            return _question(task_id, act, wrong=error.problems[0].message if error.problems else error.detail), 422
        flash(error.problems[0].message if error.problems else error.detail, "warning")
    except (Conflict, Forbidden) as error:
        undo()
        flash(error.detail, "warning")
    return redirect(_next(task_id), code=303)


@pages.post("/tasks/<task_id>/complete")
@once("/tasks/{task_id}")
def complete(task_id: str) -> ResponseReturnValue:
    """Done, with what the task's form asks; a form that is not valid is shown again with its messages."""
    with reading():
        view = view_of(task_id)
        form = view.web(CombinedMultiDict([request.form, request.files]), store=True)
    if form is not None and form.rearranged:
        return task_page(view, form)
    if form is not None and form.errors:
        return task_page(view, form, status=422, checked=True)
    comment = request.form.get("comment")
    try:
        answers = form.raw() if form is not None else {}
        tasks.complete(view.task, answers=answers, comment=comment, viewer=viewer(), at=now())
        flash(_("The task is done."), "success")
    except (Conflict, Forbidden) as error:
        undo()
        flash(error.detail, "warning")
    except Invalid as error:
        undo()
        return task_page(view_of(task_id), form, status=422, refused=error.detail, checked=True)
    return redirect(_next(task_id), code=303)


@pages.post("/tasks/<task_id>/checklist")
@once("/tasks/{task_id}#checklist")
def tick(task_id: str) -> ResponseReturnValue:
    """Ticks an item of the checklist, or opens it again."""
    view = view_of(task_id)
    item = request.form.get("item", type=int)
    if item is None:
        raise BadRequest
    try:
        tasks.tick(view.task, item=item, done=request.form.get("done") == "yes", viewer=viewer(), at=now())
    except Conflict as error:
        undo()
        flash(error.detail, "warning")
    return redirect(local_path(request.form.get("next") or f"/tasks/{task_id}") + "#checklist", code=303)


@pages.post("/tasks/<task_id>/link")
@once("/tasks/{task_id}#link")
def give_link(task_id: str) -> ResponseReturnValue:
    """Lets somebody without an account do the task, by a link."""
    view, said = view_of(task_id), request.form
    try:
        guests.give(
            view.task,
            address=said.get("address", ""),
            days=said.get("days", guests.DAYS, type=int),
            locale=said.get("locale", ""),
            viewer=viewer(),
            at=now(),
        )
        flash(_("The link is given."), "success")
    except (Conflict, Forbidden, Invalid) as error:
        undo()
        problems = error.problems if isinstance(error, Invalid) else ()
        flash(problems[0].message if problems else error.detail, "warning")
    return redirect(f"/tasks/{task_id}#link", code=303)


@pages.post("/tasks/<task_id>/link/take-back")
@once("/tasks/{task_id}#link")
def take_back_link(task_id: str) -> ResponseReturnValue:
    """Ends the link at once."""
    view = view_of(task_id)
    try:
        guests.take_back(view.task, viewer=viewer(), at=now())
        flash(_("The link is of no use any more."), "success")
    except (Conflict, Forbidden) as error:
        undo()
        flash(error.detail, "warning")
    return redirect(f"/tasks/{task_id}#link", code=303)


def _comment() -> dict[str, Any]:
    return {"comment": request.form.get("comment")}


def _assignee() -> dict[str, Any]:
    email = request.form.get("assignee", "").strip()
    if not email:
        raise Invalid(_("Choose who gets the task."))
    return {"assignee": email}


_SAID: Mapping[str, Callable[[], dict[str, Any]]] = {
    "hold": _comment,
    "skip": _comment,
    "fail": _comment,
    "assign": _assignee,
}


def _said(act: str, before: str) -> str:
    if act == "assign":
        return _("The task was given away.")
    return RESUME.said if act == "release" and before == "on_hold" else ACTS[act].said


def _next(task_id: str) -> str:
    return local_path(request.form.get("next") or f"/tasks/{task_id}")


def _question(task_id: str, act: str, wrong: str = "") -> str:
    view, about = view_of(task_id), ACTS[act]
    back = local_path(request.values.get("next") or f"/tasks/{task_id}")
    return render_template(
        "desk/ask.html",
        title=about.title,
        about=view.record,
        text=about.detail,
        action=f"/tasks/{task_id}/{act}",
        back=back,
        confirm=about.label,
        danger=about.danger,
        comment="none",
        wrong=wrong,
        typed=request.form.get("comment", ""),
        fields=[("next", back)],
    )
