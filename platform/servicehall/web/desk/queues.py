"""The queue as a table that can be narrowed, ordered, shared as a link, and taken or given away in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from servicehall.clock import now
from servicehall.errors import BadRequest, Conflict, Forbidden, Invalid
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.services import directory, tasks
from servicehall.services.access import note_reading
from servicehall.services.visibility import Viewer, task_for, visible_tasks
from servicehall.texts import N_, _
from servicehall.web.desk.filters import DUE, STATES, Filters, list_tasks
from servicehall.web.desk.rows import desk_rows, has_desk
from servicehall.web.desk.task_view import TaskView
from servicehall.web.desk.work import no_desk
from servicehall.web.once import once
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.portal.paging import cursor, first_href, next_href
from servicehall.web.portal.words import group
from servicehall.web.shell import local_path
from servicehall.web.states import look

pages = Blueprint("desk_queue", __name__)

MOST = 100
COLUMNS = (
    ("task", N_("Task"), ()),
    ("number", N_("Request"), ("number", "-number")),
    ("state", N_("State"), ("state", "")),
    ("due", N_("Due"), ("", "-due")),
    ("assignee", N_("Who has it"), ()),
)
DUE_WORDS = {"overdue": N_("Overdue"), "today": N_("Due today"), "week": N_("Due this week"), "none": N_("No due date")}
ORDERS = {"": "ascending", "-due": "descending", "number": "ascending", "-number": "descending", "state": "ascending"}


@pages.get("/desk/queue")
def queue() -> ResponseReturnValue:
    """`?group=&state=&assignee=&due=&q=&sort=&cursor=`, and `task=` for the one beside the list."""
    if not has_desk(viewer()):
        return no_desk()
    at, wanted = now(), Filters.read(request.args)
    page = list_tasks(viewer(), wanted, at=at, cursor=cursor())
    chosen = request.args.get("task", "")
    panel = TaskView(viewer(), task_for(viewer(), chosen)) if chosen else None
    if panel is not None:
        note_reading(panel.row, viewer=viewer(), at=at, kind="task")
    return render_template(
        "desk/queue.html",
        rows=desk_rows(viewer(), page.rows, at=at),
        wanted=wanted,
        narrowed={**wanted.said(), "sort": ""} != {"sort": ""},
        heads=[(key, _(text), _turn(wanted, sorts), _ordered(wanted, sorts)) for key, text, sorts in COLUMNS],
        options=_options(viewer(), wanted),
        members=colleagues(viewer(), wanted.group),
        panel=panel,
        here=_here(),
        next_href=next_href(page.next),
        first_href=first_href(),
    )


@pages.post("/desk/queue/bulk")
@once("/desk/queue")
def bulk() -> ResponseReturnValue:
    """Takes or gives the chosen tasks, each on its own; says how many went, and why the others did not."""
    back = local_path(request.form.get("next") or "/desk/queue")
    verb = BULK.get(request.form.get("act", ""))
    if verb is None:
        raise BadRequest
    chosen = _chosen(viewer(), request.form.getlist("task")[:MOST])
    done, refused = 0, ""
    for task_id in chosen:
        try:
            verb(task_for(viewer(), task_id), viewer())
            done += 1
        except (Conflict, Invalid, Forbidden) as error:
            undo()
            refused = error.problems[0].message if error.problems else error.detail
    _say(len(chosen), done, refused)
    return redirect(back, code=303)


def colleagues(viewer: Viewer, group: str = "") -> list[Person]:
    """To whom work may be given: the members of the group, else of all groups of one's own, each once."""
    ids = sorted(viewer.group_ids)
    found = directory.group_by_key(viewer.session, group) if group else None
    members = directory.group_members(viewer.session, [found.id] if found else ids)
    people = {one.id: one for several in members.values() for one in several}
    return sorted(people.values(), key=lambda one: directory.name_of(one))


def _claim(task: Task, viewer: Viewer) -> None:
    tasks.claim(task, viewer=viewer, at=now())


def _assign(task: Task, viewer: Viewer) -> None:
    email = request.form.get("assignee", "").strip()
    if not email:
        raise Invalid(_("Choose who gets the tasks."))
    tasks.assign(task, assignee=email, viewer=viewer, at=now())


BULK: Mapping[str, Callable[[Task, Viewer], None]] = {"claim": _claim, "assign": _assign}


def _chosen(viewer: Viewer, ids: list[str]) -> list[str]:
    """Of these ids the ones that are the viewer's to see, the soonest due first."""
    mine = select(Task.id).where(Task.id.in_(ids), or_(visible_tasks(viewer))).order_by(Task.due_at, Task.id)
    return list(viewer.session.scalars(mine))


def _say(chosen: int, done: int, refused: str) -> None:
    if not chosen:
        flash(_("Choose some tasks first."), "warning")
    if done:
        flash(_("Tasks that changed hands: {count}.", count=done), "success")
    if done < chosen:
        flash(_("Tasks that stayed as they were: {count}. {reason}", count=chosen - done, reason=refused), "warning")


def _options(viewer: Viewer, wanted: Filters) -> dict[str, list[tuple[str, str]]]:
    keys = sorted(viewer.group_keys | ({wanted.group} - {""}))
    people = [(one.email, directory.name_of(one)) for one in colleagues(viewer, wanted.group)]
    return {
        "group": [(key, group(key)) for key in keys],
        "state": [(state, look("task", state).word) for state in STATES],
        "assignee": [("me", _("Me")), ("none", _("Nobody")), *(one for one in people if one[0] != viewer.person.email)],
        "due": [(key, _(DUE_WORDS[key])) for key in DUE],
    }


def _turn(wanted: Filters, sorts: tuple[str, ...]) -> str:
    """The address of the same list in this column's order; again turns it round."""
    if not sorts:
        return ""
    following = sorts[1] if wanted.sort == sorts[0] else sorts[0]
    return "/desk/queue?" + urlencode({**wanted.said(), "sort": following})


def _ordered(wanted: Filters, sorts: tuple[str, ...]) -> str:
    """For `aria-sort`; a column that does not lead the order has none."""
    own = sorts[:1] if "state" in sorts else sorts
    return ORDERS[wanted.sort] if wanted.sort in own else ""


def _here() -> str:
    """This list's address without the chosen task."""
    said = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != "task"])
    return f"/desk/queue?{said}" if said else "/desk/queue"
