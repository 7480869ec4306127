"""What the pages about people read: pages of people, departments and groups with their counts."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, func, or_, select, tuple_
from sqlalchemy.orm import Session

from servicehall.errors import Invalid
from servicehall.models.directory import Delegation, Department, Group, Membership, Person
from servicehall.services.departments import group_titles
from servicehall.texts import _

PAGE = 50


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people in the order of their names, and the cursor of those after them."""

    rows: Sequence[Person]
    next: str | None


def people_page(session: Session, *, q: str, department: str, active: str, cursor: str | None) -> PeoplePage:
    """One page; `active` is yes, no or empty for both."""
    where = list(_conditions(q, department, active))
    if cursor:
        where.append(tuple_(Person.name, Person.id) > tuple_(*_read_cursor(cursor)))
    found = session.scalars(select(Person).where(*where).order_by(Person.name, Person.id).limit(PAGE + 1)).all()
    last = found[PAGE - 1] if len(found) > PAGE else None
    return PeoplePage(found[:PAGE], _cursor(last) if last is not None else None)


def departments(session: Session) -> list[str]:
    """All departments, by key."""
    return list(session.scalars(select(Department.key).order_by(Department.key)))


def groups(session: Session) -> Sequence[Row[str, str | None]]:
    """(key, department) of every group, by department."""
    return session.execute(select(Group.key, Group.department).order_by(Group.department, Group.key)).all()


def departments_with_counts(session: Session) -> Sequence[Row[str, str | None, int]]:
    """(key, head's id, active people) of each department."""
    people = (
        select(Person.department, func.count().label("people"))
        .where(Person.active)
        .group_by(Person.department)
        .subquery()
    )
    counted = func.coalesce(people.c.people, 0)
    return session.execute(
        select(Department.key, Department.head_id, counted)
        .outerjoin(people, people.c.department == Department.key)
        .order_by(Department.key)
    ).all()


def groups_with_counts(session: Session, q: str) -> Sequence[Row[Group, int]]:
    """Each group whose key or title holds what was typed, and how many members it has."""
    titled = [key for key, title in group_titles(session).items() if q.lower() in title.lower()]
    return session.execute(
        select(Group, func.count(Membership.person_id))
        .outerjoin(Membership, Membership.group_id == Group.id)
        .where(Group.key.icontains(q, autoescape=True) | Group.key.in_(titled))
        .group_by(Group.id)
        .order_by(Group.key)
    ).all()


def members(session: Session, group_id: str) -> list[Person]:
    """All members of a group, inactive ones too."""
    joined = select(Person).join(Membership, Membership.person_id == Person.id)
    return list(session.scalars(joined.where(Membership.group_id == group_id).order_by(Person.name, Person.id)))


def delegations_of(session: Session, person_id: str) -> list[Delegation]:
    """Who stands in for somebody, and for whom they stand in; the latest first."""
    mine = or_(Delegation.person_id == person_id, Delegation.deputy_id == person_id)
    return list(session.scalars(select(Delegation).where(mine).order_by(Delegation.since.desc()).limit(PAGE)))


def _conditions(q: str, department: str, active: str) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if q:
        columns = (Person.name, Person.name_zh, Person.email, Person.title)
        found.append(or_(*(column.icontains(q, autoescape=True) for column in columns)))
    if department:
        found.append(Person.department == department)
    if active in ("yes", "no"):
        found.append(Person.active.is_(active == "yes"))
    return found


def _cursor(row: Person) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.name, row.id]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[str, str]:
    try:
        name, key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        return str(name), str(key)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Invalid(_("This is not a place in this list; begin at its start.")) from error
