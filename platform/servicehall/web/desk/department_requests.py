"""The requests of the departments whose agent one is."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, exists, select

from servicehall.domain.lifecycle import RequestState
from servicehall.models.definitions import Document
from servicehall.models.directory import Group
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import departments, directory
from servicehall.services.cases import request_rows
from servicehall.services.listing import led_by
from servicehall.services.queues import in_hand
from servicehall.services.request_lists import list_requests
from servicehall.services.visibility import Viewer
from servicehall.texts import _, pick
from servicehall.web.navigation import WANTED
from servicehall.web.portal.acting import viewer
from servicehall.web.portal.paging import cursor, first_href, next_href
from servicehall.web.states import LOOKS, look

pages = Blueprint("desk_requests", __name__)

NAMES = ("q", "state", "priority", "service", "assignee")
LONGEST = 200
SIZE = 50
PRIORITIES = tuple(LOOKS["priority"])
STATES = tuple(str(one) for one in RequestState if one != RequestState.DRAFT)


@pages.get("/desk/requests")
def department_requests() -> ResponseReturnValue:
    """`?q=&state=&priority=&service=&assignee=&cursor=`, the newest first; without a state, the open ones."""
    said = {name: request.args.get(name, "").strip()[:LONGEST] for name in NAMES}
    if not viewer().agent_departments:
        return render_template("desk/none.html", agents=True)
    page = list_requests(
        viewer(),
        role="agent",
        state=(said["state"] if said["state"] in (*STATES, "open") else "open",) if said["state"] != "all" else (),
        service=said["service"] or None,
        q=said["q"],
        where=_conditions(viewer(), said),
        limit=SIZE,
        cursor=cursor(),
    )
    return render_template(
        "desk/requests.html",
        rows=request_rows(viewer(), page.rows),
        said=said,
        options=_options(viewer()),
        next_href=next_href(page.next),
        first_href=first_href(),
    )


def _conditions(viewer: Viewer, said: dict[str, str]) -> list[ColumnElement[bool]]:
    """Priority, and who holds one of its tasks in hand."""
    found: list[ColumnElement[bool]] = []
    if said["priority"] in PRIORITIES:
        found.append(Request.priority == said["priority"])
    if said["assignee"]:
        person = viewer.person if said["assignee"] == "me" else directory.by_email(viewer.session, said["assignee"])
        holder = Task.assignee_id == (person.id if person else "")
        has = exists().where(Task.request_id == Request.id, holder, in_hand())
        found.append(led_by(viewer.session, Request.id, select(Task.request_id).where(holder, in_hand()), many=has))
    return found


def _options(viewer: Viewer) -> dict[str, list[tuple[str, str]]]:
    states = [(state, look("request", state).word) for state in STATES]
    return {
        "state": [("all", _("All states")), *states],
        "priority": [(key, look("priority", key).word) for key in PRIORITIES],
        "service": _services(viewer),
        "assignee": [("me", _("Me")), *_agents(viewer)],
    }


def _services(viewer: Viewer) -> list[tuple[str, str]]:
    rows = viewer.session.execute(
        select(Document.department, Document.key, Document.body).where(
            Document.kind == "service",
            Document.state == "published",
            Document.department.in_(sorted(viewer.agent_departments)),
        )
    )
    named = [(f"{department}/{key}", pick((body or {}).get("title")) or key) for department, key, body in rows]
    return sorted(named, key=lambda one: one[1])


def _agents(viewer: Viewer) -> list[tuple[str, str]]:
    """The agents of one's departments."""
    keys = {
        key
        for department, some in departments.agent_groups(viewer.session).items()
        if department in viewer.agent_departments
        for key in some
    }
    ids = viewer.session.scalars(select(Group.id).where(Group.key.in_(keys))).all()
    people = {one.id: one for several in directory.group_members(viewer.session, ids).values() for one in several}
    named = [(one.email, directory.name_of(one)) for one in people.values() if one.id != viewer.id]
    return sorted(named, key=lambda one: one[1])


WANTED.register("agent-requests", lambda: bool(viewer().agent_departments))
