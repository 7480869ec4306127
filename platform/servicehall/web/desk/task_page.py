"""The page of one task, its panel beside the queue, and the files that it shows."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import NotFound
from servicehall.forms import WebForm
from servicehall.models.base import reading
from servicehall.services.access import note_reading
from servicehall.services.visibility import task_for
from servicehall.texts import _
from servicehall.web.desk.task_view import TaskView
from servicehall.web.portal import words
from servicehall.web.portal.acting import viewer
from servicehall.web.portal.sheet import files_in
from servicehall.web.portal.uploads import download

pages = Blueprint("desk_task", __name__)


def view_of(task_id: str) -> TaskView:
    """A task that the signed-in person may see."""
    return TaskView(viewer(), task_for(viewer(), task_id))


def task_page(
    view: TaskView, form: WebForm | None, *, status: int = 200, refused: str = "", checked: bool = False
) -> tuple[str, int]:
    """The whole page, with the task's form as it stands."""
    page = render_template(
        "desk/task.html",
        view=view,
        task=view.record,
        form=form,
        refused=refused,
        checked=checked,
        words=words,
        shown="ledger" in request.args,
        whole="whole" in request.args,
    )
    return page, status


@pages.get("/tasks/<task_id>")
def show(task_id: str) -> ResponseReturnValue:
    """What to do, for whom, until when, and what can be done now."""
    view = view_of(task_id)
    note_reading(view.row, viewer=viewer(), at=now(), kind="task")
    return task_page(view, view.web(None))


@pages.post("/tasks/<task_id>/form")
def check(task_id: str) -> ResponseReturnValue:
    """The form as it would be after what was typed: nothing is kept."""
    with reading():
        form = view_of(task_id).web(request.form, show_errors=request.form.get("checked") == "yes")
        return render_template("desk/form_parts.html", form=form)


@pages.get("/tasks/<task_id>/files/<sha256>")
def file(task_id: str, sha256: str) -> Response:
    """A file that stands in the answers which this task shows, or in its own."""
    view = view_of(task_id)
    found = files_in([view.record["request_answers"], view.record["answers"]]).get(sha256)
    if found is None:
        raise NotFound(_("There is no such file."))
    note_reading(view.row, viewer=viewer(), at=now(), kind="file")
    return download(sha256, name=found["name"], media_type=found["media_type"])
