"""Documents in the database: applied from files, drafted, published with the releases they change, exported, retired.

All documents are one family: publishing one may resolve the releases of others, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.documents.diff import Change, describe_changes
from servicehall.documents.document import Document as Authored
from servicehall.documents.document import Finder
from servicehall.documents.examination import ERROR, DirectoryFacts, PlacedProblem
from servicehall.documents.pack import Pack, as_document, check, read_pack
from servicehall.documents.releases import build_release, references_of, users_of
from servicehall.documents.shipped import find_shipped
from servicehall.documents.source import read_yaml
from servicehall.domain import events as e
from servicehall.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from servicehall.models.base import new_id
from servicehall.models.definitions import Document
from servicehall.models.directory import Department, Group, Person
from servicehall.models.log import ReleaseRow
from servicehall.services.releases import digest_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, work
from servicehall.texts import _

FAMILY = "documents/all"
Name = tuple[str, str, str]


@dataclass
class Outcome:
    """What an application of a pack did, or would do; references are `kind department/key`."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    problems: list[PlacedProblem] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        return any(one.severity == ERROR for one in self.problems)

    def as_dict(self) -> dict[str, Any]:
        lists = {name: getattr(self, name) for name in ("created", "changed", "unchanged", "published")}
        return {**lists, "problems": [one.as_dict() for one in self.problems]}


class _Undone(Exception):
    pass


class Overtaken(Conflict):
    """Somebody saved, published or discarded since this editor read the document."""


def edition(row: Document | None) -> str:
    """What an editor remembers of what it read: another one means that somebody was faster."""
    return f"{row.version}-{(row.draft or '')[:16]}" if row is not None else "new"


def apply(path: Path, *, publish: bool, dry_run: bool, actor: str, at: datetime) -> Outcome:
    """Brings the documents of a folder or file into the database, all or nothing; twice does nothing more."""
    return apply_pack(read_pack(path), publish=publish, dry_run=dry_run, actor=actor, at=at)


def apply_pack(pack: Pack, *, publish: bool, dry_run: bool, actor: str, at: datetime) -> Outcome:
    outcome = Outcome()
    try:
        with work(FAMILY, actor=actor, at=at) as w:
            finder = _Shelf(w.session)
            outcome.problems = check(pack, find=finder.find, directory=directory_facts(w.session), publishing=publish)
            if outcome.is_refused:
                raise _Undone
            _draft_all(w, pack.documents, finder, outcome, publish=publish)
            if publish:
                _publish_all(w, pack.documents, finder, outcome)
            if dry_run:
                raise _Undone
    except _Undone:
        pass
    return outcome


def save_draft(
    kind: str, department: str, key: str, *, text: str, viewer: Viewer, at: datetime, expected: str | None = None
) -> list[PlacedProblem]:
    """Keeps a draft from YAML, whatever it lacks; what is wrong with it is returned. Unreadable YAML is Invalid.

    `expected` is the edition that the editor read; Overtaken where the document is another by now.
    """
    _may_author(viewer, department)
    document = _read(text, kind, department, key)
    with work(FAMILY, actor=viewer.id, at=at) as w:
        finder = _Shelf(w.session)
        _as_expected(finder.rows.get(document.name), expected)
        _draft(w, document, finder.rows.get(document.name))
        return check(Pack((document,)), find=finder.find, directory=directory_facts(w.session), publishing=True)


def publish(
    kind: str, department: str, key: str, *, viewer: Viewer, at: datetime, expected: str | None = None
) -> int:
    """Makes the draft the next version, with every release that it changes. Returns the version.

    Errors: Invalid where a check finds an error; Conflict where there is no draft, or where the department asks for
    a second administrator and the author publishes alone.
    """
    _may_author(viewer, department)
    with work(FAMILY, actor=viewer.id, at=at) as w:
        finder = _Shelf(w.session)
        row = finder.rows.get((kind, department, key))
        if row is None or row.draft_body is None:
            raise Conflict(_("There is no draft to publish."))
        _as_expected(row, expected)
        _second_pair_of_eyes(finder, row, viewer)
        document = Authored.of(row.draft_body)
        problems = check(Pack((document,)), find=finder.find, directory=directory_facts(w.session), publishing=True)
        errors = [one for one in problems if one.severity == ERROR]
        if errors:
            raise Invalid(
                _("The draft cannot be published yet."), [Problem(one.path, one.code, one.message) for one in errors]
            )
        _publish_all(w, [document], finder, Outcome())
        return row.version + 1


