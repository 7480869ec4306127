"""Changes of a fulfilment plan as JSON Patch: none makes a cycle, or a name that leads nowhere.

A plan is the mapping at a JSON Pointer `at`: `/fulfilment` of a service, or a whole document; tasks go by their index.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from servicehall.documents.parts import rewrite, violations
from servicehall.documents.patching import Operation
from servicehall.documents.plan_graph import (
    PLAN,
    Plan,
    after_of,
    after_value,
    cycle,
    key_of,
    kind_of,
    name_of,
    naming,
    tasks_of,
)
from servicehall.documents.words import Expression, Key
from servicehall.domain.expression_names import renamed
from servicehall.domain.plans import After, as_name, undo_key
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

NEW_TASK = "new-task"
WORKS: Mapping[str, Collection[str]] = {
    "manual": ("request", "answers", "approval", "automate"),
    "request": ("group", "assign", "approval", "automate"),
    "approval": ("request", "answers", "automate", "assign"),
    "automate": ("request", "answers", "approval"),
}
"""How a task can be done, each with the properties that it excludes."""


def set_after(plan: Plan, at: str, index: int, after: After) -> list[Operation]:
    """What a task waits for; Invalid where it is no task, or where it would wait for itself in a circle."""
    tasks = tasks_of(plan)
    task = _task(plan, index)
    was, known = after_of(task), {key_of(one): one for one in tasks}
    for key in [one for one in after.keys if one not in was.keys]:
        if not key or key not in known:
            raise refused("after", "unknown", _("There is no task “{key}” here.", key=key))
        circle = cycle(plan, key_of(task), key)
        if circle:
            names = " → ".join(name_of(known[one]) for one in circle)
            raise refused("after", "cycle", _("Then these tasks would wait for each other: {cycle}", cycle=names))
    return _after(f"{at}/tasks/{index}", task, after)


def connect(plan: Plan, at: str, first: int, then: int) -> list[Operation]:
    """`then` waits for `first` too; Invalid names the circle that this would close."""
    key, after = key_of(_task(plan, first)), after_of(_task(plan, then))
    return [] if key in after.keys else set_after(plan, at, then, replace(after, all=(*after.all, key)))


def disconnect(plan: Plan, at: str, first: int, then: int) -> list[Operation]:
    """`then` waits for `first` no more."""
    key, task = key_of(_task(plan, first)), _task(plan, then)
    return _after(f"{at}/tasks/{then}", task, _with(after_of(task), key, After()))


def add(
    plan: Plan | None, at: str, *, title: Mapping[str, str], first: int | None = None, then: int | None = None
) -> list[Operation]:
    """A new task: at the end; behind `first`; before `then`; or between the two, which are connected."""
    model = next((_task(plan, one) for one in (first, then) if one is not None), {})
    entry = {"key": fresh_key(plan, NEW_TASK), "title": dict(title)}
    entry |= {name: model[name] for name in ("department", "group") if model.get(name)}
    if first is not None and key_of(_task(plan, first)):
        entry["after"] = [key_of(_task(plan, first))]
    if not isinstance(plan, Mapping):
        return [{"op": "add", "path": at, "value": {"tasks": [entry]}}]
    if "tasks" not in plan:
        return [{"op": "add", "path": f"{at}/tasks", "value": [entry]}]
    place = first + 1 if first is not None else then if then is not None else len(tasks_of(plan))
    waits = _wait_for_new(plan, at, str(entry["key"]), first, then) if then is not None else []
    return [*waits, {"op": "add", "path": f"{at}/tasks/{place}", "value": entry}]


def _wait_for_new(plan: Plan, at: str, fresh: str, first: int | None, then: int) -> list[Operation]:
    """`then` waits for the new task, in the place of `first` where there is one."""
    task, key = _task(plan, then), key_of(_task(plan, first)) if first is not None else ""
    after = after_of(task)
    if first is None:
        after = replace(after, all=(*after.all, fresh))
    elif key in after.keys:
        after = _with(after, key, After((fresh,)))
    else:
        raise refused("after", "unknown", _("These two tasks are not connected."))
    return _after(f"{at}/tasks/{then}", task, after)


def duplicate(plan: Plan, at: str, index: int) -> list[Operation]:
    """The same task once more behind it, under a key of its own."""
    entry = copy.deepcopy(dict(_task(plan, index)))
    entry["key"] = fresh_key(plan, key_of(entry) or "new-task", undoing="undo" in entry)
    return [{"op": "add", "path": f"{at}/tasks/{index + 1}", "value": entry}]


def remove(plan: Plan, at: str, index: int) -> list[Operation]:
    """Takes a task away; what waited for it waits for what it waited for.

    Invalid where an expression still takes its answers, with their places, and for the last task of a plan.
    """
    task, tasks = _task(plan, index), tasks_of(plan)
    if len(tasks) == 1:
        raise refused("tasks", "empty", _("A plan needs at least one task."))
    key = key_of(task)
    only = sum(key_of(one) == key for one in tasks) == 1
    named = naming(plan, index) if only else []
    if named:
        message = _("The answers of “{task}” are still used by: {places}.", task=name_of(task), places=", ".join(named))
        raise refused(f"tasks[{index}]", "in_use", message)
    changed: list[Operation] = []
    for place, one in enumerate(tasks):
        if only and place != index and key in after_of(one).keys:
            changed += _after(f"{at}/tasks/{place}", one, _with(after_of(one), key, after_of(task)))
    return [*changed, {"op": "remove", "path": f"{at}/tasks/{index}"}]


def rename(plan: Plan, at: str, index: int, to: str) -> list[Operation]:
    """Another key for a task, wherever the plan names it; Invalid where it cannot have that key."""
    task = _task(plan, index)
    key = key_of(task)
    if key == to:
        return []
    _may_be_called(plan, index, to)
    if sum(key_of(one) == key for one in tasks_of(plan)) > 1 or not key:
        return _property(f"{at}/tasks/{index}", task, "key", to)
    path = f"tasks.{as_name(key)}"

    def other(part: Any, value: Any) -> Any:
        return renamed(value, path, as_name(to)) if isinstance(part, Expression) and isinstance(value, str) else value

    changed: list[Operation] = []
    written = tasks_of(rewrite(PLAN, plan, other))
    for place, one in enumerate(tasks_of(plan)):
        now = {**written[place], **({"key": to} if place == index else {})}
        if key in after_of(one).keys:
            now["after"] = after_value(_with(after_of(one), key, After((to,))))
        for name in one:
            changed += _property(f"{at}/tasks/{place}", one, name, now[name])
    return changed


def set_work(plan: Plan, at: str, index: int, kind: str, value: Any) -> list[Operation]:
    """Another way of doing a task (`WORKS`); `value` is what its property begins with, where there is none."""
    task = _task(plan, index)
    if kind not in WORKS:
        raise refused("tasks", "unknown", _("A task cannot be done like this."))
    if kind == kind_of(task) and (kind != "request" or str(task[kind]) == value):
        return []
    changed: list[Operation] = []
    for name in WORKS[kind]:
        changed += _property(f"{at}/tasks/{index}", task, name, None)
    if kind != "manual":
        changed += _property(f"{at}/tasks/{index}", task, kind, value)
    return changed


def fresh_key(plan: Plan | None, wish: str, *, undoing: bool = False) -> str:
    """A key like the wish that no task has, nor the undoing of one."""
    base, number = re.sub(r"-[0-9]+\Z", "", wish), 2
    while not _is_free(plan, None, wish, undoing=undoing):
        wish, number = f"{base}-{number}", number + 1
    return wish


def refused(path: str, code: str, message: str) -> Invalid:
    """A change of the plan that cannot be made."""
    return Invalid(_("The change cannot be made."), [Problem(path, code, message)])


def _is_free(plan: Plan | None, index: int | None, key: str, *, undoing: bool) -> bool:
    others = [task for place, task in enumerate(tasks_of(plan)) if place != index]
    keys = {key_of(task) for task in others}
    undone = {undo_key(key_of(task)) for task in others if task.get("undo")}
    return key not in keys and key not in undone and not (undoing and undo_key(key) in keys)


def _may_be_called(plan: Plan, index: int, key: str) -> None:
    for problem in violations(Key(), key):
        raise refused("key", problem.code, problem.message)
    if not _is_free(plan, index, key, undoing="undo" in _task(plan, index)):
        raise refused("key", "duplicate", _("Another task, or the undoing of one, is called “{key}”.", key=key))


def _with(after: After, key: str, instead: After) -> After:
    """The same wait with other tasks in the place of one; a choice that loses its last task is none."""
    every = [one for name in after.all for one in (instead.all if name == key else (name,))]
    choices = [tuple(dict.fromkeys(_swapped(keys, key, instead.keys))) for keys in after.any]
    extra = instead.any if key in after.all else ()
    return After(tuple(dict.fromkeys(every)), (*(keys for keys in choices if keys), *extra))


def _swapped(keys: Sequence[str], key: str, instead: Sequence[str]) -> Iterator[str]:
    for one in keys:
        yield from instead if one == key else (one,)


def _after(at: str, task: Mapping[str, Any], after: After) -> list[Operation]:
    return [] if after == after_of(task) else _property(at, task, "after", after_value(after))


def _property(at: str, task: Mapping[str, Any], name: str, value: Any) -> list[Operation]:
    """A property with another value; None takes it away."""
    if value is None:
        return [{"op": "remove", "path": f"{at}/{name}"}] if name in task else []
    if name in task and task[name] == value:
        return []
    return [{"op": "replace" if name in task else "add", "path": f"{at}/{name}", "value": value}]


def _task(plan: Plan | None, index: int) -> Mapping[str, Any]:
    tasks = tasks_of(plan)
    if not 0 <= index < len(tasks):
        raise refused("tasks", "unknown", _("There is no such task any more."))
    return tasks[index]
