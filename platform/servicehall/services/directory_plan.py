"""What rows of people mean for the directory as it stands: who differs and how, or everything that is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.forms.reading import Refused
from servicehall.models.base import new_id
from servicehall.models.directory import Department, Group, Membership, Person
from servicehall.services import person_attributes as attributes
from servicehall.services.people_file import Fault, PersonRow
from servicehall.texts import _


@dataclass(frozen=True, slots=True)
class KnownGroup:
    id: str
    key: str
    department: str | None
    lead: str | None
    members: frozenset[str]


@dataclass(frozen=True)
class Known:
    """The directory as it stands: people by email, department → head, groups by key."""

    people: Mapping[str, Person]
    departments: Mapping[str, str | None]
    groups: Mapping[str, KnownGroup]


def read_known(session: Session) -> Known:
    """Three queries, however many people there are."""
    members: dict[str, set[str]] = {}
    for group_id, person_id in session.execute(select(Membership.group_id, Membership.person_id)):
        members.setdefault(group_id, set()).add(person_id)
    return Known(
        people={row.email: row for row in session.scalars(select(Person).execution_options(populate_existing=True))},
        departments=dict(session.execute(select(Department.key, Department.head_id)).all()),
        groups={
            key: KnownGroup(id, key, department, lead, frozenset(members.get(id, ())))
            for id, key, department, lead in session.execute(
                select(Group.id, Group.key, Group.department, Group.lead_id)
            )
        },
    )


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """A person as the directory will have them; `changed` names what differs, and is empty where nothing does."""

    id: str
    email: str
    attributes: Mapping[str, Any]
    manager: str | None
    active: bool
    changed: tuple[str, ...]
    new: bool


@dataclass(frozen=True)
class DirectoryPlan:
    """What is to be recorded; `faults` says why nothing is."""

    people: Sequence[PlannedPerson]
    heads: Mapping[str, str | None]
    groups: Sequence[KnownGroup]
    faults: Sequence[Fault]


@dataclass(slots=True)
class _Said:
    """One row, read: what it says of the person, and of the departments and groups it names."""

    line: int
    id: str
    email: str
    row: Person | None
    given: dict[str, Any]
    manager: str | None = None
    active: bool | None = None
    is_head: bool | None = None
    groups: dict[tuple[str | None, str], bool] | None = None

    @property
    def department(self) -> str | None:
        before = self.row.department if self.row is not None else None
        found: str | None = self.given.get("department", before)
        return found


@dataclass
class _Reading:
    known: Known
    said: list[_Said] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def note(self, line: int, column: str, code: str, message: str) -> None:
        self.faults.append(Fault(line, column, code, message))


def make_plan(rows: Sequence[PersonRow], known: Known) -> DirectoryPlan:
    """Reads all rows against the directory. A column that a row lacks leaves what it tells, an empty cell clears it."""
    reading = _Reading(known)
    lines: dict[str, int] = {}
    for row in rows:
        said = _read_row(reading, row)
        if said is not None and lines.setdefault(said.email, row.line) != row.line:
            text = _("“{email}” stands in line {line} already.", email=said.email, line=lines[said.email])
            reading.note(row.line, "email", "duplicate", text)
        elif said is not None:
            reading.said.append(said)
    managers = _managers(reading, rows)
    people = [_planned(said, managers[said.id]) for said in reading.said]
    _check_cycles(reading, managers)
    heads = _heads(reading)
    groups = _groups(reading)
    return DirectoryPlan(people, heads, groups, sorted(reading.faults, key=lambda one: one.line))


# --- rows ----------------------------------------------------------------------------------------------------


def _read_row(reading: _Reading, row: PersonRow) -> _Said | None:
    """What a row says; None where nobody knows of whom."""
    values = dict(_values(reading, row))
    if not values.get("email"):
        if "email" in values or "email" not in row.cells:
            reading.note(row.line, "email", "required", _("The mail address is missing."))
        return None
    before = reading.known.people.get(values["email"])
    if not values.get("name") and ("name" in values or (before is None and "name" not in row.cells)):
        reading.note(row.line, "name", "required", _("The name is missing."))
    readable = "department" in values or "department" not in row.cells
    return _Said(
        line=row.line,
        id=before.id if before is not None else new_id(),
        email=values["email"],
        row=before,
        given={name: values[name] for name in attributes.READERS if name in values},
        manager=values.get("manager"),
        active=values["active"] is not False if "active" in values else None,
        is_head=bool(values["department_head"]) if readable and "department_head" in values else None,
        groups=(values["groups"] or {}) if "groups" in values else None,
    )


def _values(reading: _Reading, row: PersonRow) -> Iterator[tuple[str, Any]]:
    """Each readable cell; an empty one is None."""
    for column, cell in row.cells.items():
        reader = _READERS.get(column)
        if reader is None:
            continue
        try:
            text = attributes.clean_cell(cell)
            yield column, reader(text) if text else None
        except Refused as refused:
            reading.note(row.line, column, refused.code, refused.message)


def _group_names(text: str) -> dict[tuple[str | None, str], bool]:
    """`it/it-identity!; office` → (department or None, key) → whether the person leads it; every wrong name is told."""
    found: dict[tuple[str | None, str], bool] = {}
    wrong: list[Refused] = []
    for word in (word.strip() for word in text.split(";")):
        if not word:
            continue
        try:
            named = _group_name(word.removesuffix("!").strip())
            found[named] = found.get(named, False) or word.endswith("!")
        except Refused as refused:
            wrong.append(refused)
    if wrong:
        raise Refused(wrong[0].code, " ".join(dict.fromkeys(one.message for one in wrong)))
    return found


def _group_name(name: str) -> tuple[str | None, str]:
    department, slash, key = name.rpartition("/")
    return attributes.read_department(department) if slash else None, attributes.read_group_key(key)


_READERS: Mapping[str, attributes.Reader] = {
    **attributes.READERS,
    "manager": str.lower,
    "department_head": attributes.read_yes,
    "active": attributes.read_yes,
    "groups": _group_names,
}


# --- people --------------------------------------------------------------------------------------------------


def _managers(reading: _Reading, rows: Sequence[PersonRow]) -> dict[str, str | None]:
    """Person → manager, by id, as it will be for everybody."""
    ids = {row.email: row.id for row in reading.known.people.values()} | {one.email: one.id for one in reading.said}
    found: dict[str, str | None] = {row.id: row.manager_id for row in reading.known.people.values()}
    written = {row.line for row in rows if "manager" in row.cells}
    for said in reading.said:
        if said.line not in written:
            found.setdefault(said.id, None)
            continue
        found[said.id] = ids.get(said.manager) if said.manager else None
        if said.manager and said.manager not in ids:
            text = _("Nobody has the mail address “{email}”.", email=said.manager[:254])
            reading.note(said.line, "manager", "unknown", text)
    return found


def _check_cycles(reading: _Reading, managers: Mapping[str, str | None]) -> None:
    """Notes every circle that a row is part of, once, at the first such row."""
    lines = {said.id: said.line for said in reversed(reading.said)}
    emails = {row.id: row.email for row in reading.known.people.values()} | {one.id: one.email for one in reading.said}
    done: set[str] = set()
    for said in reading.said:
        line: dict[str, None] = {}
        current: str | None = said.id
        while current is not None and current not in done and current not in line:
            line[current] = None
            current = managers.get(current)
        if current is not None and current in line:
            way = list(line)
            circle = way[way.index(current) :]
            first = min(range(len(circle)), key=lambda index: lines.get(circle[index], sys.maxsize))
            if circle[first] in lines:
                names = [emails[one] for one in (*circle[first:], *circle[: first + 1])]
                text = _("The managers go round in a circle: {line}.", line=" → ".join(names))
                reading.note(lines[circle[first]], "manager", "cycle", text)
        done.update(line)


def _planned(said: _Said, manager: str | None) -> PlannedPerson:
    row = said.row
    before = attributes.attributes_of(row) if row is not None else {}
    after = {name: value for name, value in {**before, **said.given}.items() if value}
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    active = said.active if said.active is not None else (row.active if row is not None else True)
    if manager != (row.manager_id if row is not None else None):
        changed.add("manager")
    if row is None or active != row.active:
        changed.add("active")
    return PlannedPerson(said.id, said.email, after, manager, active, tuple(sorted(changed)), row is None)


# --- departments and groups ----------------------------------------------------------------------------------


def _heads(reading: _Reading) -> dict[str, str | None]:
    """The departments that are new or get another head."""
    heads = dict(reading.known.departments)
    named = [said.department for said in reading.said]
    named += [department for said in reading.said for department, _key in said.groups or ()]
    for department in named:
        if department is not None:
            heads.setdefault(department, None)
    written = {said.id for said in reading.said if said.is_head is not None}
    for department, head in heads.items():
        if head in written:
            heads[department] = None
    lines: dict[str, int] = {}
    for said in reading.said:
        if not said.is_head:
            continue
        if said.department is None:
            reading.note(
                said.line, "department_head", "required", _("The department that this person heads is missing.")
            )
        elif lines.setdefault(said.department, said.line) != said.line:
            text = _("“{key}” has a head in line {line} already.", key=said.department, line=lines[said.department])
            reading.note(said.line, "department_head", "duplicate", text)
        else:
            heads[said.department] = said.id
    before = reading.known.departments
    return {key: head for key, head in heads.items() if key not in before or before[key] != head}


@dataclass(slots=True)
class _Named:
    """What the rows say of one group."""

    department: str | None
    members: set[str] = field(default_factory=set)
    lead: str | None = None
    lead_line: int = 0


def _groups(reading: _Reading) -> list[KnownGroup]:
    """The groups that are new or differ. Whoever has a row with a `groups` cell is in those groups and in no other."""
    known = reading.known.groups
    named = {key: _Named(group.department) for key, group in known.items()}
    for said in reading.said:
        for (department, key), leads in (said.groups or {}).items():
            group = named.setdefault(key, _Named(None))
            _join(reading, said, key, group, department, leads)
    written = {said.id for said in reading.said if said.groups is not None}
    found = []
    for key, group in named.items():
        before = known.get(key) or KnownGroup(new_id(), key, None, None, frozenset())
        lead = group.lead or (None if before.lead in written else before.lead)
        after = KnownGroup(before.id, key, group.department, lead, (before.members - written) | group.members)
        if key not in known or after != before:
            found.append(after)
    return found


def _join(reading: _Reading, said: _Said, key: str, group: _Named, department: str | None, leads: bool) -> None:
    group.members.add(said.id)
    if department is not None and group.department not in (None, department):
        text = _("The group “{key}” belongs to “{department}”.", key=key, department=group.department)
        reading.note(said.line, "groups", "conflict", text)
    group.department = group.department or department
    if leads and group.lead is not None and group.lead != said.id:
        text = _("“{key}” has a lead in line {line} already.", key=key, line=group.lead_line)
        reading.note(said.line, "groups", "duplicate", text)
    elif leads:
        group.lead, group.lead_line = said.id, said.line
