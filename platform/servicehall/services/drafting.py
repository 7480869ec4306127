"""Drafts: written whole or by small patches, step by step, with undo and redo; what is published goes on serving.

An `edition` names what an editor has read. Whoever writes on another one is told (Overtaken), or has the changes of
both put together; where both changed the same place, one chooses, place by place (Clashed). Nothing is lost silently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.merging import Clash, merge
from servicehall.documents.pack import as_document
from servicehall.documents.patching import Operation, patched
from servicehall.documents.plain import plain_problems
from servicehall.documents.source import read_yaml
from servicehall.domain import events as e
from servicehall.errors import Conflict, Invalid, NotFound, Problem
from servicehall.models.base import new_id
from servicehall.models.definitions import Document, DocumentVersion, DraftStep
from servicehall.models.directory import Department
from servicehall.services.shelf import FAMILY, Name, is_there, may_author, row_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, read_content, work
from servicehall.texts import _

_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
LONGEST_KEY = 60


class Overtaken(Conflict):
    """Somebody saved, published or discarded since this editor read the document."""


class Clashed(Overtaken):
    """Both changed the same places: `clashes`; the same edit again with `choices` for each of them goes through."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        self.clashes = clashes
        super().__init__(
            _("Somebody changed the same while you were writing. Choose for each place what is to stand."),
            [Problem(one.path, "clash", _("changed by both")) for one in clashes],
        )


@dataclass(frozen=True)
class Draft:
    """A draft as it stands: `undoable` and `redoable` say whether there is a step before and after it."""

    document: Authored
    edition: str
    step: int
    undoable: bool
    redoable: bool


def edition(row: Document | None) -> str:
    """What an editor remembers of what it read: another one means that somebody was faster."""
    return f"{row.version}-{(row.draft or '')[:16]}" if row is not None and is_there(row) else "new"


def current(session: Session, name: Name) -> Draft:
    """The draft, or without one what is published, to go on from; NotFound where there is no such document."""
    row = row_of(session, name)
    if row is None or not is_there(row):
        raise NotFound(_("There is no such document."))
    return _draft_of(session, row)


def body_at(session: Session, name: Name, wanted: str) -> Mapping[str, Any]:
    """What a document said in an edition; Overtaken where that is not known any more."""
    row = row_of(session, name)
    if row is None:
        raise NotFound(_("There is no such document."))
    if wanted == edition(row):
        return row.draft_body or row.body or {}
    return _body_of(session, row, wanted)


def save_text(name: Name, *, text: str, viewer: Viewer, at: datetime, expected: str | None = None) -> Draft:
    """The draft from YAML, whatever it lacks; unreadable YAML is Invalid, by line, and changes nothing."""
    return save(name, body=body_of(text), viewer=viewer, at=at, expected=expected)


def body_of(text: str) -> Mapping[str, Any]:
    """The body of a document from its YAML; Invalid, by line, where it cannot be read as one."""
    document, problems = as_document(read_yaml(text))
    if document is None:
        raise Invalid(
            _("This cannot be read as a document."),
            [Problem(f"line {one.line}", one.code, one.message) for one in problems],
        )
    return document.body


def save(name: Name, *, body: Mapping[str, Any], viewer: Viewer, at: datetime, expected: str | None = None) -> Draft:
    """Keeps a whole draft, made where there was none; what it lacks is for the checks to say.

    Errors: Overtaken where `expected` is not the edition by now; Invalid where it is another document's header.
    """
    may_author(viewer, name[1])
    document = Authored.of(body)
    if document.name != name:
        message = _("kind, department and key cannot be changed here: {name}", name=f"{name[0]} {name[1]}/{name[2]}")
        parts = zip(("kind", "department", "key"), document.name, name, strict=True)
        raise Invalid(
            _("This is another document."), [Problem(part, "name", message) for part, was, here in parts if was != here]
        )
    problems = plain_problems(body)
    if problems:
        raise Invalid(_("The document cannot hold this."), problems)
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = row_of(w.session, name)
        as_expected(row, expected)
        if row is None:
            _creatable(w.session, name)
        draft(w, document, row)
        return _after(w, name)


def edit(
    name: Name,
    operations: Sequence[Operation],
    *,
    viewer: Viewer,
    at: datetime,
    expected: str | None = None,
    merging: bool = False,
    choices: Mapping[str, str] | None = None,
) -> Draft:
    """Changes the draft by JSON Patch (RFC 6902), all of it or nothing; begins one where there is none.

    With `merging`, operations that were meant for an earlier edition are put together with what happened since.
    Errors: Overtaken, Clashed, Invalid with the operation that cannot be done, NotFound.
    """
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = row_of(w.session, name)
        if row is None:
            raise NotFound(_("There is no such document."))
        now = row.draft_body or row.body or {}
        if merging and expected is not None and expected != edition(row):
            was = _body_of(w.session, row, expected)
            merged = merge(was, patched(was, operations), now, choices=choices)
            open_clashes = [one for one in merged.clashes if one.path not in (choices or {})]
            if open_clashes:
                raise Clashed(open_clashes)
            body = merged.body
        else:
            as_expected(row, expected)
            body = patched(now, operations)
        draft(w, Authored.of(body), row)
        return _after(w, name)


