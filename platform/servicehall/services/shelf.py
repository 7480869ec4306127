"""All documents at hand: rows by name, what is published, and what the directory knows; and who may author them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from servicehall.documents.document import Document as Authored
from servicehall.documents.document import Finder
from servicehall.documents.examination import DirectoryFacts
from servicehall.documents.releases import references_of, users_of
from servicehall.documents.shipped import find_shipped
from servicehall.errors import Forbidden
from servicehall.models.definitions import Document
from servicehall.models.directory import Department, Group, Person
from servicehall.services.visibility import Viewer
from servicehall.texts import _

FAMILY = "documents/all"
"""All documents are one family: publishing one may resolve the releases of others, whole or not at all."""
Name = tuple[str, str, str]
AT_ONCE = 500


class Shelf:
    """All documents as they are: rows by name, and what is published as authored documents."""

    def __init__(self, session: Session) -> None:
        without = (defer(Document.body), defer(Document.draft_body))
        rows = session.scalars(select(Document).options(*without).execution_options(populate_existing=True)).all()
        self.rows: dict[Name, Document] = {(row.kind, row.department, row.key): row for row in rows}
        self.published: dict[Name, Authored] = _published(session, rows)

    def find(self, kind: str, department: str, key: str) -> Authored | None:
        return self.published.get((kind, department, key)) or find_shipped(kind, department, key)

    def users(self, document: Authored) -> list[Authored]:
        """The published documents that name this one, and the services whose releases hold it; by name."""
        held = {one.name for one in users_of(document, self.published.values())}
        found = (one for one in self.published.values() if one.name in held or document.name in references_of(one))
        return sorted((one for one in found if one.name != document.name), key=lambda one: one.name)

    def affected_by(self, documents: Iterable[Authored]) -> list[Authored]:
        """The published documents that use one of these and are none of them; named in the place of a file."""
        pack = list(documents)
        own = {one.name for one in pack}
        found = {user.name: user for document in pack for user in self.users(document)}
        return [replace(found[name], file=found[name].reference) for name in sorted(found.keys() - own)]

    def asks_for_review(self, department: str) -> bool:
        """Whether a department's document wants a second administrator to publish, as it was published last: retiring
        it, which nobody reviews, does not end that."""
        row = self.rows.get(("department", department, department))
        return row is not None and (row.body or {}).get("review") is True


_KNOWN: dict[str, tuple[tuple[str | None, int], Authored]] = {}
"""The published document of each row, while it stays the same: what is found out about it is found out once."""


def _published(session: Session, rows: Iterable[Document]) -> dict[Name, Authored]:
    """The published documents by name; the bodies of those alone are read that are not known as they are now."""
    wanted = {row.id: (row.content, row.version) for row in rows if row.state == "published"}
    unknown = [one for one, said in wanted.items() if one not in _KNOWN or _KNOWN[one][0] != said]
    for start in range(0, len(unknown), AT_ONCE):
        these = Document.id.in_(unknown[start : start + AT_ONCE])
        read = select(Document.id, Document.content, Document.version, Document.body).where(these)
        for one, content, version, body in session.execute(read):
            _KNOWN[one] = (content, version), Authored.of(body or {}, version=version)
    found = (_KNOWN[one][1] for one in wanted if one in _KNOWN)
    return {document.name: document for document in found if document.body}


def row_of(session: Session, name: Name) -> Document | None:
    """The row of one document, as it is now; None where there is none."""
    kind, department, key = name
    mine = (Document.kind == kind, Document.department == department, Document.key == key)
    return session.scalars(select(Document).where(*mine).execution_options(populate_existing=True)).first()


def is_there(row: Document | None) -> bool:
    """Whether there is anything to read: a draft that was thrown away before it was ever published leaves nothing."""
    return row is not None and (row.version > 0 or row.draft is not None)


def directory_facts(session: Session) -> DirectoryFacts:
    """What the directory knows, for the checks."""
    groups = {row.key: row.department for row in session.execute(select(Group.key, Group.department))}
    return DirectoryFacts(
        departments=set(session.scalars(select(Department.key))),
        groups=groups.keys(),
        of_groups=groups,
        people=set(session.scalars(select(Person.email))),
        inactive=set(session.scalars(select(Person.email).where(Person.active.is_(False)))),
    )


def what_is_known(session: Session) -> tuple[Finder, DirectoryFacts]:
    """What checks lean on beside the documents themselves: all that is published, and the directory."""
    return Shelf(session).find, directory_facts(session)


def may_author(viewer: Viewer, department: str) -> None:
    """Forbidden unless the viewer is a catalog administrator of the department, or of the platform."""
    if not viewer.may_author(department):
        raise Forbidden(_("Only the catalog administrators of the department author its documents."))
