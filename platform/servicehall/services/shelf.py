"""All documents at hand: rows by name, what is published, and what the directory knows; and who may author them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

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


class Shelf:
    """All documents as they are: rows by name, and what is published as authored documents."""

    def __init__(self, session: Session) -> None:
        rows = session.scalars(select(Document).execution_options(populate_existing=True)).all()
        self.rows: dict[Name, Document] = {(row.kind, row.department, row.key): row for row in rows}
        self.published: dict[Name, Authored] = {
            name: _authored(row) for name, row in self.rows.items() if row.state == "published" and row.body is not None
        }

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
        """Whether a department's published document wants a second administrator to publish."""
        found = self.published.get(("department", department, department))
        return found is not None and found.body.get("review") is True


_KNOWN: dict[str, tuple[tuple[str | None, int], Authored]] = {}
"""The published document of each row, while it stays the same: what is found out about it is found out once."""


def _authored(row: Document) -> Authored:
    said = (row.content, row.version)
    known = _KNOWN.get(row.id)
    if known is None or known[0] != said:
        known = _KNOWN[row.id] = (said, Authored.of(row.body or {}, version=row.version))
    return known[1]


def row_of(session: Session, name: Name) -> Document | None:
    """The row of one document, as it is now; None where there is none."""
    kind, department, key = name
    mine = (Document.kind == kind, Document.department == department, Document.key == key)
    return session.scalars(select(Document).where(*mine).execution_options(populate_existing=True)).first()


def directory_facts(session: Session) -> DirectoryFacts:
    """What the directory knows, for the checks."""
    return DirectoryFacts(
        departments=set(session.scalars(select(Department.key))),
        groups=set(session.scalars(select(Group.key))),
        people=set(session.scalars(select(Person.email))),
    )


def what_is_known(session: Session) -> tuple[Finder, DirectoryFacts]:
    """What checks lean on beside the documents themselves: all that is published, and the directory."""
    return Shelf(session).find, directory_facts(session)


def may_author(viewer: Viewer, department: str) -> None:
    """Forbidden unless the viewer is a catalog administrator of the department, or of the platform."""
    if not viewer.may_author(department):
        raise Forbidden(_("Only the catalog administrators of the department author its documents."))
