"""The verbs of administration pages: one person, one group, and what people choose for themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from servicehall.domain import events as e
from servicehall.errors import Invalid, Problem
from servicehall.forms.reading import Refused
from servicehall.models.base import new_id
from servicehall.models.directory import Department, Person
from servicehall.services import person_attributes as attributes
from servicehall.services.directory_import import FAMILY, Imported, record_group_now, record_rows
from servicehall.services.directory_plan import KnownGroup, read_known
from servicehall.services.notifications import DEFAULTS
from servicehall.services.people_file import COLUMNS, PersonRow
from servicehall.services.work import Work, work
from servicehall.texts import _


def record_person(cells: Mapping[str, str], *, actor: str, at: datetime) -> Imported:
    """Records one person as a row of the people file would: `email` says whom, what is not named stays as it is.

    Errors: Invalid with every wrong cell, its column as the path.
    """
    unknown = [Problem(one, "unknown", _("There is no such field.")) for one in sorted(set(cells) - set(COLUMNS))]
    if unknown:
        raise Invalid(_("Some of this is not valid."), unknown)
    return record_rows([PersonRow(0, cells)], actor=actor, at=at)


def record_group(
    key: str, *, department: str | None, members: Sequence[str], lead: str | None, actor: str, at: datetime
) -> str:
    """Records a group, new or known, as it is from now on; people by email, the lead one of them. Gives its id.

    Errors: Invalid with every wrong place: `key`, `department`, `members[i]`, `lead`.
    """
    problems: list[Problem] = []
    key = _read(problems, "key", key, attributes.read_group_key) or ""
    department = _read(problems, "department", department or "", attributes.read_department)
    with work(FAMILY, actor=actor, at=at) as w:
        ids = _members(w, members, problems)
        leader = ids.get(lead.strip().lower()) if lead and lead.strip() else None
        if lead and lead.strip() and leader is None:
            problems.append(Problem("lead", "not_a_member", _("Choose one of the group's members.")))
        if problems or not key:
            raise Invalid(_("Some of this is not valid."), problems)
        known = read_known(w.session).groups.get(key)
        group = KnownGroup(known.id if known else new_id(), key, department, leader, frozenset(ids.values()))
        if group != known:
            _make_department(w, department)
            record_group_now(w, group)
    return group.id


def set_preferences(person: str, changes: Mapping[str, Any], *, at: datetime) -> None:
    """Changes what somebody chose for themselves; null takes a choice back, what is not named stays.

    `mail`: `{all: bool, <event>: bool}`, `density`: roomy or compact, `shortcuts`: bool, `theme`: auto, light or dark.
    Errors: Invalid with every wrong place.
    """
    problems = [problem for name, value in changes.items() for problem in _check(name, value)]
    if problems:
        raise Invalid(_("Some of this is not valid."), problems)
    with work(f"person/{person}", actor=person, at=at) as w:
        before = w.get(Person, person).preferences
        merged = {**before, **changes}
        if isinstance(changes.get("mail"), Mapping):
            merged["mail"] = {**before.get("mail", {}), **changes["mail"]}
        after = {name: value for name, value in merged.items() if value is not None}
        if after != before:
            w.record(f"person/{person}", e.PreferencesChanged(preferences=after))


def _read(problems: list[Problem], path: str, text: str, reader: attributes.Reader) -> str | None:
    """A readable text, or None for an empty one (a key may not be empty); what is wrong becomes a problem."""
    try:
        clean = attributes.clean_cell(text)
        return reader(clean) if clean or path == "key" else None
    except Refused as refused:
        problems.append(refused.problem(path))
        return None


def _members(w: Work, emails: Sequence[str], problems: list[Problem]) -> dict[str, str]:
    """Email → id of the people named."""
    wanted = [email.strip().lower() for email in emails]
    found = {email: id for id, email in w.rows(select(Person.id, Person.email).where(Person.email.in_(wanted)))}
    for index, email in enumerate(wanted):
        if email not in found:
            text = _("Nobody has the mail address “{email}”.", email=email[:254])
            problems.append(Problem(f"members[{index}]", "unknown", text))
    return found


def _make_department(w: Work, department: str | None) -> None:
    if department is not None and w.session.get(Department, department) is None:
        w.record(f"department/{department}", e.DepartmentRecorded(department=department))


def _check(name: str, value: Any) -> list[Problem]:
    check = _PREFERENCES.get(name)
    if check is None:
        return [Problem(name, "unknown", _("There is no such field."))]
    return [] if value is None else check(name, value)


def _one_of(*choices: Any) -> Callable[[str, Any], list[Problem]]:
    def check(name: str, value: Any) -> list[Problem]:
        if type(value) in {type(choice) for choice in choices} and value in choices:
            return []
        names = ", ".join(str(choice).lower() for choice in choices)
        return [Problem(name, "choice", _("Choose one of {names}.", names=names))]

    return check


_BOOL = _one_of(True, False)


def _check_mail(name: str, value: Any) -> list[Problem]:
    if not isinstance(value, Mapping):
        return [Problem(name, "type", _("This is a mapping of events to yes or no."))]
    known = {"all", *DEFAULTS}
    unknown = [Problem(f"mail.{key}", "unknown", _("There is no such field.")) for key in value if key not in known]
    return unknown + [wrong for key, one in value.items() if key in known for wrong in _BOOL(f"mail.{key}", one)]


_PREFERENCES: Mapping[str, Callable[[str, Any], list[Problem]]] = {
    "mail": _check_mail,
    "density": _one_of("roomy", "compact"),
    "shortcuts": _BOOL,
    "theme": _one_of("auto", "light", "dark"),
}
