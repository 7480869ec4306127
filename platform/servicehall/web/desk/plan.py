"""The plan of a request: as a graph, and as a list by department that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from servicehall.clock import now
from servicehall.errors import Conflict, Forbidden, Invalid, Problem
from servicehall.models.requests import Request
from servicehall.services import added_tasks, cases, catalog, directory, releases, replanning
from servicehall.services.access import note_reading
from servicehall.services.cases.names import Record, said_at
from servicehall.services.departments import department_titles
from servicehall.services.fulfilment import plan_of
from servicehall.services.planning import Outlook, outlook_of
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer, request_for, visible_requests
from servicehall.texts import _, pick
from servicehall.web.formats import day
from servicehall.web.once import once
from servicehall.web.plan_words import warnings
from servicehall.web.portal.acting import undo, viewer
from servicehall.web.states import look

pages = Blueprint("desk_plan", __name__)

UNNEEDED = ("skipped", "moot", "cancelled")
"""What does not count among the tasks that are to be done."""


@pages.get("/requests/<number>/plan")
def plan(number: str) -> ResponseReturnValue:
    """Who does what after what; before approval, what is planned."""
    row = request_for(viewer(), number)
    note_reading(row, viewer=viewer(), at=now(), kind="plan")
    return _page(row)


@pages.post("/requests/<number>/plan/tasks")
@once("/requests/{number}/plan")
def add(number: str) -> ResponseReturnValue:
    """Adds a task that the plan did not foresee."""
    row = request_for(viewer(), number)
    try:
        added_tasks.add(row, _wish(), viewer=viewer(), at=now())
    except Invalid as error:
        undo()
        return _page(row, wrong=error.problems), 422
    except (Conflict, Forbidden) as error:
        undo()
        flash(error.detail, "warning")
    else:
        flash(_("The task is added."), "success")
    return redirect(f"/requests/{row.number}/plan", code=303)


@pages.post("/requests/<number>/plan/date")
@once("/requests/{number}/plan")
def move(number: str) -> ResponseReturnValue:
    """Moves the date that the plan counts from."""
    row = request_for(viewer(), number)
    try:
        day = date.fromisoformat(request.form.get("date", ""))
        replanning.move_anchor(row, day=day, viewer=viewer(), at=now(), comment=request.form.get("comment"))
        flash(_("The date is moved. Open tasks are planned anew."), "success")
    except ValueError:
        flash(_("Choose a date."), "warning")
    except (Conflict, Forbidden, Invalid) as error:
        undo()
        flash(error.detail, "warning")
    return redirect(f"/requests/{row.number}/plan", code=303)


def _page(row: Request, *, wrong: Sequence[Problem] = ()) -> str:
    begun = cases.task_records(viewer(), row)
    moot = cases.moot_tasks(viewer(), row, at=now())
    tasks = [task | {"state": "moot"} if task["id"] in moot else task for task in begun] or _planned(viewer(), row)
    needed = [task for task in tasks if task["state"] not in UNNEEDED]
    outlook = outlook_of(viewer().session, row, at=now())
    release = releases.load(viewer().session, row.release)
    return render_template(
        "desk/plan.html",
        row=row,
        title_of=release.title,
        begun=bool(begun),
        lanes=_lanes(tasks),
        titles={task["key"]: task["title"] for task in tasks},
        nodes=[_node(task, outlook) for task in tasks],
        outlook=outlook,
        warnings=warnings(outlook) if outlook is not None else (),
        late=[one.task for one in outlook.forecast.late] if outlook is not None else (),
        edges=_edges(tasks),
        children=_children(viewer(), row),
        total=len(needed),
        done=sum(task["state"] == "done" for task in needed),
        unneeded=UNNEEDED,
        may_add=added_tasks.may_add(row, viewer()),
        may_move=replanning.may_move(row, viewer()),
        showable=_showable(release, row),
        groups=directory.group_keys(viewer().session),
        wrong={problem.path: problem.message for problem in wrong},
        typed=request.form,
    )


def _wish() -> added_tasks.Wish:
    said = request.form
    due = said.get("due", "").strip()
    try:
        due_at = datetime.fromisoformat(due).replace(tzinfo=directory.zone_of(viewer().person)) if due else None
    except ValueError:
        raise Invalid(problems=[Problem("due_at", "invalid", _("This is no date with a time."))]) from None
    return added_tasks.Wish(
        title=said.get("title", ""),
        group=said.get("group") or None,
        person=said.get("person", "").strip() or None,
        due_at=due_at.astimezone(UTC) if due_at else None,
        note=said.get("note"),
        shows=said.getlist("shows"),
        optional=said.get("optional") == "yes",
    )


def _showable(release: Release, row: Request) -> Sequence[tuple[str, str]]:
    """The answers that an added task may show at most, with their labels; the check says what is not for whom."""
    allowed = added_tasks.showable(release, row, row.department)
    return [(field.key, pick(field.label)) for field in release.form.fields if field.key in allowed]


def _planned(viewer: Viewer, row: Request) -> list[Record]:
    """The tasks that would follow, for a request whose plan has not started."""
    release = releases.load(viewer.session, row.release)
    ahead = {task.key: task for task in catalog.work_ahead(viewer.session, row, at=now())}
    titles = department_titles(viewer.session)
    return [
        {
            "id": "",
            "key": task.key,
            "title": pick(task.title) or release.title,
            "department_title": titles.get(task.department or row.department, task.department or row.department),
            "state": "blocked",
            "group": task.group,
            "assignee": None,
            "due_at": said_at(ahead[task.key].due_at),
            "done_at": None,
            "after": list(ahead[task.key].after),
            "optional": task.optional,
            "kind": task.kind,
            "why": None,
        }
        for task in plan_of(release).ordered
        if task.key in ahead
    ]


def _lanes(tasks: Sequence[Record]) -> dict[str, list[Record]]:
    """The tasks by department, each department where its first task stands."""
    found: dict[str, list[Record]] = {}
    for task in tasks:
        found.setdefault(task["department_title"], []).append(task)
    return found


def _node(task: Record, outlook: Outlook | None) -> Record:
    """A card of the graph: its state, when it must begin or be done, its department; marked where time is short."""
    shown = look("task", task["state"])
    latest = outlook.forecast.latest.get(task["key"]) if outlook is not None else None
    until = day(task["due_at"]) if task["state"] not in ("done", *UNNEEDED) else ""
    begin = _("begin by {date}", date=day(latest)) if latest and task["state"] in ("blocked", "ready") else ""
    said = (shown.word, begin or until, task["department_title"])
    critical = outlook is not None and task["key"] in outlook.forecast.critical
    node = {"id": task["key"], "label": task["title"], "sub": " · ".join(filter(None, said)), "tone": shown.tone}
    return node | {"critical": critical} | ({"href": f"/tasks/{task['id']}"} if task["id"] else {})


def _edges(tasks: Sequence[Record]) -> list[Record]:
    known = {task["key"] for task in tasks}
    return [{"from": key, "to": task["key"]} for task in tasks for key in task["after"] if key in known]


def _children(viewer: Viewer, row: Request) -> Mapping[str, Record]:
    """The child requests that the viewer may open, by the task that ordered them."""
    own = select(Request).where(Request.parent_id == row.id, visible_requests(viewer))
    rows = viewer.session.scalars(own).all()
    return {str(one.parent_task_id): record for one, record in zip(rows, cases.request_rows(viewer, rows), strict=True)}