def discard_draft(
    kind: str, department: str, key: str, *, viewer: Viewer, at: datetime, expected: str | None = None
) -> None:
    _may_author(viewer, department)
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = _Shelf(w.session).rows.get((kind, department, key))
        if row is None or row.draft is None:
            raise Conflict(_("There is no draft."))
        _as_expected(row, expected)
        w.record(f"document/{row.id}", e.DraftDiscarded(content=row.draft))


def retire(kind: str, department: str, key: str, *, viewer: Viewer, at: datetime) -> None:
    """Takes a document out of use; one that others still use is refused, with their names."""
    _may_author(viewer, department)
    with work(FAMILY, actor=viewer.id, at=at) as w:
        finder = _Shelf(w.session)
        row = finder.rows.get((kind, department, key))
        if row is None or row.state != "published":
            raise Conflict(_("Only a published document can be retired."))
        users = _users(finder, finder.published[kind, department, key])
        if users:
            names = ", ".join(one.reference for one in users)
            raise Conflict(_("Still used by {names}.", names=names))
        w.record(f"document/{row.id}", e.DocumentRetired(version=row.version))


def users(session: Session, name: Name) -> list[Authored]:
    """The published documents that name this one, and the services whose releases hold it; in the order of names."""
    finder = _Shelf(session)
    document = finder.published.get(name)
    return _users(finder, document) if document is not None else []


def check_draft(session: Session, document: Authored) -> list[PlacedProblem]:
    """What is wrong with a document, as publishing would see it."""
    facts = directory_facts(session)
    return check(Pack((document,)), find=_Shelf(session).find, directory=facts, publishing=True)


def export(session: Session, department: str) -> dict[str, str]:
    """File name → canonical text of every published document of a department; drafts that were never published too."""
    bodies: dict[Name, Any] = {}
    for row in session.scalars(select(Document).where(Document.department == department, Document.state != "retired")):
        bodies[row.kind, row.department, row.key] = row.body or row.draft_body
    keys = [key for _kind, _department, key in bodies]
    return {
        (f"{key}.yaml" if keys.count(key) == 1 else f"{kind}.{key}.yaml"): Authored.of(body).canonical()
        for (kind, _department, key), body in sorted(bodies.items())
    }


def changes(session: Session, document: Authored) -> list[Change]:
    """What a document would change of what is published."""
    row = _Shelf(session).rows.get(document.name)
    return describe_changes(row.body if row is not None else None, document.body)


def published(session: Session, name: Name) -> Authored | None:
    """The published version of a document; None where there is none."""
    kind, department, key = name
    row = session.scalars(
        select(Document).where(Document.kind == kind, Document.department == department, Document.key == key)
    ).first()
    if row is None or row.state != "published" or row.body is None:
        return None
    return Authored.of(row.body, version=row.version)


def get(session: Session, kind: str, department: str, key: str) -> Document:
    found = session.scalars(
        select(Document).where(Document.kind == kind, Document.department == department, Document.key == key)
    ).first()
    if found is None:
        raise NotFound(_("There is no such document."))
    return found


def directory_facts(session: Session) -> DirectoryFacts:
    """What the directory knows, for the checks."""
    return DirectoryFacts(
        departments=set(session.scalars(select(Department.key))),
        groups=set(session.scalars(select(Group.key))),
        people=set(session.scalars(select(Person.email))),
    )


def what_is_known(session: Session) -> tuple[Finder, DirectoryFacts]:
    """What checks lean on beside the documents themselves: all that is published, and the directory."""
    return _Shelf(session).find, directory_facts(session)


class _Shelf:
    """All documents as they are: rows by name, and what is published as authored documents."""

    def __init__(self, session: Session) -> None:
        rows = session.scalars(select(Document).execution_options(populate_existing=True)).all()
        self.rows: dict[Name, Document] = {(row.kind, row.department, row.key): row for row in rows}
        self.published: dict[Name, Authored] = {
            name: Authored.of(row.body, version=row.version)
            for name, row in self.rows.items()
            if row.state == "published" and row.body is not None
        }

    def find(self, kind: str, department: str, key: str) -> Authored | None:
        return self.published.get((kind, department, key)) or find_shipped(kind, department, key)


