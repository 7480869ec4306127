"""Services that request others as children: none comes to itself again."""

from __future__ import annotations

from collections.abc import Iterator

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.texts import _

Name = tuple[str, str, str]


def check_nesting(examination: Examination, service: Place, plan: Place) -> None:
    """A request that always brings about another one of its own service would never end."""
    start = service.document.name
    for task, child in _always_requested(examination, plan):
        if start in _reached(examination, child):
            message = _(
                "this comes to {service} again, without end; give a task on the way a condition", service=start[2]
            )
            examination.error(task, "cycle", message)


def _reached(examination: Examination, service: Place) -> set[Name]:
    """The services that a request of this one always brings about, itself among them."""
    found: set[Name] = set()
    todo = [service]
    while todo:
        one = todo.pop()
        if one.document.name in found:
            continue
        found.add(one.document.name)
        plan = examination.block(one.at("fulfilment"), "fulfilment_plan")
        if plan is not None:
            todo += [child for _task, child in _always_requested(examination, plan)]
    return found


def _always_requested(examination: Examination, plan: Place) -> Iterator[tuple[Place, Place]]:
    """Where a task without a condition names a child, and that child's service."""
    for task in plan.items("tasks"):
        if task.value.get("request") and "when" not in task.value:
            child = examination.follow(task.at("request"), "service")
            if child is not None:
                yield task.at("request"), child
