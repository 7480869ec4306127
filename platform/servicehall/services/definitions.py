"""Documents in the database: applied from files, drafted, published with the releases they change, exported, retired.

All documents are one family: publishing one may resolve the releases of others, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import ERROR, NOTE, PlacedProblem
from servicehall.documents.pack import PICTURES, Pack, read_pack
from servicehall.documents.releases import build_release, users_of
from servicehall.documents.shipped import find_shipped
from servicehall.domain import events as e
from servicehall.errors import Conflict, NotFound
from servicehall.models.definitions import Document
from servicehall.models.log import ReleaseRow
from servicehall.services import checking, document_notices, drafting, pictures
from servicehall.services.releases import digest_of
from servicehall.services.shelf import FAMILY, Name, Shelf, is_there, may_author, row_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, work
from servicehall.texts import _


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


def apply(path: Path, *, publish: bool, dry_run: bool, actor: str, at: datetime) -> Outcome:
    """Brings the documents of a folder or file into the database, all or nothing; twice does nothing more.

    The pictures that lie beside them, as an export wrote them, come in before.
    """
    pack = replace(read_pack(path), pictures=pictures.beside(path / PICTURES))
    if not dry_run:
        pictures.take_in(pack.pictures, at=at)
    return apply_pack(pack, publish=publish, dry_run=dry_run, actor=actor, at=at)


def apply_pack(pack: Pack, *, publish: bool, dry_run: bool, actor: str, at: datetime, tried: bool = False) -> Outcome:
    """The same for documents that were read; `tried`: its examples are known to be green."""
    outcome = Outcome()
    try:
        with work(FAMILY, actor=actor, at=at) as w:
            finder = Shelf(w.session)
            found = checking.check_pack(w.session, finder, pack, publishing=publish, tried=tried)
            outcome.problems = [one for one in found if one.severity != NOTE]
            if outcome.is_refused:
                raise _Undone
            _draft_all(w, pack.documents, finder, outcome, publish=publish)
            if publish:
                _publish_all(w, pack.documents, outcome)
            if dry_run:
                raise _Undone
    except _Undone:
        pass
    return outcome


def publish(
    name: Name, *, viewer: Viewer, at: datetime, expected: str | None = None, comment: str | None = None
) -> int:
    """Makes the draft the next version, with every release that it changes. Returns the version.

    Errors: Invalid where a check finds an error; Conflict where there is no draft, or where the department asks for
    a second administrator and the author publishes alone.
    """
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = publishable(w, name, viewer=viewer, expected=expected)
        return put_into_use(w, row, by=viewer.id, comment=w.keep(comment) if comment else None)


def publishable(w: Work, name: Name, *, viewer: Viewer, expected: str | None = None) -> Document:
    """The row of a draft that this viewer may publish as it is now; the errors are those of `publish`."""
    finder = Shelf(w.session)
    row = drafted(finder, name, expected)
    checking.refuse_errors(w.session, finder, Authored.of(row.draft_body or {}))
    if finder.asks_for_review(name[1]) and viewer.id in drafting.authors(w.session, row):
        raise Conflict(_("A second administrator publishes what you wrote."))
    return row


def drafted(finder: Shelf, name: Name, expected: str | None) -> Document:
    """The row of a document with a draft, in the edition that is expected; NotFound or Conflict else."""
    row = _there(finder.rows.get(name))
    if row.draft_body is None:
        raise Conflict(_("There is no draft to publish."))
    drafting.as_expected(row, expected)
    return row


def put_into_use(w: Work, row: Document, *, by: str, comment: str | None) -> int:
    """Publishes a draft that was found publishable, tells those who did not do it just now, and returns the version.

    `by` is who wants it: who acts, or whoever set a date for it.
    """
    told, version = ({*drafting.authors(w.session, row), by}) - {w.actor}, row.version + 1
    document = Authored.of(row.draft_body or {})
    _publish_all(w, [document], Outcome(), by=by, comment=comment)
    document_notices.tell(w, "document_published", row, told, version=version)
    return version


def retire(name: Name, *, viewer: Viewer, at: datetime) -> None:
    """Takes a document out of use; one that others still use is refused, with their names."""
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        finder = Shelf(w.session)
        row = _there(finder.rows.get(name))
        if row.state != "published":
            raise Conflict(_("Only a published document can be retired."))
        users = finder.users(finder.published[name])
        if users:
            names = ", ".join(one.reference for one in users)
            raise Conflict(_("Still used by {names}.", names=names))
        w.record(f"document/{row.id}", e.DocumentRetired(version=row.version))


def users(session: Session, name: Name) -> list[Authored]:
    """The published documents that name this one, and the services whose releases hold it; in the order of names."""
    finder = Shelf(session)
    document = finder.published.get(name)
    return finder.users(document) if document is not None else []


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


def export_pictures(session: Session, department: str) -> list[str]:
    """The names of the pictures that an export of these documents needs, as far as they are here."""
    rows = session.scalars(select(Document).where(Document.department == department, Document.state != "retired"))
    named = pictures.named_in(row.body or row.draft_body or {} for row in rows)
    return sorted(pictures.known(session, named))


def published(session: Session, name: Name) -> Authored | None:
    """The published version of a document; None where there is none."""
    row = row_of(session, name)
    if row is None or row.state != "published" or row.body is None:
        return None
    return Authored.of(row.body, version=row.version)


def get(session: Session, name: Name) -> Document:
    return _there(row_of(session, name))


def _there(row: Document | None) -> Document:
    if row is None or not is_there(row):
        raise NotFound(_("There is no such document."))
    return row


def _draft_all(w: Work, documents: Iterable[Authored], finder: Shelf, outcome: Outcome, *, publish: bool) -> None:
    for document in documents:
        row = finder.rows.get(document.name)
        label = f"{document.kind} {document.reference}"
        if row is not None and _same(row, document, publish=publish):
            outcome.unchanged.append(label)
            continue
        (outcome.created if row is None else outcome.changed).append(label)
        drafting.draft(w, document, row)


def _same(row: Document, document: Authored, *, publish: bool) -> bool:
    """Whether applying would change nothing: the draft, or without one what is published, says the same."""
    if publish:
        return row.state == "published" and row.body == document.body and row.draft is None
    return document.body == (row.draft_body if row.draft is not None else row.body)


def _publish_all(
    w: Work, documents: Sequence[Authored], outcome: Outcome, *, by: str | None = None, comment: str | None = None
) -> None:
    """Publishes every document with a draft, and builds anew the releases of all services they touch.

    `by` is who wants it, where that is not who acts.
    """
    on_behalf = by if by != w.actor else None
    w.flush()
    now = Shelf(w.session)
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
            e.DocumentPublished(
                version=row.version + 1, content=str(row.draft), release=releases.get(name), comment=comment
            ),
            on_behalf_of=on_behalf,
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
