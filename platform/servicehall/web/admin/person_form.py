"""A person as a form: one text for each column of the people file, and which of them were changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import request
from sqlalchemy.orm import Session

from servicehall.models.directory import Group, Person
from servicehall.services import directory
from servicehall.services.person_attributes import attributes_of
from servicehall.texts import N_, _
from servicehall.web.formats import day
from servicehall.web.shell import LANGUAGES

LABELS: Mapping[str, tuple[str, str]] = {
    "email": (N_("Mail address"), N_("The key to this person, and their sign-in name.")),
    "name": (N_("Name"), ""),
    "name_zh": (N_("Name in Chinese"), ""),
    "department": (N_("Department"), N_("Its key, such as it or hr.")),
    "department_head": (N_("Head of the department"), N_("yes or no")),
    "title": (N_("Job title"), ""),
    "location": (N_("Location"), ""),
    "manager": (N_("Manager"), N_("The manager's mail address.")),
    "grade": (N_("Grade"), ""),
    "type": (N_("Type"), N_("Such as employee or contractor.")),
    "groups": (N_("Groups"), N_("Joined by semicolons; an exclamation mark after a group makes its lead.")),
    "skills": (N_("Skills"), N_("Joined by semicolons.")),
    "roles": (
        N_("Roles"),
        N_(
            "Joined by semicolons. admin (platform administrator), catalog_admin (catalog administrator) and auditor"
            " carry rights; other words are roles of your own."
        ),
    ),
    "approval_limit": (N_("Approval limit"), N_("An amount in the currency below.")),
    "currency": (N_("Currency"), N_("Three letters, such as CNY.")),
    "start_date": (N_("First working day"), N_("Written as 2026-12-31.")),
    "time_zone": (N_("Time zone"), N_("Such as Asia/Shanghai.")),
    "locale": (N_("Language"), N_("en or zh")),
}
"""Column of the people file → its label and its hint."""

ROLES: Mapping[str, str] = {
    "admin": N_("Platform administrator"),
    "catalog_admin": N_("Catalog administrator"),
    "auditor": N_("Auditor"),
}
"""Roles that carry rights; any other is a word of the company's own, and goes by itself."""


def cells_of(session: Session, row: Person) -> dict[str, str]:
    """What is recorded, as the people file would say it; columns with nothing are left out."""
    found = {name: "; ".join(value) if isinstance(value, list) else value for name, value in attributes_of(row).items()}
    manager = session.get(Person, row.manager_id) if row.manager_id else None
    head = directory.department_head(session, row.department)
    found["manager"] = manager.email if manager is not None else ""
    found["department_head"] = "yes" if head is not None and head.id == row.id else ""
    found["groups"] = "; ".join(_group(one, row) for one in directory.groups_of(session, row.id))
    return {name: str(value) for name, value in found.items() if value}


def in_words(cells: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, str]:
    """The same for readers: dates and languages written out, the department by its title."""
    roles = [one.strip() for one in cells.get("roles", "").split(";")]
    said = {
        "roles": role_names(roles),
        "department": titles.get(cells.get("department", "")),
        "department_head": _("Yes") if cells.get("department_head") else None,
        "start_date": day(cells.get("start_date")),
        "locale": LANGUAGES.get(cells.get("locale", "")),
    }
    return {**cells, **{name: text for name, text in said.items() if text}}


def role_names(roles: Iterable[str]) -> str:
    """What somebody is, in words."""
    return _(", ").join(_(ROLES[one]) if one in ROLES else one for one in roles)


def typed_cells() -> dict[str, str]:
    """Every field as it was sent."""
    return {name: request.form.get(name, "").strip() for name in LABELS}


def changed_cells() -> dict[str, str]:
    """The fields that were changed since the form was made; never the mail address."""
    typed = typed_cells()
    return {
        name: cell
        for name, cell in typed.items()
        if name != "email" and cell != request.form.get(f"was-{name}", "").strip()
    }


def _group(group: Group, row: Person) -> str:
    named = f"{group.department}/{group.key}" if group.department else group.key
    return named + ("!" if group.lead_id == row.id else "")
