"""Who the ids of a record stand for: people, groups and departments, gathered in one query each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.domain.voices import ADMINISTRATORS
from servicehall.models.directory import Group, Person
from servicehall.services import directory
from servicehall.services.departments import group_name, group_titles
from servicehall.texts import _

Record = dict[str, Any]
SYSTEM = "system"
GUEST = "guest:"


@dataclass(frozen=True)
class Names:
    """What was gathered; an id that is not there shows as a dash."""

    people: Mapping[str, Person]
    groups: Mapping[str, str]
    titles: Mapping[str, str]

    def person(self, person_id: str | None) -> Record | None:
        """`{id, name, email}`; the system and guests have no email, nobody is None."""
        if person_id is None:
            return None
        if person_id.startswith((SYSTEM, GUEST)):
            return {"id": person_id, "name": self.name(person_id), "email": None}
        return person_record(self.people.get(person_id), person_id)

    def name(self, person_id: str | None) -> str:
        """The name in the reader's language; the system acts under the product's name."""
        if person_id is not None and person_id.startswith(SYSTEM):
            return _("Servicehall")
        if person_id is not None and person_id.startswith(GUEST):
            return _("A guest with a link")
        return directory.name_of(self.people.get(person_id or ""))

    def group(self, group_id: str | None) -> str | None:
        """A group's key; the platform's administrators are a group without members of its own."""
        if group_id is None or group_id == ADMINISTRATORS:
            return group_id
        return self.groups.get(group_id, group_id)

    def group_name(self, group_id: str | None) -> str:
        """What the group is called in the reader's language."""
        return group_name(self.group(group_id), self.titles)


def gather(session: Session, people: Iterable[str | None] = (), groups: Iterable[str | None] = ()) -> Names:
    """The names behind these ids: at most one query for people and two for groups."""
    wanted = {one for one in groups if one and one != ADMINISTRATORS}
    keys = session.execute(select(Group.id, Group.key).where(Group.id.in_(wanted))).all() if wanted else ()
    return Names(directory.people(session, people), dict(keys), group_titles(session) if keys else {})


def person_record(row: Person | None, person_id: str = "") -> Record:
    """`{id, name, email}`; of somebody who is no longer known, the id alone."""
    if row is None:
        return {"id": person_id, "name": "—", "email": None}
    return {"id": row.id, "name": directory.name_of(row), "email": row.email}


def said_at(at: datetime | None) -> str | None:
    """An instant as records carry it."""
    return as_instant(at) if at is not None else None


def listed(names: Iterable[str], most: int = 3) -> str:
    """`Ana, Bo, Chen and 2 more`: names in words, the rest counted."""
    all_names = list(dict.fromkeys(names))
    rest = len(all_names) - most
    said = _(", ").join(all_names[:most])
    return _("{names} and {count} more", names=said, count=rest) if rest > 0 else said
