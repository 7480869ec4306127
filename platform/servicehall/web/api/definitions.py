"""Definitions: the documents of the departments that the caller administers."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicehall.services import authored
from servicehall.web.api import inputs, shapes
from servicehall.web.api.authoring import record
from servicehall.web.api.calls import call, listed, viewer
from servicehall.web.api.definition_shapes import Definition

TAG = "Definitions"


@call(
    "GET",
    "/definitions",
    summary="Documents, by department, kind and key",
    tag=TAG,
    query=inputs.DefinitionsQuery,
    answer=shapes.page_of(Definition),
)
def list_definitions(query: dict[str, Any]) -> Response:
    kind, department, state = (query[name] or "" for name in ("kind", "department", "state"))
    place = {"cursor": query["cursor"], "limit": query["limit"]}
    found = authored.documents(viewer(), kind=kind, department=department, state=state, **place)
    return listed([record(row) for row in found.rows], found.next)
