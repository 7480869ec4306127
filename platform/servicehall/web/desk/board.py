"""The board: a group's tasks as cards in columns, moved by dragging or by the menu on each card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from servicehall.clock import now
from servicehall.domain.fulfilment import task_state_name
from servicehall.errors import BadRequest, Conflict, Forbidden
from servicehall.models.fulfilment import Task
from servicehall.services import directory, tasks
from servicehall.services.cases.names import Record
from servicehall.services.queues import queue
from servicehall.services.visibility import Viewer, task_for
from servicehall.texts import N_, _
from servicehall.web.desk.rows import desk_rows, has_desk
from servicehall.web.desk.work import no_desk
from servicehall.web.once import once
from servicehall.web.portal.acting import undo, viewer

pages = Blueprint("desk_board", __name__)

MOST = 50
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Column:
    """The tasks in a state; `more` where not all are shown."""

    key: str
    text: str
    rows: list[Record]
    more: bool

    @property
    def title(self) -> str:
        return _(self.text)


COLUMNS = (("ready", N_("Ready")), ("in_progress", N_("In progress")), ("on_hold", N_("On hold")))
FAILED = ("failed", N_("Failed"))
DONE = ("done", N_("Done in the last 7 days"))
MOVES: Mapping[tuple[str, str], str] = {
    ("ready", "in_progress"): "start",
    ("ready", "on_hold"): "hold",
    ("in_progress", "on_hold"): "hold",
    ("on_hold", "in_progress"): "release",
    ("on_hold", "ready"): "release",
    ("failed", "ready"): "retry",
    ("ready", "failed"): "fail",
    ("in_progress", "failed"): "fail",
    ("on_hold", "failed"): "fail",
    ("ready", "done"): "complete",
    ("in_progress", "done"): "complete",
    ("failed", "done"): "complete",
}
"""From the column a card is in to the one it is dropped on: the act that this asks for."""

BY_PAGE: Mapping[str, str] = {
    "hold": "/tasks/{id}/hold?next={back}",
    "fail": "/tasks/{id}/fail?next={back}",
    "complete": "/tasks/{id}#do",
}
"""Acts that need more than a move: a reason, or what the task's form asks."""


@pages.get("/desk/board")
def board() -> ResponseReturnValue:
    """`?group=`: a group's tasks; without one, the first of one's own groups."""
    if not has_desk(viewer()):
        return no_desk()
    groups = sorted(viewer().group_keys)
    group = request.args.get("group", "") or (groups[0] if groups else "")
    columns = _columns(viewer(), group, at=now())
    return render_template("desk/board.html", columns=columns, group=group, groups=groups)


@pages.post("/desk/board/<task_id>/move")
@once("/desk/board")
def move(task_id: str) -> ResponseReturnValue:
    """Moves a card to another column; a move that cannot be is refused with the reason."""
    task, target = task_for(viewer(), task_id), request.form.get("column", "")
    try:
        act = _act(task, target)
        if act in BY_PAGE:
            return redirect(BY_PAGE[act].format(id=task.id, back=quote(_back(), safe="")), code=303)
        _DO[act](task, viewer())
    except (Conflict, Forbidden) as error:
        undo()
        return _refuse(error.detail)
    return _moved(task_for(viewer(), task_id), target)


def _act(task: Task, target: str) -> str:
    if target not in {key for key, _text in (*COLUMNS, FAILED, DONE)}:
        raise BadRequest
    act = MOVES.get((task.state, target))
    if act is None:
        states = {"before": task_state_name(task.state), "after": task_state_name(target)}
        raise Conflict(_("A task does not go from “{before}” to “{after}”.", **states))
    return act


def _start(task: Task, viewer: Viewer) -> None:
    tasks.start(task, viewer=viewer, at=now())


def _release(task: Task, viewer: Viewer) -> None:
    tasks.release(task, viewer=viewer, at=now())


def _retry(task: Task, viewer: Viewer) -> None:
    tasks.retry(task, viewer=viewer, at=now())


_DO: Mapping[str, Callable[[Task, Viewer], None]] = {"start": _start, "release": _release, "retry": _retry}


def _by_script() -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _refuse(reason: str) -> ResponseReturnValue:
    if _by_script():
        return Response(reason, status=409, content_type="text/plain; charset=utf-8")
    flash(reason, "warning")
    return redirect(_back(), code=303)


def _moved(task: Task, target: str) -> ResponseReturnValue:
    """Nothing more where the card lies in its column; otherwise the board anew, which shows where it is."""
    if _by_script() and task.state == target:
        return Response(status=204)
    if task.state != target:
        flash(_("The task is “{state}” now.", state=task_state_name(task.state)), "info")
    return redirect(_back(), code=303)


def _back() -> str:
    group = request.args.get("group", "")
    return f"/desk/board?group={group}" if group.replace("-", "").replace("_", "").isalnum() else "/desk/board"


def _columns(viewer: Viewer, group: str, *, at: datetime) -> list[Column]:
    made = [_column(viewer, group, key, text, at) for key, text in COLUMNS]
    failed = _column(viewer, group, *FAILED, at)
    done = _done_lately(viewer, group, at)
    rows = desk_rows(viewer, done[:MOST], at=at)
    return [*made, *([failed] if failed.rows else []), Column(*DONE, rows, len(done) > MOST)]


def _column(viewer: Viewer, group: str, state: str, text: str, at: datetime) -> Column:
    page = queue(viewer, queue=group or None, assignee=None if group else "me", state=(state,), limit=MOST)
    return Column(state, text, desk_rows(viewer, page.rows, at=at), page.next is not None)


def _done_lately(viewer: Viewer, group: str, at: datetime) -> list[Task]:
    """The latest first."""
    owner = directory.group_by_key(viewer.session, group) if group else None
    mine = Task.group_id == owner.id if owner and owner.id in viewer.group_ids else Task.assignee_id == viewer.id
    lately = select(Task).where(mine, Task.done_at >= at - LATELY, Task.state == "done")
    ordered = lately.order_by(Task.done_at.desc(), Task.id.desc())
    return list(viewer.session.scalars(ordered.limit(MOST + 1)))
