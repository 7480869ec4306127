"""People for tests, recorded as the directory records them."""

from __future__ import annotations

from typing import Any

from servicehall.clock import now
from servicehall.domain import events as e
from servicehall.models.base import db, new_id
from servicehall.models.directory import Person
from servicehall.services.work import work


def make_person(email: str, *, manager: str | None = None, active: bool = True, **said: Any) -> Person:
    """A person with this email; everything else as in the people file, `manager` by id. Detached from the session."""
    person_id = new_id()
    attributes = {"email": email, "name": email.split("@")[0].title(), **said}
    with work(f"person/{person_id}", actor="system", at=now(), new=True) as w:
        event = e.PersonRecorded(
            person=person_id,
            content=w.keep(attributes),
            manager=manager,
            active=active,
            changed=sorted(attributes),
        )
        w.record(f"person/{person_id}", event)
    found = db.session.get(Person, person_id)
    assert found is not None
    db.session.refresh(found)
    db.session.expunge(found)
    return found


def make_group(key: str, members: list[str], *, department: str | None = None, lead: str | None = None) -> str:
    """A group of people by id; gives its id."""
    group_id = new_id()
    with work(f"group/{group_id}", actor="system", at=now(), new=True) as w:
        w.record(
            f"group/{group_id}",
            e.GroupRecorded(group=group_id, key=key, department=department, lead=lead, members=members),
        )
    return group_id