def undo(name: Name, *, viewer: Viewer, at: datetime, expected: str | None = None) -> Draft:
    """The draft as it was a step before; Conflict where there is none."""
    return _step(name, -1, viewer=viewer, at=at, expected=expected)


def redo(name: Name, *, viewer: Viewer, at: datetime, expected: str | None = None) -> Draft:
    """The step that was undone last, again; Conflict where there is none."""
    return _step(name, 1, viewer=viewer, at=at, expected=expected)


def discard(name: Name, *, viewer: Viewer, at: datetime, expected: str | None = None) -> None:
    """Throws the draft away; what is published stays."""
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = row_of(w.session, name)
        if row is None or row.draft is None:
            raise Conflict(_("There is no draft."))
        as_expected(row, expected)
        w.record(f"document/{row.id}", e.DraftDiscarded(content=row.draft))


def authors(session: Session, row: Document) -> set[str]:
    """Everybody who wrote a step of the draft as it stands."""
    if row.draft is None:
        return set()
    steps = select(DraftStep.by).where(DraftStep.document_id == row.id, DraftStep.step <= row.draft_step)
    return set(session.scalars(steps))


def as_expected(row: Document | None, expected: str | None) -> None:
    """Overtaken where the document is not the edition that the editor read."""
    if expected is not None and expected != edition(row):
        raise Overtaken(_("Somebody changed this document while you were writing."))


def draft(w: Work, document: Authored, row: Document | None) -> str:
    """Records the next step of a draft within a work; nothing where it says the same. Returns the document's id."""
    if row is not None and (row.draft_body if row.draft is not None else None) == document.body:
        return row.id
    document_id = row.id if row is not None else new_id()
    begins = row is not None and row.draft is None and row.state == "published"
    w.record(
        f"document/{document_id}",
        e.DocumentDrafted(
            document=document_id,
            kind=document.kind,
            department=document.department,
            key=document.key,
            content=w.keep(dict(document.body)),
            step=((row.draft_step if row is not None else None) or 0) + 1,
            base=row.content if row is not None and begins else None,
        ),
    )
    return document_id


def _step(name: Name, by: int, *, viewer: Viewer, at: datetime, expected: str | None) -> Draft:
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = row_of(w.session, name)
        if row is None:
            raise NotFound(_("There is no such document."))
        as_expected(row, expected)
        step = (row.draft_step or 0) + by
        found = w.session.get(DraftStep, (row.id, step)) if step <= (row.last_step or -1) else None
        if found is None:
            raise Conflict(_("There is nothing to undo.") if by < 0 else _("There is nothing to do again."))
        w.record(f"document/{row.id}", e.DraftStepped(step=step, content=found.content))
        return _after(w, name)


def _after(w: Work, name: Name) -> Draft:
    w.flush()
    return current(w.session, name)


def _draft_of(session: Session, row: Document) -> Draft:
    step = row.draft_step or 0
    before = session.get(DraftStep, (row.id, step - 1)) if row.draft is not None else None
    body = row.draft_body if row.draft is not None else row.body
    return Draft(
        document=Authored.of(body or {}, version=row.version),
        edition=edition(row),
        step=step,
        undoable=before is not None,
        redoable=row.draft is not None and step < (row.last_step or 0),
    )


def _body_of(session: Session, row: Document, wanted: str) -> Mapping[str, Any]:
    """What an earlier edition said; Overtaken where that is not known any more."""
    version, _dash, prefix = wanted.partition("-")
    content: str | None = None
    if prefix and re.fullmatch(r"[0-9a-f]{16}", prefix):
        mine = select(DraftStep.content).where(DraftStep.document_id == row.id, DraftStep.content.startswith(prefix))
        content = session.scalars(mine).first()
    elif version.isdecimal() and len(version) < 7:
        found = session.get(DocumentVersion, (row.id, int(version)))
        content = found.content if found is not None else None
    body = read_content(session, content) if content is not None else None
    if body is None:
        raise Overtaken(_("Somebody changed this document while you were writing."))
    known: Mapping[str, Any] = body
    return known


def _creatable(session: Session, name: Name) -> None:
    problems = creation_problems(session, name)
    if problems:
        raise Invalid(_("There cannot be such a document."), problems)


def creation_problems(session: Session, name: Name) -> list[Problem]:
    """A new document has a kind that is known, a key that can be one, and a department that is there."""
    kind, department, key = name
    problems = []
    if kind not in KINDS:
        problems.append(Problem("kind", "invalid", _("There is no such kind of document.")))
    if not _KEBAB.match(key) or len(key) > LONGEST_KEY or (kind == "department" and key != department):
        problems.append(Problem("key", "invalid", _("Small letters and digits, joined by dashes.")))
    if session.scalar(select(Department.key).where(Department.key == department)) is None:
        problems.append(Problem("department", "unknown", _("The directory knows no such department.")))
    return problems
