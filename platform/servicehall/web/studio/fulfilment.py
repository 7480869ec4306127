"""Fulfilment: the plan as a graph and as a list that says the same, edited in place; its dates from a day of choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import request

from servicehall.clock import now
from servicehall.documents.kinds.kind import is_use
from servicehall.documents.patching import pointer, value_at
from servicehall.documents.plan_edits import NEW_TASK
from servicehall.documents.plan_graph import after_of, key_of, kind_of, later, name_of, naming, naming_chains, tasks_of
from servicehall.documents.title_keys import follows
from servicehall.domain.durations import Unit
from servicehall.domain.plan_checks import is_offset
from servicehall.services import directory
from servicehall.texts import N_, _, pick
from servicehall.web.studio import plan_view
from servicehall.web.studio.nodes import Node
from servicehall.web.studio.page import Page
from servicehall.web.studio.plan_acts import BACK, plan_at
from servicehall.web.studio.ticks import Boxes, boxes
from servicehall.web.studio.used import used_by

AHEAD = timedelta(weeks=3)
WORKS: Mapping[str, str] = {"manual": N_("By hand"), "approval": N_("An approval"), "automate": N_("By a system")}
UNITS: Mapping[str, str] = {
    Unit.MINUTE: N_("minutes after it can begin"),
    Unit.HOUR: N_("hours after it can begin"),
    Unit.DAY: N_("days after it can begin"),
    Unit.BUSINESS_DAY: N_("business days after it can begin"),
}
FROM_ANCHOR: Mapping[str, str] = {
    BACK: N_("business days before the date"),
    Unit.BUSINESS_DAY: N_("business days after the date"),
}


@dataclass(frozen=True)
class Waiting:
    """Another task as a box: `main` is ticked, `further` are the boxes of each more choice of one."""

    key: str
    title: str
    main: bool
    further: Sequence[bool]
    barred: bool


def values(page: Page) -> Mapping[str, Any]:
    base = "" if page.row.kind == "fulfilment_plan" else "/fulfilment"
    plan = plan_at(page.body, base)
    used = used_by(page, "fulfilment_plan", plan)
    shown: Mapping[str, Any] = used.document.body if used else plan if isinstance(plan, Mapping) else {}
    anchor = _day(page) if shown.get("anchor") else None
    department = used.document.department if used else page.row.department
    found = plan_view.rows(page, shown, at=base, department=department, anchor=anchor, started_at=now())
    index = _selected(page, base, len(found)) if not is_use(plan) else None
    return {
        "base": base,
        "plan": plan,
        "used": used,
        "uses": is_use(plan),
        "rows": found,
        "lanes": _lanes(found),
        "graph": plan_view.graph(found, index, href=f"{page.base}/fulfilment?at=") if found else None,
        "one": found[index] if index is not None else None,
        "task": _task(page, plan, base, index)
        if index is not None and isinstance(plan["tasks"][index], Mapping)
        else None,
        "odd": _odd(page, plan, base, index),
        "day": anchor,
        "settings": _settings(page, plan, base) if isinstance(plan, Mapping) and not is_use(plan) else (),
        "shared": page.around.documents("fulfilment_plan"),
        "fresh": any(one.startswith(("task-add:", "task-copy:")) for one in request.form.getlist("do")),
    }


def _day(page: Page) -> date:
    """The day that dates are shown for: three weeks from today, if no other is chosen."""
    try:
        return date.fromisoformat(request.values.get("day", ""))
    except ValueError:
        return directory.today_of(page.viewer.person, now()) + AHEAD


def _selected(page: Page, base: str, count: int) -> int | None:
    """The task in whose part of the document the selection is."""
    inside = page.at.removeprefix(f"{base}/tasks/").split("/")[0] if page.at.startswith(f"{base}/tasks/") else ""
    return int(inside) if inside.isdecimal() and len(inside) < 6 and int(inside) < count else None


def _lanes(found: Sequence[plan_view.Row]) -> Mapping[str, Sequence[plan_view.Row]]:
    """The tasks by department, each department where its first task stands."""
    lanes: dict[str, list[plan_view.Row]] = {}
    for one in found:
        lanes.setdefault(one.lane, []).append(one)
    return lanes


def _settings(page: Page, plan: Mapping[str, Any], base: str) -> Sequence[Node]:
    """What holds for the whole plan; its dates count from a date of the form."""
    anchor, calendar = page.node(base, only=("anchor", "calendar")).children
    dates = [key for key, one in page.around.definitions.items() if "date" in (one.get("type"), one.get("as"))]
    known = [(key, text) for key, text in anchor.choices if key in dates or key == plan.get("anchor")]
    control = anchor.control if known or base else "line"
    said = _("A date of the form, such as the first day. Without one, dates count from the day the work begins.")
    return replace(anchor, choices=known, control=control, hint=said), calendar


def _odd(page: Page, plan: Any, base: str, index: int | None) -> Node | None:
    """What is no plan, or is selected and no task, as it is written."""
    if index is not None:
        return None if isinstance(plan["tasks"][index], Mapping) else page.node(f"{base}/tasks/{index}")
    return None if plan is None or isinstance(plan, Mapping) else page.node(base)


def _task(page: Page, plan: Any, base: str, index: int) -> Mapping[str, Any]:
    """The properties of one task as controls."""
    tasks, at = tasks_of(plan), f"{base}/tasks/{index}"
    task = tasks[index]
    node = {one.name: one for one in page.node(at).children}
    shows: Boxes = boxes(node["shows"], page.around.fields)
    after, due = after_of(task), plan_view.duration_of(task.get("due"))
    chains = _chains(page, naming_chains(plan, index, page.around.chain))
    published = value_at(page.row.body or {}, f"{base}/tasks")
    return {
        "node": node,
        "key": key_of(task),
        "named_by_title": not chains and follows(task, page.body, published, begun=NEW_TASK),
        "kind": kind_of(task),
        "works": [(key, _(words)) for key, words in WORKS.items()],
        "services": node["request"].choices,
        "request": task.get("request"),
        "either": not after.all and bool(after.any),
        "waiting": _waiting(plan, index),
        "choices": len(after.any[1:] if not after.all else after.any) + 1,
        "due": due,
        "unit": _unit(plan, due),
        "units": _units(plan),
        "readable_due": due is not None or task.get("due") is None,
        "shows": shows,
        "answers": _answers(page, task, at),
        "named_by": [*naming(plan, index), *chains],
        "chains": chains,
        "followers": [name_of(one) for one in tasks if key_of(task) and key_of(task) in after_of(one).keys],
    }


def _chains(page: Page, references: Sequence[str]) -> list[str]:
    """Shared approval chains as people call them."""
    return [dict(page.around.documents("approval_chain")).get(one, one) for one in references]


def _units(plan: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    known = {**UNITS, **FROM_ANCHOR} if plan.get("anchor") else UNITS
    return [(key, _(words)) for key, words in known.items()]


def _unit(plan: Mapping[str, Any], due: Any) -> str:
    """Of a task without a due date the unit that it probably gets."""
    if due is None:
        return BACK if plan.get("anchor") else str(Unit.BUSINESS_DAY)
    return BACK if is_offset(str(due)) and due.amount < 0 else str(due.unit)


def _waiting(plan: Any, index: int) -> Sequence[Waiting]:
    """The other tasks, those that are waited for first, with one more choice than there are."""
    tasks = tasks_of(plan)
    task = tasks[index]
    after, barred = after_of(task), later(plan, key_of(task))
    main = after.all or (after.any[0] if after.any else ())
    choices = [*(after.any if after.all else after.any[1:]), ()]
    names = {key_of(one): name_of(one) for place, one in enumerate(tasks) if place != index and key_of(one)}
    ghosts = {key: _("{key} (there is no such task)", key=key) for key in after.keys if key not in names}
    found = [
        Waiting(key, title, key in main, [key in keys for keys in choices], key in barred)
        for key, title in {**ghosts, **names}.items()
    ]
    return sorted(found, key=lambda one: not (one.main or any(one.further)))


def _answers(page: Page, task: Mapping[str, Any], at: str) -> Sequence[Mapping[str, Any]]:
    """The fields of the child's form, and what else is answered, each with its expression."""
    if kind_of(task) != "request":
        return ()
    service = page.around.of_reference("service", str(task["request"])) if task["request"] else None
    fields = {str(one["key"]): one for one in page.around.of_form(service)} if service is not None else {}
    written = task.get("answers")
    said: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    return [
        {
            "key": key,
            "pointer": at + pointer("answers", key),
            "label": pick(fields.get(key, {}).get("label")) or key,
            "required": fields.get(key, {}).get("required") is True,
            "value": said.get(key) or "",
            "strange": key not in fields,
        }
        for key in [*fields, *(one for one in said if one not in fields)]
        if fields.get(key, {}).get("type") not in ("section", "note", "computed")
    ]
