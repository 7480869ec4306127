"""A task that no plan foresaw, added by hand to one request: it lies in a queue or with a person, has clocks, and the
request is resolved with it.

Only agents of the owning department add one: who chooses what a task shows must be somebody who may read it. Secret
answers are never shown by it, and of a confidential request another department sees only what is shared with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.domain import events as e
from servicehall.errors import Conflict, Forbidden, Invalid, Problem
from servicehall.models.base import new_id
from servicehall.models.directory import Group, Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import assignment, departments, directory, releases
from servicehall.services.releases import Release
from servicehall.services.requests import COMMENT_LENGTH, family_of
from servicehall.services.submission import stream_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, work
from servicehall.texts import _

TITLE_LENGTH = 200
SHOWN_NOWHERE = ("section", "note")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done: `group` is a key, `person` an email, one of the two; `shows` are fields of the form."""

    title: str
    group: str | None = None
    person: str | None = None
    due_at: datetime | None = None
    note: str | None = None
    shows: Sequence[str] = ()
    optional: bool = False


def may_add(request: Request, viewer: Viewer) -> bool:
    return request.state == "in_progress" and viewer.is_agent_of(request)


def add(request: Request, wish: Wish, *, viewer: Viewer, at: datetime) -> str:
    """Adds a task to a request in progress, ready at once. Returns its id; Invalid names everything that is wrong."""
    if not viewer.is_agent_of(request):
        raise Forbidden(_("Only agents of the department add tasks."))
    with work(family_of(request), actor=viewer.id, at=at) as w:
        row = w.get(Request, request.id)
        if row.state != "in_progress":
            raise Conflict(_("Tasks are added to a request that is in progress."))
        release = releases.load(w.session, row.release)
        who = _whose(w.session, wish)
        reader = _department_of(w.session, row, who)
        _refuse(wish, who, set(wish.shows) - showable(release, row, reader))
        department, group = _queue(w, row, who, reader)
        tasks = w.of(Task, row.id)
        task_id = new_id()
        added: dict[str, Any] = {
            "id": task_id,
            "key": _free_key([task.key for task in tasks]),
            "position": len(tasks),
            "department": department,
            "group": group,
            "state": "blocked",
            "kind": "manual",
            "optional": wish.optional,
            "said": w.keep({"title": wish.title.strip(), "note": (wish.note or "").strip()}),
            "shows": sorted(set(wish.shows)),
        }
        said = {name: value for name, value in added.items() if value is not None}
        w.record(stream_of(row.id), e.TasksAdded(tasks=[said], why={"code": "added_by_hand"}))
        due_at = as_instant(wish.due_at) if wish.due_at else None
        w.record(stream_of(row.id), e.TaskReady(task=task_id, due_at=due_at))
        if isinstance(who, Person):
            w.record(stream_of(row.id), e.TaskAssigned(task=task_id, assignee=who.id, why={"code": "assigned"}))
    return task_id


def showable(release: Release, row: Request, department: str | None) -> set[str]:
    """The fields that a task of this department may show: none that is secret; of a confidential request elsewhere,
    those that are shared with it."""
    elsewhere = row.confidential and department != row.department
    return {
        field.key
        for field in release.form.fields
        if field.classification != "secret"
        and field.type not in SHOWN_NOWHERE
        and (not elsewhere or department in field.share_with)
    }


def _whose(session: Session, wish: Wish) -> Group | Person | None:
    if wish.group:
        return directory.group_by_key(session, wish.group)
    person = directory.by_email(session, wish.person) if wish.person else None
    return person if person is not None and person.active else None


def _department_of(session: Session, row: Request, who: Group | Person | None) -> str | None:
    """To which department whoever does it belongs; agents of the owning one to that one."""
    if who is None:
        return None
    keys = {who.key} if isinstance(who, Group) else {one.key for one in directory.groups_of(session, who.id)}
    owning = departments.agent_groups(session).get(row.department, frozenset())
    return row.department if keys & owning else who.department


def _queue(w: Work, row: Request, who: Group | Person | None, reader: str | None) -> tuple[str, str | None]:
    """The department and the queue: a person's task lies in the queue of their department, should they be gone."""
    if isinstance(who, Group):
        return reader or row.department, who.id
    theirs = assignment.queue_of(w, row, department=reader, group=None)[0] if reader else None
    if reader and theirs:
        return reader, theirs
    return row.department, assignment.queue_of(w, row, department=row.department, group=None)[0]


def _refuse(wish: Wish, who: Group | Person | None, hidden: Collection[str]) -> None:
    problems = []
    if not wish.title.strip():
        problems.append(Problem("title", "required", _("Say what is to be done.")))
    if len(wish.title) > TITLE_LENGTH:
        problems.append(Problem("title", "too_long", _("At most {n} characters.", n=TITLE_LENGTH)))
    if len(wish.note or "") > COMMENT_LENGTH:
        problems.append(Problem("note", "too_long", _("At most {n} characters.", n=COMMENT_LENGTH)))
    if bool(wish.group) == bool(wish.person):
        problems.append(Problem("group", "exclusive", _("Name a group or a person, one of them.")))
    elif who is None and wish.group:
        problems.append(Problem("group", "unknown", _("There is no such group.")))
    elif who is None:
        problems.append(Problem("person", "unknown", _("There is no active person with this address.")))
    if hidden:
        message = _("This task may not show these answers: {fields}.", fields=", ".join(sorted(hidden)))
        problems.append(Problem("shows", "not_shared", message))
    if problems:
        raise Invalid(_("The task cannot be added like this."), problems)


def _free_key(taken: Collection[str]) -> str:
    names = (f"added-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
