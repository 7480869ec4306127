"""The tasks of a plan as it is written so far, and what waits for what; a draft may hold anything.

What is not a task counts as one that says nothing; tasks go by their index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from servicehall.documents.kinds.fulfilment_plan import PlanLayout
from servicehall.documents.kinds.kind import is_use
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import Block, Part, walk
from servicehall.documents.words import Expression
from servicehall.domain.expression_names import mentions
from servicehall.domain.plans import After, as_name
from servicehall.texts import pick

Plan = Mapping[str, Any]
PLAN = Block(PlanLayout)
CHAIN = KINDS["approval_chain"].part


def tasks_of(plan: Any) -> list[Mapping[str, Any]]:
    """The tasks in the order written."""
    found = plan.get("tasks") if isinstance(plan, Mapping) else None
    return [one if isinstance(one, Mapping) else {} for one in found] if isinstance(found, list) else []


def key_of(task: Mapping[str, Any]) -> str:
    """Its key; empty where it has none that is a text."""
    key = task.get("key")
    return key if isinstance(key, str) else ""


def name_of(task: Mapping[str, Any]) -> str:
    """What people call it: its title, else its key."""
    title = task.get("title")
    return (pick(title) if isinstance(title, (str, Mapping)) else "") or key_of(task)


def kind_of(task: Mapping[str, Any]) -> str:
    """How it is done: `request`, `approval`, `automate` or `manual`."""
    return next((kind for kind in ("request", "approval", "automate") if kind in task), "manual")


def after_of(task: Mapping[str, Any]) -> After:
    """What it waits for, as far as that can be read."""
    value = task.get("after")
    entries = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    choices = [entry.get("any") for entry in entries if isinstance(entry, Mapping)]
    found = [tuple(dict.fromkeys(_texts(keys))) for keys in choices if isinstance(keys, list)]
    return After(tuple(dict.fromkeys(_texts(entries))), tuple(keys for keys in found if keys))


def after_value(after: After) -> Any:
    """The same as the language writes it; None where it waits for nothing."""
    choices = [{"any": list(keys)} for keys in after.any]
    if len(choices) == 1 and not after.all:
        return choices[0]
    return [*after.all, *choices] or None


def cycle(plan: Plan, key: str, waits_for: str) -> tuple[str, ...]:
    """The keys of the circle that would close if one task waited for another, from and to the latter; else nothing."""
    graph = {key_of(task): after_of(task).keys for task in tasks_of(plan)}
    came: dict[str, str] = {waits_for: ""}
    todo = [waits_for]
    while todo and key not in came:
        here = todo.pop()
        for one in graph.get(here, ()):
            if one not in came:
                came[one] = here
                todo.append(one)
    if key not in came:
        return ()
    way = [key]
    while came[way[-1]]:
        way.append(came[way[-1]])
    return (waits_for, *way)


def later(plan: Plan, key: str) -> set[str]:
    """The tasks that wait for this one, directly or not, and itself: what it must not wait for."""
    waiting: dict[str, list[str]] = {}
    for task in tasks_of(plan):
        for one in after_of(task).keys:
            waiting.setdefault(one, []).append(key_of(task))
    found, todo = {key}, [key]
    while todo:
        for one in waiting.get(todo.pop(), ()):
            if one not in found:
                found.add(one)
                todo.append(one)
    return found


def naming_chains(plan: Plan, index: int, chain_of: Callable[[str], Any]) -> list[str]:
    """The shared chains that gates of the plan use and that take the answers of this task, as they are named."""
    path = f"tasks.{as_name(key_of(tasks_of(plan)[index]))}"
    used = [task["approval"]["use"] for task in tasks_of(plan) if is_use(task.get("approval"))]
    return [one for one in dict.fromkeys(used) if _mentions(CHAIN, chain_of(one), path)]


def _mentions(part: Part, value: Any, path: str) -> bool:
    inner = walk(part, value) if isinstance(value, Mapping) else ()
    return any(isinstance(one, Expression) and mentions(said, path) for _path, one, said in inner)


def naming(plan: Plan, index: int) -> list[str]:
    """The other tasks whose expressions take the answers of this one, as people call them."""
    path = f"tasks.{as_name(key_of(tasks_of(plan)[index]))}"
    found: dict[str, None] = {}
    for place, task in enumerate(tasks_of(plan)):
        if place != index and _mentions(PLAN, {"tasks": [task]}, path):
            found.setdefault(name_of(task))
    return list(found)


def _texts(values: Any) -> Iterator[str]:
    yield from (one for one in values if isinstance(one, str))
