"""Definitions: the documents of the departments that the caller administers."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import select, tuple_

from ...models.definitions import Document
from ...services.listing import checked_limit, read_cursor, write_cursor
from ...services.visibility import visible_documents
from . import inputs, shapes
from .authoring import record
from .calls import call, listed, viewer
from .definition_shapes import Definition

TAG = "Definitions"
LIST = "definitions"


@call(
    "GET",
    "/definitions",
    summary="Documents, by department, kind and key",
    tag=TAG,
    query=inputs.DefinitionsQuery,
    answer=shapes.page_of(Definition),
)
def list_definitions(query: dict[str, Any]) -> Response:
    size, after = checked_limit(query["limit"]), read_cursor(LIST, query["cursor"])
    order = (Document.department, Document.kind, Document.key)
    statement = select(Document).where(visible_documents(viewer())).order_by(*order).limit(size + 1)
    for name in ("kind", "department", "state"):
        if query[name] is not None:
            statement = statement.where(getattr(Document, name) == query[name])
    if after is not None:
        department, kind, key = (*after[1].split("/"), "", "")[:3]
        statement = statement.where(tuple_(*order) > (department, kind, key))
    rows = viewer().session.scalars(statement).all()
    last = rows[size - 1] if len(rows) > size else None
    cursor = write_cursor(LIST, (None, f"{last.department}/{last.kind}/{last.key}")) if last is not None else None
    return listed([record(row) for row in rows[:size]], cursor)
