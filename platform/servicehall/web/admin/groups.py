"""The pages about departments and groups: who heads them, who is in them."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Invalid, NotFound
from servicehall.models.directory import Person
from servicehall.services import authored, directory
from servicehall.services.departments import department_titles
from servicehall.services.people import record_group, record_person
from servicehall.services.people_lists import departments, departments_with_counts, groups_with_counts, members
from servicehall.texts import _
from servicehall.web.admin.common import administrator, by_field, sent, typed
from servicehall.web.once import once
from servicehall.web.portal.acting import undo

pages = Blueprint("admin_groups", __name__)


@pages.get("/admin/departments")
def all_departments() -> ResponseReturnValue:
    """Each department with its head, its people and its document."""
    session = administrator().session
    rows = departments_with_counts(session)
    return render_template(
        "admin/departments.html",
        rows=rows,
        heads=directory.people(session, [head for _key, head, _people in rows]),
        documents=authored.departments_with_document(session),
        titles=department_titles(session),
    )


@pages.post("/admin/departments/<key>/head")
@once("/admin/departments")
def set_head(key: str) -> ResponseReturnValue:
    """Makes one of its people the head of a department."""
    viewer = administrator()
    person = directory.by_email(viewer.session, sent("email"))
    if person is None or person.department != key:
        flash(_("Nobody in this department has this mail address."), "warning")
        return redirect("/admin/departments", code=303)
    record_person({"email": person.email, "department_head": "yes"}, actor=viewer.id, at=now())
    title = department_titles(viewer.session).get(key, key)
    flash(_("{name} heads {department} now.", name=directory.name_of(person), department=title), "success")
    return redirect("/admin/departments", code=303)


@pages.get("/admin/groups")
def all_groups() -> ResponseReturnValue:
    """`?q=`: each group with its lead and how many are in it."""
    session = administrator().session
    q = typed("q")
    rows = groups_with_counts(session, q)
    leads = directory.people(session, [group.lead_id for group, _count in rows])
    return render_template("admin/groups.html", rows=rows, leads=leads, q=q, titles=department_titles(session))


@pages.get("/admin/groups/new")
def new_group() -> ResponseReturnValue:
    """An empty form."""
    administrator()
    return _form("", {"key": "", "department": "", "members": "", "lead": ""})


@pages.get("/admin/groups/<key>")
def group(key: str) -> ResponseReturnValue:
    """The form of one group, with who is in it."""
    session = administrator().session
    found = directory.group_by_key(session, key)
    if found is None:
        raise NotFound
    people = members(session, found.id)
    said = {
        "key": key,
        "department": found.department or "",
        "members": "\n".join(one.email for one in people),
        "lead": next((one.email for one in people if one.id == found.lead_id), ""),
    }
    return _form(key, said, people=people)


@pages.post("/admin/groups/new")
@pages.post("/admin/groups/<key>")
@once("/admin/groups")
def save_group(key: str = "") -> ResponseReturnValue:
    """Records the group as the form says."""
    viewer = administrator()
    said = {name: sent(name) for name in ("key", "department", "members", "lead")}
    if not key and directory.group_by_key(viewer.session, said["key"]) is not None:
        return _form("", said, {"key": _("There is a group with this key already.")}), 422
    wanted = key or said["key"]
    emails = [one for one in re.split(r"[\s,;]+", said["members"]) if one]
    lead, department = said["lead"] or None, said["department"] or None
    try:
        record_group(wanted, department=department, members=emails, lead=lead, actor=viewer.id, at=now())
    except Invalid as refused:
        undo()
        return _form(key, said, by_field(refused.problems)), 422
    flash(_("The group is recorded."), "success")
    return redirect(f"/admin/groups/{wanted}", code=303)


def _form(key: str, said: dict[str, str], errors: Any = None, *, people: list[Person] | None = None) -> str:
    return render_template(
        "admin/group.html",
        key=key,
        said={**said, "key": key or said["key"]},
        errors=errors or {},
        people=people or [],
        departments=departments(administrator().session),
    )
