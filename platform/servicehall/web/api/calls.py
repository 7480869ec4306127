"""How a call of the API is made: its input is read and checked, one verb runs, its answer becomes JSON.

`call` registers a view and, with the same words, its entry in the OpenAPI document: what is checked is what is said.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, g
from marshmallow import Schema

from servicehall.models.base import db, set_reading
from servicehall.models.requests import Request
from servicehall.services import cases
from servicehall.services.listing import checked_limit, read_cursor, write_cursor
from servicehall.services.visibility import Viewer
from servicehall.web.api.idempotency import once
from servicehall.web.api.reading import Nothing, read_body, read_query, read_upload

api = Blueprint("api", __name__, url_prefix="/api/v1")

View = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Call:
    """One operation: `path` in Flask's notation, `answer` what comes back with `status`, `later` with 202."""

    method: str
    path: str
    name: str
    summary: str
    tag: str
    query: type[Schema]
    body: type[Schema] | None
    answer: type[Schema] | str | None
    status: int
    upload: bool
    versioned: bool
    takes: Mapping[str, Any]
    later: type[Schema] | None


CALLS: list[Call] = []


def call(
    method: str,
    path: str,
    *,
    summary: str,
    tag: str,
    query: type[Schema] = Nothing,
    body: type[Schema] | None = None,
    answer: type[Schema] | str | None = None,
    status: int = 200,
    upload: bool = False,
    versioned: bool = False,
    takes: Mapping[str, Any] = MappingProxyType({}),
    later: type[Schema] | None = None,
) -> Callable[[View], View]:
    """Registers a view: it is given the parts of its path, then `query`, `said` and `file` where it has them.

    `answer` is a schema, or the media type of what is not JSON; `versioned` views take `If-Match`.
    A view with `takes` (media type → schema as OpenAPI writes it) reads its body itself. `later` is the schema of a 202
    where the caller is to ask again.
    """

    def register(view: View) -> View:
        @functools.wraps(view)
        def endpoint(**path_parts: str) -> Response:
            given: dict[str, Any] = dict(path_parts)
            asked = read_query(query)
            if query is not Nothing:
                given["query"] = asked
            if body is not None:
                given["said"] = read_body(body)
            elif upload:
                given["file"] = read_upload()
            elif method != "GET" and not takes:
                read_body(Nothing)
            run = functools.partial(view, **given)
            return once(run) if method == "POST" else run()

        CALLS.append(
            Call(
                method, path, view.__name__, summary, tag, query, body, answer, status, upload, versioned, takes, later
            )
        )
        api.add_url_rule(path, view.__name__, endpoint, methods=[method])
        return view

    return register


def viewer() -> Viewer:
    """The signed-in person with what their sight depends on, made once for each web request."""
    if "viewer" not in g:
        g.viewer = Viewer(db.session(), g.person)
    found: Viewer = g.viewer
    return found


def as_json(value: Any, status: int = 200, **headers: str) -> Response:
    """An answer in JSON; header names are written with underscores."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    response = Response(text, status=status, content_type="application/json")
    for name, content in headers.items():
        response.headers[name.replace("_", "-")] = content
    return response


def listed(items: list[Any], after: str | None = None) -> Response:
    """A list: `{items, next}`."""
    return as_json({"items": items, "next": after})


def listed_parts(items: list[dict[str, Any]], query: dict[str, Any]) -> Response:
    """A list that is known whole: all of it, or the page that was asked for."""
    names = [str(one.get("id") or one.get("sequence") or f"{one.get('department')}/{one.get('key')}") for one in items]
    after = read_cursor("parts", query["cursor"])
    start = names.index(after[1]) + 1 if after is not None and after[1] in names else 0
    end = len(items) if query["limit"] is None else start + checked_limit(query["limit"])
    return listed(items[start:end], write_cursor("parts", (None, names[end - 1])) if end < len(items) else None)


def no_content() -> Response:
    return Response(status=204)


def only_read() -> None:
    """The verb is through: what follows only reads, and so holds up nobody who writes."""
    set_reading(True)


def etag_of(row: Request) -> str:
    """The version of a request and all its parts: how many events there are."""
    return f'"{cases.head(db.session(), row)}"'
