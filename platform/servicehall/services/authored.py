"""The documents that somebody may author, page by page in the order of department, kind and key."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, cast, or_, select, tuple_
from sqlalchemy.orm import Session

from servicehall.errors import Invalid, Problem
from servicehall.models.definitions import Document
from servicehall.services.listing import Page, checked_limit, read_cursor, write_cursor
from servicehall.services.visibility import Viewer, visible_documents
from servicehall.texts import _

LIST = "definitions"
ORDER = (Document.department, Document.kind, Document.key)


def documents(
    viewer: Viewer,
    *,
    q: str = "",
    kind: str = "",
    department: str = "",
    state: str = "",
    with_draft: bool = False,
    cursor: str | None = None,
    limit: int,
) -> Page[Document]:
    """One page of them; `q` is looked for in keys and titles, `with_draft` leaves out what has none."""
    size = checked_limit(limit)
    where: list[ColumnElement[bool]] = [
        visible_documents(viewer),
        or_(Document.version > 0, Document.draft.is_not(None)),
    ]
    said = ((Document.kind, kind), (Document.department, department), (Document.state, state))
    where += [column == value for column, value in said if value]
    if with_draft:
        where.append(Document.draft.is_not(None))
    if q:
        texts = (Document.key, cast(Document.body["title"], Text), cast(Document.draft_body["title"], Text))
        where.append(or_(*(column.icontains(q, autoescape=True) for column in texts)))
    if cursor:
        where.append(tuple_(*ORDER) > _after(cursor))
    found = list(viewer.session.scalars(select(Document).where(*where).order_by(*ORDER).limit(size + 1)))
    last = found[size - 1] if len(found) > size else None
    following = write_cursor(LIST, (None, f"{last.department}/{last.kind}/{last.key}")) if last is not None else None
    return Page(found[:size], following)


def departments(viewer: Viewer) -> list[str]:
    """The departments that have documents which the viewer may author."""
    found = select(Document.department).where(visible_documents(viewer)).distinct()
    return sorted({*viewer.session.scalars(found), *viewer.administers})


def departments_with_document(session: Session) -> set[str]:
    """The departments that have a document of their own."""
    return set(session.scalars(select(Document.department).where(Document.kind == "department")))


def departments_in_use(session: Session) -> list[str]:
    """Those whose document is published, by key."""
    in_use = (Document.kind == "department", Document.state == "published")
    return list(session.scalars(select(Document.department).where(*in_use).order_by(Document.department)))


def _after(cursor: str) -> tuple[str, str, str]:
    position = read_cursor(LIST, cursor)
    parts = position[1].split("/") if position is not None else []
    if len(parts) != 3:
        text = _("This is not a place in this list; begin at its start.")
        raise Invalid(text, [Problem("cursor", "invalid", text)])
    return parts[0], parts[1], parts[2]
