"""The plan of a request: as a graph, and as a list by department that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from servicehall.clock import now
from servicehall.models.requests import Request
from servicehall.services import cases, releases
from servicehall.services.access import note_reading
from servicehall.services.cases.names import Record, department_titles
from servicehall.services.fulfilment import plan_of
from servicehall.services.planning import Outlook, outlook_of
from servicehall.services.visibility import Viewer, request_for, visible_requests
from servicehall.texts import _, pick
from servicehall.web.formats import day
from servicehall.web.plan_words import warnings
from servicehall.web.portal.acting import viewer
from servicehall.web.states import look

pages = Blueprint("desk_plan", __name__)


@pages.get("/requests/<number>/plan")
def plan(number: str) -> ResponseReturnValue:
    """Who does what after what; before approval, what is planned."""
    row = request_for(viewer(), number)
    note_reading(row, viewer=viewer(), at=now(), kind="plan")
    at = now()
    begun = cases.task_records(viewer(), row)
    tasks = begun or _planned(viewer(), row)
    outlook = outlook_of(viewer().session, row, at=at)
    return render_template(
        "desk/plan.html",
        row=row,
        title_of=releases.load(viewer().session, row.release).title,
        begun=bool(begun),
        lanes=_lanes(tasks),
        titles={task["key"]: task["title"] for task in tasks},
        nodes=[_node(task, outlook) for task in tasks],
        outlook=outlook,
        warnings=warnings(outlook) if outlook is not None else (),
        late=[one.task for one in outlook.forecast.late] if outlook is not None else (),
        edges=_edges(tasks),
        children=_children(viewer(), row),
        total=len(tasks),
        done=sum(task["state"] in ("done", "skipped") for task in tasks),
    )


def _planned(viewer: Viewer, row: Request) -> list[Record]:
    """The tasks as authored, for a request whose plan has not started."""
    release = releases.load(viewer.session, row.release)
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
            "due_at": None,
            "done_at": None,
            "after": list(task.after.keys),
            "optional": task.optional,
            "kind": task.kind,
            "why": None,
        }
        for task in plan_of(release).ordered
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
    until = day(task["due_at"]) if task["state"] not in ("done", "skipped", "cancelled") else ""
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
