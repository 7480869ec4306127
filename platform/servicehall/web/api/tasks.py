"""Tasks: the queues that the caller works from, one task, and the verbs of those who do the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import Schema

from servicehall.clock import as_instant, now
from servicehall.errors import NotFound
from servicehall.models.fulfilment import GuestLink, Task
from servicehall.models.requests import Request
from servicehall.services import cases, directory, guests, queues, tasks
from servicehall.services.access import note_reading
from servicehall.services.visibility import task_for
from servicehall.texts import _
from servicehall.web.api import inputs, shapes
from servicehall.web.api.calls import as_json, call, etag_of, listed, no_content, only_read, viewer
from servicehall.web.api.versions import expect_version

TAG = "Tasks"


@call(
    "GET",
    "/tasks",
    summary="Tasks in hand of the caller and their groups, the soonest due first",
    tag=TAG,
    query=inputs.TasksQuery,
    answer=shapes.page_of(shapes.TaskRow),
)
def list_tasks(query: dict[str, Any]) -> Response:
    page = queues.queue(viewer(), **query)
    return listed(cases.task_rows(viewer(), page.rows), page.next)


@call("GET", "/tasks/<task_id>", summary="One task, with what it shows of its request", tag=TAG, answer=shapes.Task)
def get_task(task_id: str) -> Response:
    task = task_for(viewer(), task_id)
    note_reading(_request_of(task), viewer=viewer(), at=now(), kind="task")
    return _shown(task)


VERBS: dict[str, tuple[type[Schema], str]] = {
    "claim": (inputs.Comment, "Take a task of one's group"),
    "assign": (inputs.Assignment, "Give a task to a member of its group"),
    "start": (inputs.Comment, "Begin the work"),
    "hold": (inputs.Comment, "Put a task on hold; the comment says why"),
    "release": (inputs.Comment, "Go on after a hold; else give up the claim"),
    "complete": (inputs.Completion, "Done, with what the task's form asks"),
    "skip": (inputs.Comment, "Skip an optional task; the comment says why"),
    "fail": (inputs.Comment, "It cannot be done; the comment says why"),
    "retry": (inputs.Comment, "Try a failed task again"),
}


def _verb(name: str, body: type[Schema], summary: str) -> None:
    verb: Callable[..., None] = getattr(tasks, name)

    def act(task_id: str, said: dict[str, Any]) -> Response:
        task = task_for(viewer(), task_id)
        expect_version(_request_of(task))
        verb(task, viewer=viewer(), at=now(), **said)
        return _shown(task)

    act.__name__ = f"{name}_task"
    call("POST", f"/tasks/<task_id>/{name}", summary=summary, tag=TAG, body=body, answer=shapes.Task, versioned=True)(
        act
    )


for _name, (_body, _summary) in VERBS.items():
    _verb(_name, _body, _summary)


@call(
    "POST",
    "/tasks/<task_id>/checklist",
    summary="Tick an item of the checklist, or open it again",
    tag=TAG,
    body=inputs.Tick,
    answer=shapes.Task,
    versioned=True,
)
def tick(task_id: str, said: dict[str, Any]) -> Response:
    task = task_for(viewer(), task_id)
    expect_version(_request_of(task))
    tasks.tick(task, viewer=viewer(), at=now(), **said)
    return _shown(task)


@call(
    "GET",
    "/tasks/<task_id>/link",
    summary="The link by which somebody without an account may do the task now; for those who may work on it",
    tag=TAG,
    answer=shapes.Link,
)
def get_link(task_id: str) -> Response:
    link = _live_link(task_for(viewer(), task_id))
    return as_json({**_link(link), "url": guests.url_of(link)})


@call(
    "POST",
    "/tasks/<task_id>/link",
    summary="Let somebody without an account do the task, by a link; one that was given before ends",
    tag=TAG,
    body=inputs.NewLink,
    answer=shapes.Link,
    status=201,
    versioned=True,
)
def give_link(task_id: str, said: dict[str, Any]) -> Response:
    task = task_for(viewer(), task_id)
    expect_version(_request_of(task))
    made = guests.give(task, viewer=viewer(), at=now(), **said)
    only_read()
    return as_json(_link(viewer().session.get_one(GuestLink, made)), 201)


@call("DELETE", "/tasks/<task_id>/link", summary="Take the task's link back", tag=TAG, status=204, versioned=True)
def take_link_back(task_id: str) -> Response:
    task = task_for(viewer(), task_id)
    expect_version(_request_of(task))
    guests.take_back(task, viewer=viewer(), at=now())
    return no_content()


def _live_link(task: Task) -> GuestLink:
    """NotFound also for those who may see the task, and not work on it."""
    link = guests.live_link(viewer().session, task, now()) if tasks.may_work(task, viewer()) else None
    if link is None:
        raise NotFound(_("There is no link."))
    return link


def _link(link: GuestLink) -> dict[str, Any]:
    session = viewer().session
    return {
        "id": link.id,
        "address": guests.address_of(session, link),
        "locale": link.locale,
        "given_by": cases.person_record(directory.find(session, link.given_by_id), link.given_by_id),
        "given_at": as_instant(link.given_at),
        "expires_at": as_instant(link.expires_at),
    }


def _request_of(task: Task) -> Request:
    return viewer().session.get_one(Request, task.request_id)


def _shown(task: Task) -> Response:
    only_read()
    return as_json(cases.task_record(viewer(), task), ETag=etag_of(_request_of(task)))
