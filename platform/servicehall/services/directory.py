"""Reading the directory: who is who, who leads whom, who is in which group, who stands in for whom."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Text, bindparam, cast, inspect, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from servicehall.domain.conditions import PersonFacts
from servicehall.errors import NotFound
from servicehall.models.directory import Department, Group, Membership, Person
from servicehall.services.remembering import memory, remembered
from servicehall.texts import _, current_locale

MANAGER_LEVELS = 50


def person(session: Session, person_id: str) -> Person:
    """The person with this id; NotFound otherwise."""
    found = find(session, person_id)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


def find(session: Session, person_id: str) -> Person | None:
    """The person with this id, if there is one."""
    return people(session, (person_id,)).get(person_id)


def people(session: Session, ids: Iterable[str | None]) -> dict[str, Person]:
    """Many people in one query, by id; system actors and unknown ids are left out."""
    wanted = {one for one in ids if one and not one.startswith(("system", "guest:"))}
    known = memory("people")
    known |= {one: row for one in wanted - known.keys() if (row := _met(session, one)) is not None}
    missing = wanted - known.keys()
    if missing:
        known |= {row.id: row for row in session.scalars(_PEOPLE, {"ids": list(missing)})}
    return {one: known[one] for one in wanted if one in known}


def _met(session: Session, person_id: str) -> Person | None:
    """Somebody whom the transaction has read already."""
    row: Person | None = session.identity_map.get(identity_key(Person, person_id))
    return None if row is None or inspect(row).expired else row


_PEOPLE = select(Person).where(Person.id.in_(bindparam("ids", expanding=True)))


def by_email(session: Session, email: str) -> Person | None:
    """The person who signs in with this address, upper or lower case."""
    plain = email.strip().lower()
    return remembered(("by_email", plain), lambda: session.scalars(select(Person).where(Person.email == plain)).first())


def name_of(row: Person | None) -> str:
    """The name in the reader's language."""
    if row is None:
        return "—"
    return row.name_zh if current_locale() == "zh" and row.name_zh else row.name


def zone_of(row: Person, default: str = "UTC") -> ZoneInfo:
    return ZoneInfo(row.time_zone or default)


def group_by_key(session: Session, key: str) -> Group | None:
    """A group by `key` or `department/key`."""
    plain = key.rsplit("/", 1)[-1]
    return remembered(("group", plain), lambda: session.scalars(_GROUP, {"key": plain}).first())


_GROUP = select(Group).where(Group.key == bindparam("key"))


def group_keys(session: Session) -> list[str]:
    """Every group of the company, by key."""
    return list(session.scalars(select(Group.key).order_by(Group.key)))


def group_members(session: Session, group_ids: Iterable[str]) -> dict[str, list[Person]]:
    """The active members of many groups, in the order of their names."""
    wanted = set(group_ids)
    known = memory("members")
    missing = wanted - known.keys()
    if missing:
        known |= {one: [] for one in missing}
        for group_id, member in session.execute(_MEMBERS, {"ids": list(missing)}):
            known[group_id].append(member)
    return {one: known[one] for one in wanted}


_MEMBERS = (
    select(Membership.group_id, Person)
    .join(Person, Person.id == Membership.person_id)
    .where(Membership.group_id.in_(bindparam("ids", expanding=True)), Person.active)
    .order_by(Person.name, Person.id)
)


def groups_of(session: Session, person_id: str) -> list[Group]:
    """The groups that somebody belongs to, in the order of their keys."""
    return list(
        session.scalars(
            select(Group)
            .join(Membership, Membership.group_id == Group.id)
            .where(Membership.person_id == person_id)
            .order_by(Group.key)
        )
    )


def managers_above(session: Session, person_id: str) -> list[Person]:
    """The line upwards, nearest first, inactive ones included; a cycle ends it."""
    line: list[Person] = []
    seen = {person_id}
    current = find(session, person_id)
    while current is not None and current.manager_id and current.manager_id not in seen and len(line) < MANAGER_LEVELS:
        seen.add(current.manager_id)
        current = find(session, current.manager_id)
        if current is not None:
            line.append(current)
    return line


def reports_to(session: Session, person_id: str, manager_id: str) -> bool:
    """Whether somebody is a direct or indirect report of a manager."""
    return any(one.id == manager_id for one in managers_above(session, person_id))


def is_manager(session: Session, person_id: str) -> bool:
    """Whether anybody active reports to this person directly."""
    return session.scalar(_REPORT, {"manager": person_id}) is not None


_REPORT = select(Person.id).where(Person.manager_id == bindparam("manager"), Person.active).limit(1)


def department_head(session: Session, department: str | None) -> Person | None:
    if department is None:
        return None
    found = session.get(Department, department)
    return find(session, found.head_id) if found is not None and found.head_id else None


def facts(session: Session, row: Person) -> PersonFacts:
    """What expressions may know of a person."""
    return remembered(("facts", row.id), lambda: _facts(session, row))


def _facts(session: Session, row: Person) -> PersonFacts:
    manager = find(session, row.manager_id) if row.manager_id else None
    return PersonFacts(
        id=row.id,
        name=row.name,
        email=row.email,
        department=row.department,
        location=row.location,
        title=row.title,
        grade=row.grade,
        type=row.type,
        manager=manager.email if manager is not None else None,
        is_manager=is_manager(session, row.id),
        groups=tuple(session.scalars(_GROUP_KEYS, {"person": row.id})),
        start_date=row.start_date,
    )


_GROUP_KEYS = (
    select(Group.key)
    .join(Membership, Membership.group_id == Group.id)
    .where(Membership.person_id == bindparam("person"))
    .order_by(Group.key)
)


def with_role(session: Session, role: str) -> list[Person]:
    """The active people with a role, in the order of their addresses."""
    return remembered(("with_role", role), lambda: _with_role(session, role))


def _with_role(session: Session, role: str) -> list[Person]:
    named = cast(Person.roles, Text).contains(json.dumps(role, ensure_ascii=False), autoescape=True)
    rows = session.scalars(select(Person).where(Person.active, named).order_by(Person.email))
    return [one for one in rows if role in one.roles]


def search_people(session: Session, q: str, *, limit: int = 20, active: bool = True) -> Sequence[Person]:
    """People whose name or address begins with, or contains after a space, what was typed."""
    statement = select(Person).order_by(Person.name, Person.id).limit(limit)
    if active:
        statement = statement.where(Person.active)
    if q.strip():
        statement = statement.where(_matches(q.strip()))
    return session.scalars(statement).all()


def _matches(q: str) -> ColumnElement[bool]:
    return or_(
        Person.name.icontains(q, autoescape=True),
        Person.name_zh.icontains(q, autoescape=True),
        Person.email.icontains(q, autoescape=True),
    )


def today_of(row: Person, at: datetime) -> date:
    """The date in somebody's own zone."""
    return at.astimezone(zone_of(row)).date()
