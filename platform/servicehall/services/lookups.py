"""What answers may name: people, groups, departments, locations, assets and files, as the form engine asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.forms import FileFacts
from servicehall.models.directory import Department, Group, Person
from servicehall.models.files import Upload
from servicehall.services import directory
from servicehall.services.departments import department_titles, group_name, group_titles
from servicehall.texts import use_locale

Option = tuple[str, str]


class Directory:
    """The directory as one author sees it: files are those that they uploaded, or that stood in the answers before."""

    def __init__(self, session: Session, *, author: str, known: Mapping[str, Any] | None = None) -> None:
        self.session = session
        self.author = author
        self._files = {one["sha256"]: one for one in _files_in(known or {})}
        self._called: dict[tuple[str, str, str], str] = {}

    def exists(self, kind: str, key: str) -> bool:
        return bool(_THERE[kind](self.session, key))

    def label(self, kind: str, key: str, locale: str) -> str:
        """What the key is called in this language, also of somebody who has left; asked for once."""
        if kind not in _CALLED:
            return key
        if (kind, key, locale) not in self._called:
            with use_locale(locale):
                self._called[kind, key, locale] = _CALLED[kind](self.session, key)
        return self._called[kind, key, locale]

    def search(self, kind: str, q: str, limit: int = 20) -> list[Option]:
        """Key and label of what matches, at most `limit`."""
        return _SEARCHES[kind](self.session, q, limit)

    def file(self, sha256: str) -> FileFacts | None:
        row = self.session.get(Upload, (sha256, self.author))
        if row is not None:
            return FileFacts(sha256=row.sha256, name=row.name, media_type=row.media_type, size=row.size)
        stood = self._files.get(sha256)
        return FileFacts(**stood) if stood is not None else None


def _there(column: Any, *where: Any) -> Callable[[Session, str], bool]:
    return lambda session, key: session.scalar(select(column).where(column == key, *where).limit(1)) is not None


def _person(session: Session, key: str) -> str:
    row = directory.by_email(session, key)
    return key if row is None else directory.name_of(row)


def _find_titled(column: Any, titles_of: Callable[[Session], Mapping[str, str]]) -> Callable[..., list[Option]]:
    """Of a few rows that documents give titles to: by key or title, in the order of the titles."""

    def find(session: Session, q: str, limit: int) -> list[Option]:
        wanted, titles = q.strip().casefold(), titles_of(session)
        found = [(key, titles.get(key) or key) for key in session.scalars(select(column))]
        fits = [(key, label) for key, label in found if wanted in f"{key} {label}".casefold()]
        return sorted(fits, key=lambda pair: pair[1])[:limit]

    return find


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


_THERE: Mapping[str, Callable[[Session, str], bool]] = {
    "person": _there(Person.email, Person.active),
    "group": _there(Group.key),
    "department": _there(Department.key),
    "location": _there(Person.location),
    "asset": lambda session, key: True,  # tags that people type in: there is no register of assets to look in
}
_CALLED: Mapping[str, Callable[[Session, str], str]] = {
    "person": _person,
    "department": lambda session, key: department_titles(session).get(key) or key,
    "group": lambda session, key: group_name(key, group_titles(session)),
}
"""Places and assets go by their keys."""
_SEARCHES: dict[str, Callable[[Session, str, int], list[Option]]] = {
    "person": _find_people,
    "group": _find_titled(Group.key, group_titles),
    "department": _find_titled(Department.key, department_titles),
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
