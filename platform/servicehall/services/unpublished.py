"""Releases of drafts, to be looked at before publishing: built as publishing would build them, and never stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.content import canonical, sha256
from servicehall.documents.document import Document as Authored
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.releases import build_release, users_of
from servicehall.domain.conditions import PRIVATE_FACTS
from servicehall.errors import NotFound
from servicehall.models.definitions import Document
from servicehall.models.directory import Person
from servicehall.services.releases import Release, digest_of
from servicehall.services.shelf import Name, Shelf
from servicehall.texts import _

Known = Callable[[Person], Person]
"""What one may know of somebody: whole, or `without_private_facts`."""

CACHED = 20
_Key = tuple[str, Name | None, int]
_cache: dict[_Key, Release] = {}


def services_through(session: Session, document: Authored, *, departments: Collection[str] | None) -> list[Authored]:
    """The published services of these departments (None: of all) whose releases would hold the document; by name."""
    if not KINDS[document.kind].pinned:
        return []
    shelf = Shelf(session)
    found = users_of(document, [*(one for one in shelf.published.values() if one.name != document.name), document])
    return sorted((one for one in found if departments is None or one.department in departments), key=lambda s: s.name)


def release_of(session: Session, document: Authored, *, service: Name | None = None) -> Release:
    """The release that publishing this draft would make: of itself, or of the published `service` that uses it.

    A field set without a service stands as the form of a service that has nothing else. Built once for each hash of
    the draft, as long as nothing else is published. Errors: Invalid where it cannot be built; NotFound where there is
    no such service.
    """
    published = session.scalars(select(Document.content).where(Document.state == "published").order_by(Document.id))
    key = (sha256(canonical(dict(document.body))), service, hash(tuple(published)))
    if key not in _cache:
        release = _built(Shelf(session), document, service)
        if len(_cache) >= CACHED:
            _cache.pop(next(iter(_cache)))
        _cache[key] = release
    return _cache[key]


def _built(shelf: Shelf, document: Authored, service: Name | None) -> Release:
    def find(kind: str, department: str, key: str) -> Authored | None:
        return document if (kind, department, key) == document.name else shelf.find(kind, department, key)

    root = document if document.kind == "service" else _alone(document) if service is None else find(*service)
    if root is None or root.kind != "service":
        raise NotFound(_("There is no such service."))
    digest, text = digest_of(build_release(root, find))
    return Release(digest, json.loads(text))


def _alone(field_set: Authored) -> Authored:
    title = field_set.body.get("title") or field_set.key
    page = {"key": "main", "title": title, "fields": [{"use": field_set.key}]}
    header = {"kind": "service", "department": field_set.department, "key": field_set.key, "title": title}
    return Authored.of(header | {"on_behalf": "self", "form": {"pages": [page]}}, version=field_set.version)


def without_private_facts(person: Person) -> Person:
    """Somebody as any colleague may know them: a copy, never stored, without grade and first working day."""
    shown = {one.key: getattr(person, one.key) for one in Person.__mapper__.column_attrs}
    return Person(**shown | dict.fromkeys(PRIVATE_FACTS))
