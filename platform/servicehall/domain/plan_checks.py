"""What is wrong with a fulfilment plan: keys, references, cycles, and tasks that contradict themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from servicehall.domain.approval_chains import check_chain
from servicehall.domain.durations import Duration, Unit
from servicehall.domain.plans import as_name, find_cycles, parse_after, undo_key
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

_EXCLUSIVE: Sequence[tuple[str, str]] = (
    ("group", "assign"),
    ("request", "group"),
    ("request", "assign"),
    ("request", "approval"),
    ("request", "automate"),
    ("approval", "automate"),
    ("approval", "assign"),
)


def is_offset(due: str) -> bool:
    """Whether a due duration counts from the plan's anchor, where it has one: business days, either sign."""
    return Duration.parse(due).unit is Unit.BUSINESS_DAY


def check_plan(mapping: Mapping[str, Any], path: str = "") -> list[Problem]:
    """What is wrong with a plan, each at its place (`tasks[3].after`); `path` stands before all.

    The schema has seen to types and unknown keys; references to groups, services and fields are not looked at.
    """
    before = f"{path}." if path else ""
    return [
        Problem(f"{before}{problem.path}", problem.code, problem.message, witness=problem.witness)
        for check in (_check_keys, _check_tasks, _check_references, _check_cycles)
        for problem in check(mapping)
    ]


def _tasks(mapping: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return mapping.get("tasks") or ()


def _check_keys(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    if not _tasks(mapping):
        yield Problem("tasks", "empty", _("a plan needs at least one task"))
    seen: dict[str, str] = {}
    for index, task in enumerate(_tasks(mapping)):
        key, place, name = task["key"], f"tasks[{index}].key", as_name(task["key"])
        other = seen.get(name)
        if other == key:
            yield Problem(place, "duplicate", _("the task “{key}” is there twice", key=key))
        elif other is not None:
            message = _("“{key}” and “{other}” are one name in expressions: {name}", key=key, other=other, name=name)
            yield Problem(place, "collision", message)
        seen.setdefault(name, key)
    yield from _check_undo_keys(mapping, seen)


def _check_undo_keys(mapping: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Problem]:
    """An undo becomes a task `undo-<key>`, which no other task may be called."""
    for index, task in enumerate(_tasks(mapping)):
        other = names.get(as_name(undo_key(task["key"])))
        if task.get("undo") and other is not None:
            message = _("the undoing of “{key}” would be called like the task “{other}”", key=task["key"], other=other)
            yield Problem(f"tasks[{index}].undo", "collision", message)


def _check_tasks(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    for index, task in enumerate(_tasks(mapping)):
        for problem in (*_check_work(task), *_check_due(task, mapping.get("anchor"))):
            yield Problem(f"tasks[{index}].{problem.path}", problem.code, problem.message)


def _check_work(task: Mapping[str, Any]) -> Iterator[Problem]:
    for one, other in _EXCLUSIVE:
        if task.get(one) and task.get(other):
            message = _("a task has either “{one}” or “{other}”, not both", one=one, other=other)
            yield Problem(other, "exclusive", message)
    if task.get("answers") and not task.get("request"):
        yield Problem("answers", "needs_request", _("answers belong to a child request: name its service in “request”"))
    if task.get("automate") and not (task.get("group") or task.get("assign")):
        yield Problem("group", "required", _("a system may give up: name the group that takes over"))
    gate = task.get("approval")
    if gate and "stages" in gate:
        yield from check_chain(gate, "approval")


def _check_due(task: Mapping[str, Any], anchor: str | None) -> Iterator[Problem]:
    if task.get("due") is None:
        return
    try:
        due = Duration.parse(task["due"])
    except Invalid as error:
        yield Problem("due", "invalid", error.detail)
        return
    if due.amount < 0 and not anchor:
        yield Problem("due", "needs_anchor", _("to count backwards, the plan needs an “anchor”, the field of a date"))


def _check_references(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    keys = [task["key"] for task in _tasks(mapping)]
    for index, task in enumerate(_tasks(mapping)):
        for key in parse_after(task.get("after")).keys:
            if key not in keys:
                known = ", ".join(keys)
                message = _("there is no task “{key}”; the tasks are {known}", key=key, known=known)
                yield Problem(f"tasks[{index}].after", "unknown", message)
        for entry in parse_after(task.get("after")).any:
            if not entry:
                yield Problem(f"tasks[{index}].after", "empty", _("“any” needs at least one task"))


def _check_cycles(mapping: Mapping[str, Any]) -> Iterator[Problem]:
    tasks = {task["key"]: (index, task) for index, task in reversed(list(enumerate(_tasks(mapping))))}
    graph = {key: parse_after(task.get("after")).keys for key, (_index, task) in tasks.items()}
    for cycle in find_cycles(graph):
        message = _("these tasks wait for each other: {cycle}", cycle=" → ".join(cycle))
        yield Problem(f"tasks[{tasks[cycle[1]][0]}].after", "cycle", message, witness={"cycle": list(cycle)})
