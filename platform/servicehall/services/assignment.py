"""Who gets a task: the queue it belongs to, and inside a group the person, with the reason in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicehall.approval_rules import resolve_rules
from servicehall.domain.conditions import Context
from servicehall.domain.plans import Task as Planned
from servicehall.models.directory import Group, Membership, Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import contexts, departments, directory
from servicehall.services.approver_view import ApproverView
from servicehall.services.releases import Release, condition_over
from servicehall.services.work import Work

Why = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    person: str
    why: Mapping[str, Any]


def queue_of(w: Work, row: Request, *, department: str, group: str | None) -> tuple[str | None, Why]:
    """The group's id for a task, and why it is that one."""
    key, why = queue_named(w.session, contexts.for_request(w.session, row, at=w.at), department, group)
    return (_group_id(w.session, key) if key else None), why


def queue_named(session: Session, context: Context, department: str, group: str | None) -> tuple[str | None, Why]:
    """The group of a task: its own, else what the department's rule names, else the first of its agents."""
    if group is not None:
        return group, {"code": "group_of_task", "group": group}
    rule = _rule(session, context, department)
    if rule is not None:
        return rule["group"], {"code": "assignment_rule", "group": rule["group"]}
    agents = departments.document(session, department).get("agents") or [None]
    return agents[0], {"code": "first_agents"}


def choose(w: Work, row: Request, release: Release, task: Task, planned: Planned | None) -> Chosen | None:
    """The person a ready task goes to, or nobody: then it waits in its queue."""
    if planned is not None and planned.assign is not None:
        return _by_rule(w, row, release, planned)
    if task.group_id is None:
        return None
    skills = planned.skills if planned is not None else ()
    how = _how(w, row, task) or ("skills" if skills else "manual")
    if how == "manual":
        return None
    members = directory.group_members(w.session, [task.group_id])[task.group_id]
    return _HOW[how](w, task, members, skills)


def is_member(session: Session, group_id: str | None, person_id: str) -> bool:
    return group_id is not None and session.get(Membership, (group_id, person_id)) is not None


def _by_rule(w: Work, row: Request, release: Release, planned: Planned) -> Chosen | None:
    assert planned.assign is not None  # noqa: S101 - asked for by the caller
    context = contexts.for_request(w.session, row, at=w.at)
    view = ApproverView(w.session, release, context, contexts.answers_of(w.session, row))
    for candidate in resolve_rules([planned.assign], view):
        person = getattr(candidate, "person", None)
        if person is not None and getattr(candidate, "active", True):
            return Chosen(person, candidate.why)
    return None


def _round_robin(w: Work, task: Task, members: Sequence[Person], skills: Sequence[str]) -> Chosen | None:
    """Whoever got a task of this group longest ago, or never."""
    if not members:
        return None
    last = dict(
        w.rows(
            select(Task.assignee_id, func.max(Task.ready_at))
            .where(Task.group_id == task.group_id, Task.assignee_id.in_([one.id for one in members]))
            .group_by(Task.assignee_id)
        )
    )
    first = min(members, key=lambda one: (last.get(one.id) is not None, last.get(one.id) or 0, one.email))
    return Chosen(first.id, {"code": "round_robin"})


def _least_loaded(w: Work, task: Task, members: Sequence[Person], skills: Sequence[str]) -> Chosen | None:
    """Whoever has the fewest open tasks; of equals, the first by address."""
    if not members:
        return None
    loads = _loads(w, members)
    first = min(members, key=lambda one: (loads.get(one.id, 0), one.email))
    return Chosen(first.id, {"code": "least_loaded", "open": loads.get(first.id, 0)})


def _by_skills(w: Work, task: Task, members: Sequence[Person], skills: Sequence[str]) -> Chosen | None:
    """Of those with all skills whoever has the fewest open tasks; nobody where nobody has them."""
    able = [one for one in members if set(skills) <= set(one.skills)]
    chosen = _least_loaded(w, task, able, skills)
    if chosen is None or not skills:
        return chosen
    return Chosen(chosen.person, {"code": "skills", "skills": list(skills), "open": chosen.why["open"]})


_HOW: dict[str, Callable[[Work, Task, Sequence[Person], Sequence[str]], Chosen | None]] = {
    "round_robin": _round_robin,
    "least_loaded": _least_loaded,
    "skills": _by_skills,
}


def _loads(w: Work, members: Sequence[Person]) -> dict[str, int]:
    rows = w.rows(
        select(Task.assignee_id, func.count())
        .where(
            Task.assignee_id.in_([one.id for one in members]),
            Task.state.in_(("ready", "in_progress", "on_hold", "failed")),
        )
        .group_by(Task.assignee_id)
    )
    return {str(person): int(count) for person, count in rows}


def _how(w: Work, row: Request, task: Task) -> str | None:
    """How the group's department says work is spread: the first rule that holds and names this group."""
    group = w.session.get(Group, task.group_id)
    context = contexts.for_request(w.session, row, at=w.at)
    rule = _rule(w.session, context, task.department, group=group.key if group else None)
    return rule.get("how", "manual") if rule is not None else None


def rules_of(session: Session, department: str) -> Sequence[Mapping[str, Any]]:
    """The lines of the department's assignment rule, in their order."""
    body = departments.document(session, department)
    if not body.get("assignment"):
        return ()
    owner, _, key = str(body["assignment"]).rpartition("/")
    document = departments.published(session, "assignment_rule", owner or department, key) or {}
    rules: Sequence[Mapping[str, Any]] = document.get("rules", ())
    return rules


def _rule(session: Session, context: Context, department: str, *, group: str | None = None) -> Mapping[str, Any] | None:
    """The first line of the department's assignment rule whose condition holds."""
    for rule in rules_of(session, department):
        if group is not None and rule["group"].rsplit("/", 1)[-1] != group:
            continue
        if "when" not in rule or condition_over(rule["when"], context):
            return rule
    return None


def _group_id(session: Session, key: str) -> str | None:
    found = directory.group_by_key(session, key)
    return found.id if found is not None else None
