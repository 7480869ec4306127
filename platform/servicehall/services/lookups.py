"""What answers may name: people, groups, departments, locations, assets and files, as the form engine asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.forms import FileFacts
from servicehall.models.definitions import Document
from servicehall.models.directory import Department, Group, Person
from servicehall.models.operations import Upload
from servicehall.services import directory
from servicehall.texts import pick, use_locale

Option = tuple[str, str]


class Directory:
    """The directory as one author sees it: files are those that they uploaded, or that stood in the answers before."""

    def __init__(self, session: Session, *, author: str, known: Mapping[str, Any] | None = None) -> None:
        self.session = session
        self.author = author
        self._files = {one["sha256"]: one for one in _files_in(known or {})}

    def exists(self, kind: str, key: str) -> bool:
        return key in self._labels(kind, [key])

    def label(self, kind: str, key: str, locale: str) -> str:
        with use_locale(locale):
            return self._labels(kind, [key]).get(key, key)

    def search(self, kind: str, q: str, limit: int = 20) -> list[Option]:
        """Key and label of what matches, at most `limit`."""
        return _SEARCHES[kind](self.session, q, limit)

    def file(self, sha256: str) -> FileFacts | None:
        row = self.session.get(Upload, (sha256, self.author))
        if row is not None:
            return FileFacts(sha256=row.sha256, name=row.name, media_type=row.media_type, size=row.size)
        stood = self._files.get(sha256)
        return FileFacts(**stood) if stood is not None else None

    def _labels(self, kind: str, keys: Sequence[str]) -> dict[str, str]:
        return _LABELS[kind](self.session, keys)


def _people(session: Session, keys: Sequence[str]) -> dict[str, str]:
    rows = session.scalars(select(Person).where(Person.email.in_(keys), Person.active))
    return {row.email: directory.name_of(row) for row in rows}


def _groups(session: Session, keys: Sequence[str]) -> dict[str, str]:
    return {key: key for key in session.scalars(select(Group.key).where(Group.key.in_(keys)))}


def _departments(session: Session, keys: Sequence[str]) -> dict[str, str]:
    titles = _titles(session)
    known = session.scalars(select(Department.key).where(Department.key.in_(keys)))
    return {key: titles.get(key) or key for key in known}


def _titles(session: Session) -> dict[str, str]:
    """The departments' titles as their documents say them, in the reader's language."""
    published = select(Document.department, Document.body).where(
        Document.kind == "department", Document.state == "published"
    )
    return {key: pick((body or {}).get("title")) for key, body in session.execute(published)}


def _find_departments(session: Session, q: str, limit: int) -> list[Option]:
    wanted = q.strip().casefold()
    found = _departments(session, session.scalars(select(Department.key)).all())
    fits = [(key, label) for key, label in found.items() if wanted in f"{key} {label}".casefold()]
    return sorted(fits, key=lambda pair: pair[1])[:limit]


def _locations(session: Session, keys: Sequence[str]) -> dict[str, str]:
    rows = session.scalars(select(Person.location).where(Person.location.in_(keys)).distinct())
    return {key: key for key in rows if key}


def _assets(session: Session, keys: Sequence[str]) -> dict[str, str]:
    """Assets are tags that people type in: there is no register of assets to look in."""
    return {key: key for key in keys}


def _find_people(session: Session, q: str, limit: int) -> list[Option]:
    return [
        (row.email, f"{directory.name_of(row)} · {row.email}")
        for row in directory.search_people(session, q, limit=limit)
    ]


def _find_column(column: Any) -> Callable[[Session, str, int], list[Option]]:
    def find(session: Session, q: str, limit: int) -> list[Option]:
        statement = select(column).where(column.is_not(None), column.icontains(q, autoescape=True))
        return [(key, key) for key in session.scalars(statement.distinct().order_by(column).limit(limit))]

    return find


_LABELS: dict[str, Callable[[Session, Sequence[str]], dict[str, str]]] = {
    "person": _people,
    "group": _groups,
    "department": _departments,
    "location": _locations,
    "asset": _assets,
}
_SEARCHES: dict[str, Callable[[Session, str, int], list[Option]]] = {
    "person": _find_people,
    "group": _find_column(Group.key),
    "department": _find_departments,
    "location": _find_column(Person.location),
    "asset": lambda session, q, limit: [],
}


def _files_in(value: Any) -> list[dict[str, Any]]:
    """The files that stand anywhere in stored answers."""
    if isinstance(value, Mapping):
        if set(value) == {"sha256", "name", "media_type", "size"}:
            return [dict(value)]
        return [one for inner in value.values() for one in _files_in(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _files_in(inner)]
    return []
