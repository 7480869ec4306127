"""People, departments, groups and who stands in for whom; and the appliers that write these rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.domain import events as e
from servicehall.models.appliers import Applied, Writer, applies, instant
from servicehall.models.base import Base, Id, Instant, Json


class Person(Base):
    """The record of a person. The account they sign in with is Flask-AppBuilder's, found by `email`."""

    __tablename__ = "people"
    __table_args__ = (
        Index("ix_people_manager", "manager_id"),
        Index("ix_people_department", "department"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_zh: Mapped[str | None] = mapped_column(String(200))
    department: Mapped[str | None] = mapped_column(String(60))
    title: Mapped[str | None] = mapped_column(String(200))
    location: Mapped[str | None] = mapped_column(String(100))
    manager_id: Mapped[Id | None]
    grade: Mapped[str | None] = mapped_column(String(40))
    type: Mapped[str | None] = mapped_column(String(40))
    skills: Mapped[list[str]] = mapped_column(Json)
    approval_limit: Mapped[str | None] = mapped_column(String(30))
    currency: Mapped[str | None] = mapped_column(String(3))
    start_date: Mapped[date | None] = mapped_column(Date)
    time_zone: Mapped[str | None] = mapped_column(String(60))
    locale: Mapped[str | None] = mapped_column(String(20))
    roles: Mapped[list[str]] = mapped_column(Json)
    active: Mapped[bool] = mapped_column(Boolean)
    preferences: Mapped[dict[str, Any]] = mapped_column(Json)
    content: Mapped[str] = mapped_column(String(64))


class Department(Base):
    __tablename__ = "departments"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    head_id: Mapped[Id | None]


class GuardRails(Base):
    """What documents of a department may not use, as the platform's administrators set it last."""

    __tablename__ = "guard_rails"

    department: Mapped[str] = mapped_column(String(60), primary_key=True)
    forbidden: Mapped[dict[str, Any]] = mapped_column(Json)
    set_at: Mapped[Instant]
    set_by: Mapped[str] = mapped_column(String(80))


class Group(Base):
    """A queue and a voice; keys are unique in the company."""

    __tablename__ = "groups"

    id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    department: Mapped[str | None] = mapped_column(String(60))
    lead_id: Mapped[Id | None]


class Membership(Base):
    __tablename__ = "memberships"
    __table_args__ = (Index("ix_memberships_person", "person_id"),)

    group_id: Mapped[Id] = mapped_column(ForeignKey("groups.id"), primary_key=True)
    person_id: Mapped[Id] = mapped_column(primary_key=True)


class Delegation(Base):
    """Dates are inclusive, in the person's time zone; no departments means all."""

    __tablename__ = "delegations"
    __table_args__ = (
        Index("ix_delegations_person", "person_id"),
        Index("ix_delegations_deputy", "deputy_id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    deputy_id: Mapped[Id]
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    departments: Mapped[list[str] | None] = mapped_column(Json)
    ended_at: Mapped[Instant | None]


_TEXTS = (
    "name_zh department title location grade type approval_limit currency time_zone locale".split()  # noqa: SIM905
)


def erased_address(person_id: str) -> str:
    """What stands in the place of the mail address of somebody who was erased: no address, and unique."""
    return f"erased-{person_id}"


def is_erased(row: Person) -> bool:
    return row.email == erased_address(row.id)


def _said_of(person_id: str, content: Any) -> dict[str, Any]:
    """The columns that come from content; where that was erased by law, a row stays that says so in the place of the
    name, in both languages."""
    said = content or {"email": erased_address(person_id), "name": "(erased)", "name_zh": "（已依法删除）"}
    return {
        "email": said["email"],
        "name": said["name"],
        "skills": said.get("skills", []),
        "roles": said.get("roles", []),
        "start_date": date.fromisoformat(said["start_date"]) if said.get("start_date") else None,
        **{name: said.get(name) for name in _TEXTS},
    }


@applies(e.PersonErased)
def person_erased(writer: Writer, applied: Applied[e.PersonErased]) -> None:
    writer.update(Person, {"id": applied.subject}, active=False, **_said_of(applied.subject, None))


@applies(e.PersonRecorded)
def person_recorded(writer: Writer, applied: Applied[e.PersonRecorded]) -> None:
    event = applied.event
    values = {
        "manager_id": event.manager,
        "active": event.active,
        "content": event.content,
        **_said_of(event.person, applied.content(event.content)),
    }
    if applied.sequence == 1:
        writer.insert(Person, id=event.person, preferences={}, **values)
    else:
        writer.update(Person, {"id": event.person}, **values)


@applies(e.PreferencesChanged)
def preferences_changed(writer: Writer, applied: Applied[e.PreferencesChanged]) -> None:
    writer.update(Person, {"id": applied.subject}, preferences=applied.event.preferences)


@applies(e.Delegated)
def delegated(writer: Writer, applied: Applied[e.Delegated]) -> None:
    event = applied.event
    writer.insert(
        Delegation,
        id=event.delegation,
        person_id=event.person,
        deputy_id=event.deputy,
        since=date.fromisoformat(event.since),
        until=date.fromisoformat(event.until),
        departments=event.departments,
    )


@applies(e.DelegationEnded)
def delegation_ended(writer: Writer, applied: Applied[e.DelegationEnded]) -> None:
    writer.update(Delegation, {"id": applied.event.delegation}, ended_at=instant(applied.event.ended_at))


@applies(e.DepartmentRecorded)
def department_recorded(writer: Writer, applied: Applied[e.DepartmentRecorded]) -> None:
    writer.upsert(Department, key=applied.event.department, head_id=applied.event.head)


@applies(e.GuardRailsSet)
def guard_rails_set(writer: Writer, applied: Applied[e.GuardRailsSet]) -> None:
    said = {"forbidden": applied.event.forbidden, "set_at": applied.at, "set_by": applied.actor}
    writer.upsert(GuardRails, department=applied.subject, **said)


@applies(e.GroupRecorded)
def group_recorded(writer: Writer, applied: Applied[e.GroupRecorded]) -> None:
    event = applied.event
    writer.delete(Membership, group_id=event.group)
    writer.upsert(Group, id=event.group, key=event.key, department=event.department, lead_id=event.lead)
    for person in event.members:
        writer.insert(Membership, group_id=event.group, person_id=person)
