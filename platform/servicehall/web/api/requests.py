"""Requests: ordering, listing, reading, changing, and the acts of their life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from servicehall.clock import now
from servicehall.models.requests import Request
from servicehall.services import cases, priorities, request_lists, requests
from servicehall.services.access import note_reading
from servicehall.services.visibility import request_for
from servicehall.services.work import work
from servicehall.web.api import inputs, shapes
from servicehall.web.api.calls import as_json, call, etag_of, listed, only_read, viewer
from servicehall.web.api.versions import expect_version

TAG = "Requests"


@call(
    "POST",
    "/requests",
    summary="Order a service; with `draft`, keep it for later",
    tag=TAG,
    body=inputs.Order,
    answer=shapes.Request,
    status=201,
)
def order(said: dict[str, Any]) -> Response:
    made = requests.order(requests.Order(**said), viewer=viewer(), at=now())
    only_read()
    row = viewer().session.get_one(Request, made)
    return shown(row, 201, Location=f"/api/v1/requests/{row.number}")


@call(
    "GET",
    "/requests",
    summary="Requests that the caller sees whole, the newest first",
    tag=TAG,
    query=inputs.RequestsQuery,
    answer=shapes.page_of(shapes.RequestRow),
)
def list_requests(query: dict[str, Any]) -> Response:
    page = request_lists.list_requests(viewer(), **query)
    return listed(cases.request_rows(viewer(), page.rows), page.next)


@call("GET", "/requests/<number>", summary="One request, as its reader may know it", tag=TAG, answer=shapes.Request)
def get_request(number: str) -> Response:
    return shown(read(number))


@call(
    "PATCH",
    "/requests/<number>",
    summary="Change the answers of a draft or a returned request",
    tag=TAG,
    body=inputs.Amendment,
    answer=shapes.Request,
    versioned=True,
)
def amend(number: str, said: dict[str, Any]) -> Response:
    row = to_change(number)
    requests.amend(row, **said, viewer=viewer(), at=now())
    return shown(row)


def _submit(row: Request, *, viewer: Any, at: Any, comment: str | None = None) -> None:
    with work(requests.family_of(row), actor=viewer.id, at=at):
        requests.submit(row, viewer=viewer, at=at)
        if comment and comment.strip():
            requests.comment(row, body=comment, internal=False, viewer=viewer, at=at)


ACTS: dict[str, Callable[..., None]] = {"submit": _submit, **requests.ACTS}
SUMMARIES = {
    "submit": "Send a draft or a returned request on its way",
    "recall": "Take a request back until the last decision",
    "hold": "Put a request on hold; the comment says why",
    "release": "Let a request go on",
    "resolve": "Resolve a request by hand",
    "reopen": "Open a resolved request again",
    "close": "Close a resolved request",
    "cancel": "Cancel a request; the comment says why",
}


def _act(name: str) -> None:
    def act(number: str, said: dict[str, Any]) -> Response:
        row = to_change(number)
        ACTS[name](row, viewer=viewer(), at=now(), comment=said["comment"])
        return shown(row)

    act.__name__ = f"{name}_request"
    call(
        "POST",
        f"/requests/<number>/{name}",
        summary=SUMMARIES[name],
        tag=TAG,
        body=inputs.Comment,
        answer=shapes.Request,
        versioned=True,
    )(act)


for _name in SUMMARIES:
    _act(_name)


@call(
    "POST",
    "/requests/<number>/priority",
    summary="Set the priority, or impact and urgency from which the matrix tells it",
    tag=TAG,
    body=inputs.Priority,
    answer=shapes.Request,
    versioned=True,
)
def set_priority(number: str, said: dict[str, Any]) -> Response:
    row = to_change(number)
    priorities.set_priority(row, viewer=viewer(), at=now(), **said)
    return shown(row)


def read(number: str, kind: str = "request") -> Request:
    """A request that is about to be shown; of a confidential one the reading is noted."""
    row = request_for(viewer(), number)
    note_reading(row, viewer=viewer(), at=now(), kind=kind)
    return row


def to_change(number: str) -> Request:
    """A request that is about to be changed: seen, and in the version that the caller knows."""
    row = request_for(viewer(), number)
    expect_version(row)
    return row


def shown(row: Request, status: int = 200, **headers: str) -> Response:
    only_read()
    record = cases.request_record(viewer(), row, at=now())
    return as_json(record, status, ETag=etag_of(row), **headers)
