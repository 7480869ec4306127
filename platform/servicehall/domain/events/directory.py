"""People, departments, groups and who stands in for whom."""

from __future__ import annotations

from servicehall.domain.events.base import Event, Json, event


@event("person.recorded")
class PersonRecorded(Event):
    """A person's attributes as they are from now on, as content; `manager` is the id of a person."""

    person: str
    content: str
    manager: str | None = None
    active: bool
    changed: list[str]


@event("person.erased")
class PersonErased(Event):
    """By law: everything that was recorded of a person; `erased` names the contents, of which tombstones stay."""

    person: str
    erased: list[str]


@event("person.delegated")
class Delegated(Event):
    """`since` and `until` are dates, inclusive, in the person's zone; no departments means all."""

    delegation: str
    person: str
    deputy: str
    since: str
    until: str
    departments: list[str] | None = None


@event("person.delegation_ended")
class DelegationEnded(Event):
    delegation: str
    ended_at: str


@event("person.preferences_changed")
class PreferencesChanged(Event):
    preferences: Json


@event("department.recorded")
class DepartmentRecorded(Event):
    department: str
    head: str | None = None


@event("department.guard_rails_set")
class GuardRailsSet(Event):
    """What documents of a department may not use from now on: `{field_types, classifications, approver_rules}` are
    lists of words, `{confidential, audience, webhooks}` are true where they are forbidden; all are stated."""

    forbidden: Json


@event("group.recorded")
class GroupRecorded(Event):
    group: str
    key: str
    department: str | None = None
    lead: str | None = None
    members: list[str]
