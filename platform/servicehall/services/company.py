"""The whole directory in a few queries, for questions about everybody at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from servicehall.approval_rules import Amount, Manager, Members
from servicehall.content import sha256
from servicehall.domain.conditions import PersonFacts
from servicehall.domain.voices import Group as GroupOf
from servicehall.models.directory import Department, Group, Membership, Person
from servicehall.services.directory import MANAGER_LEVELS
from servicehall.texts import current_locale

_FACTS = ("id", "name", "email", "department", "location", "title", "grade", "type", "start_date")
_COLUMNS = [
    getattr(Person, name)
    for name in (*_FACTS, "name_zh", "manager_id", "active", "approval_limit", "currency", "roles")
]


@dataclass(frozen=True)
class Company:
    """People by id, in the order of their names; groups by key, heads by department."""

    people: Mapping[str, Row[Any]]
    groups: Mapping[str, Members]
    heads: Mapping[str, str]

    @cached_property
    def active(self) -> list[str]:
        return [one.id for one in self.people.values() if one.active]

    @cached_property
    def by_email(self) -> Mapping[str, str]:
        return {one.email: one.id for one in self.people.values()}

    @cached_property
    def managers(self) -> frozenset[str]:
        """Whoever leads somebody active."""
        return frozenset(one.manager_id for one in self.people.values() if one.active and one.manager_id)

    @cached_property
    def _group_keys(self) -> Mapping[str, tuple[str, ...]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for key in sorted(self.groups):
            for person in self.groups[key].people:
                found[person].append(key)
        return {person: tuple(keys) for person, keys in found.items()}

    def facts(self, person: str) -> PersonFacts:
        """What conditions may know of somebody."""
        row = self.people[person]
        manager = self.people.get(row.manager_id or "")
        return PersonFacts(
            **{name: getattr(row, name) for name in _FACTS},
            manager=manager.email if manager is not None else None,
            is_manager=person in self.managers,
            groups=self._group_keys.get(person, ()),
        )

    def name(self, person: str) -> str:
        """The name in the reader's language."""
        row = self.people[person]
        return str(row.name_zh if current_locale() == "zh" and row.name_zh else row.name)

    @cached_property
    def _by_role(self) -> Mapping[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for one in sorted(self.people.values(), key=lambda one: one.email):
            for role in set(one.roles if one.active else ()):
                found[role].append(one.id)
        return found

    def with_role(self, role: str) -> list[str]:
        """The active people with a role, in the order of their addresses."""
        return list(self._by_role.get(role, ()))

    def group(self, key: str) -> GroupOf | None:
        """A group by `key` or `department/key`, as a voice has it."""
        found = self.groups.get(key.rpartition("/")[2])
        return GroupOf(found.id, found.people) if found is not None else None


def read_company(session: Session) -> Company:
    """The directory as it is."""
    people = {row.id: row for row in session.execute(select(*_COLUMNS).order_by(Person.name, Person.id))}
    members: defaultdict[str, list[str]] = defaultdict(list)
    for group, person in session.execute(select(Membership.group_id, Membership.person_id)):
        if person in people and people[person].active:
            members[group].append(person)
    order = {person: number for number, person in enumerate(people)}
    groups = {
        key: Members(id_, key, tuple(sorted(members[id_], key=order.__getitem__)))
        for id_, key in session.execute(select(Group.id, Group.key))
    }
    heads = session.execute(select(Department.key, Department.head_id))
    return Company(people, groups, {key: head for key, head in heads if head})


def digest(session: Session) -> str:
    """The same while nobody, no group and no department changes."""
    asked = (
        select(Person.id, Person.content, Person.active),
        select(Membership.group_id, Membership.person_id),
        select(Department.key, Department.head_id),
        select(Group.id, Group.key),
    )
    said = [sorted(map(list, session.execute(one)), key=str) for one in asked]
    return sha256(json.dumps(said, default=str).encode())


@dataclass(frozen=True)
class CompanyView:
    """Implements `approval_rules.View` for a request by and for one person, before anything is answered.

    `named` are the fields that name approvers, with their types: each answer is somebody who is nothing else. `amounts`
    are those of the money fields that matter.
    """

    company: Company
    requester: str
    amounts: Mapping[str, Amount]
    named: Mapping[str, str]

    def subject(self, of: str) -> str | None:
        return self.requester if of in ("requester", "requested_for") else None

    def line(self, person: str) -> Sequence[Manager]:
        known, found, seen = self.company.people, list[Manager](), {person}
        above = known[person].manager_id if person in known else None
        while above is not None and above in known and above not in seen and len(found) < MANAGER_LEVELS:
            row = known[above]
            found.append(Manager(row.id, row.active, Decimal(row.approval_limit or 0), row.currency))
            seen.add(above)
            above = row.manager_id
        return found

    def is_active(self, person: str) -> bool:
        known = self.company.people.get(person)
        return person in self._strangers if known is None else bool(known.active)

    def department_head(self, person: str) -> str | None:
        return self.company.heads.get(self.company.people[person].department or "")

    def group(self, key: str) -> Members | None:
        if key in self._strangers:
            return Members(key, key, (key,))
        return self.company.groups.get(key.rpartition("/")[2])

    def with_role(self, role: str) -> Sequence[str]:
        return self.company.with_role(role)

    def person(self, email: str) -> str | None:
        return email if email in self._strangers else self.company.by_email.get(email.strip().lower())

    @cached_property
    def _strangers(self) -> Mapping[str, tuple[str, str]]:
        """The answers by what they name, which is no address and no key of the directory."""
        return {f"*{field}": (kind, f"*{field}") for field, kind in self.named.items()}

    def answer(self, field: str) -> tuple[str, Any]:
        return self._strangers[f"*{field}"]

    def amount(self, expression: str) -> Amount | None:
        return self.amounts.get(expression)