def _draft_all(w: Work, documents: Iterable[Authored], finder: _Shelf, outcome: Outcome, *, publish: bool) -> None:
    for document in documents:
        row = finder.rows.get(document.name)
        label = f"{document.kind} {document.reference}"
        if row is not None and _same(row, document, publish=publish):
            outcome.unchanged.append(label)
            continue
        (outcome.created if row is None else outcome.changed).append(label)
        _draft(w, document, row)


def _same(row: Document, document: Authored, *, publish: bool) -> bool:
    """Whether applying would change nothing: the draft, or without one what is published, says the same."""
    if publish:
        return row.state == "published" and row.body == document.body and row.draft is None
    return document.body == (row.draft_body if row.draft is not None else row.body)


def _draft(w: Work, document: Authored, row: Document | None) -> str:
    if row is not None and row.draft_body == document.body:
        return row.id
    document_id = row.id if row is not None else new_id()
    w.record(
        f"document/{document_id}",
        e.DocumentDrafted(
            document=document_id,
            kind=document.kind,
            department=document.department,
            key=document.key,
            content=w.keep(dict(document.body)),
        ),
    )
    return document_id


def _publish_all(w: Work, documents: Sequence[Authored], finder: _Shelf, outcome: Outcome) -> None:
    """Publishes every document with a draft, and builds anew the releases of all services they touch."""
    w.flush()
    now = _Shelf(w.session)
    fresh: dict[Name, Authored] = {}
    for document in documents:
        row = now.rows[document.name]
        if row.draft is not None:
            fresh[document.name] = Authored.of(row.draft_body or {}, version=row.version + 1)
    known = {**now.published, **fresh}

    def find(kind: str, department: str, key: str) -> Authored | None:
        return known.get((kind, department, key)) or find_shipped(kind, department, key)

    touched = {name for name, document in fresh.items() if document.kind == "service"}
    for document in fresh.values():
        touched |= {user.name for user in users_of(document, known.values())}
    releases = {name: _keep_release(w, build_release(known[name], find)) for name in sorted(touched)}
    for name, document in fresh.items():
        row = now.rows[name]
        w.record(
            f"document/{row.id}",
            e.DocumentPublished(version=row.version + 1, content=str(row.draft), release=releases.get(name)),
        )
        outcome.published.append(f"{document.kind} {document.reference}")
    for name in sorted(touched - fresh.keys()):
        because = ", ".join(f"{one.kind} {one.reference}" for one in fresh.values())[:200]
        w.record(f"document/{now.rows[name].id}", e.ReleaseBuilt(release=releases[name], because=because))


def _keep_release(w: Work, data: dict[str, Any]) -> str:
    digest, text = digest_of(data)
    if w.session.get(ReleaseRow, digest) is None:
        w.writer.insert(ReleaseRow, sha256=digest, data=text)
        w.flush()
    return digest


def _read(text: str, kind: str, department: str, key: str) -> Authored:
    document, problems = as_document(read_yaml(text))
    if document is None:
        raise Invalid(
            _("This cannot be read as a document."),
            [Problem(f"line {one.line}", one.code, one.message) for one in problems],
        )
    if document.name != (kind, department, key):
        message = _("kind, department and key cannot be changed here: {name}", name=f"{kind} {department}/{key}")
        raise Invalid(_("This is another document."), [Problem("key", "name", message)])
    return document


def _may_author(viewer: Viewer, department: str) -> None:
    if department not in viewer.administers and not viewer.is_admin:
        raise Forbidden(_("Only the catalog administrators of the department author its documents."))


def _as_expected(row: Document | None, expected: str | None) -> None:
    if expected is not None and expected != edition(row):
        raise Overtaken(_("Somebody changed this document while you were writing."))


def _users(finder: _Shelf, document: Authored) -> list[Authored]:
    held = {one.name for one in users_of(document, finder.published.values())}
    found = (one for one in finder.published.values() if one.name in held or document.name in references_of(one))
    return sorted((one for one in found if one.name != document.name), key=lambda one: one.name)


def _second_pair_of_eyes(finder: _Shelf, row: Document, viewer: Viewer) -> None:
    department = finder.published.get(("department", row.department, row.department))
    if department is not None and department.body.get("review") and row.draft_by == viewer.id:
        raise Conflict(_("A second administrator publishes what you wrote."))
