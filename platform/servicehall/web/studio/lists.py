"""What the pages about documents read: the list, one document with its versions, and texts to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_, select
from sqlalchemy.orm import Session

from servicehall.documents.diff import text_diff
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import ERROR, PlacedProblem
from servicehall.documents.pack import as_document
from servicehall.documents.source import read_yaml
from servicehall.errors import NotFound
from servicehall.models.definitions import Document, DocumentVersion
from servicehall.services import checking, definitions
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer, visible_documents
from servicehall.services.work import read_content, read_contents
from servicehall.texts import current_locale
from servicehall.web.studio import kinds, places
from servicehall.web.studio.starters import STARTER, begun

MOST = 500


@dataclass(frozen=True)
class Comparison:
    """What differs between two texts of a document: a sentence for each place, and lines of (sign, text)."""

    sentences: Sequence[str]
    lines: Sequence[tuple[str, str]]


def documents(viewer: Viewer, *, q: str, kind: str, department: str, state: str) -> Sequence[Document]:
    """The documents that the viewer may author, by department, kind and key; state `draft` is any with a draft."""
    where: list[ColumnElement[bool]] = [visible_documents(viewer)]
    where += [column == value for column, value in ((Document.kind, kind), (Document.department, department)) if value]
    if state == "draft":
        where.append(Document.draft.is_not(None))
    elif state:
        where.append(Document.state == state)
    if q:
        texts = (Document.key, cast(Document.body["title"], Text), cast(Document.draft_body["title"], Text))
        where.append(or_(*(column.icontains(q, autoescape=True) for column in texts)))
    order = (Document.department, Document.kind, Document.key)
    return viewer.session.scalars(select(Document).where(*where).order_by(*order).limit(MOST)).all()


def authored_departments(viewer: Viewer) -> list[str]:
    """The departments that have documents which the viewer may author."""
    found = select(Document.department).where(visible_documents(viewer)).distinct()
    return sorted({*viewer.session.scalars(found), *viewer.administers})


def published_text(row: Document) -> str:
    """The canonical YAML of what is published; empty where nothing is."""
    return Authored.of(row.body).canonical() if row.body is not None else ""


def draft_text(row: Document) -> str:
    """The canonical YAML of the draft; empty where there is none."""
    return Authored.of(row.draft_body).canonical() if row.draft_body is not None else ""


def version(session: Session, row: Document, number: int) -> tuple[DocumentVersion, Authored, Authored | None]:
    """A version, what it said, and what the one before said."""
    found = session.get(DocumentVersion, (row.id, number))
    if found is None:
        raise NotFound
    before = session.get(DocumentVersion, (row.id, number - 1)) if number > 1 else None
    contents = read_contents(session, [one.content for one in (found, before) if one is not None])
    was = _authored(contents.get(before.content), number - 1) if before is not None else None
    now = _authored(contents.get(found.content), number)
    if now is None:
        raise NotFound
    return found, now, was


def version_text(session: Session, row: Document, number: int) -> str:
    """The canonical YAML of a version."""
    found = session.get(DocumentVersion, (row.id, number))
    body = _authored(read_content(session, found.content), number) if found is not None else None
    if body is None:
        raise NotFound
    return body.canonical()


def compare(was: Authored | None, now: Authored | None) -> Comparison:
    """What `now` changes of `was`."""
    either = now or was
    kind = either.kind if either is not None else ""
    said = places.sentences(kind, was.body if was else None, now.body if now else None)
    lines = text_diff(was, now).splitlines()[2:]
    return Comparison(said, [(_sign(line), line) for line in lines])


def published_of(row: Document) -> Authored | None:
    """The published version as a document."""
    return Authored.of(row.body, version=row.version) if row.body is not None else None


def beginning(viewer: Viewer, name: Name, *, copy: str, title: str) -> dict[str, Any]:
    """What a new document begins with: a shipped one, a copy of another of its kind, or the least that one has."""
    kind, department, key = name
    header = {"kind": kind, "department": department, "key": key}
    other_department, _slash, other_key = copy.partition("/")
    if copy.startswith(STARTER):
        body = begun(viewer.session, copy.removeprefix(STARTER), kind=kind, department=department)
    elif other_key and viewer.may_author(other_department):
        other = definitions.get(viewer.session, (kind, other_department, other_key))
        body = dict(other.draft_body or other.body or {})
    else:
        found, _problems = as_document(read_yaml(kinds.skeleton(kind, department, key)))
        body = dict(found.body) if found is not None else {}
    return body | header | ({"title": {current_locale(): title}} if title else {})


def examine(session: Session, text: str) -> list[PlacedProblem]:
    """Everything that is wrong with a text, by line, errors first; publishing would find the same."""
    document, problems = as_document(read_yaml(text))
    if document is not None:
        problems = checking.check_draft(session, document)
    return sorted(problems, key=lambda one: (one.severity != ERROR, one.line))


def _authored(body: Any, number: int) -> Authored | None:
    return Authored.of(body, version=number) if body is not None else None


def _sign(line: str) -> str:
    return {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "same")
