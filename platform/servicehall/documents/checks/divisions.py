"""Where in a service conditions stand side by side: its stages, tasks, policies, pages, fields and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from servicehall.documents.checks.branches import Branch, Split, check_branches
from servicehall.documents.checks.forms import ServiceForm
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.expansion import Expanded
from servicehall.documents.form_facts import field_definitions
from servicehall.documents.reasoning.world import World
from servicehall.forms import Field

Check = Callable[[Iterable[Branch], Split], None]


@dataclass(frozen=True)
class Parts:
    """What stands around a service's form."""

    sla: Place
    chain: Place | None
    gates: Sequence[Place]
    plan: Place | None


def check_service_branches(examination: Examination, world: World, form: ServiceForm, parts: Parts) -> None:
    """Every list of conditions that may divide a number."""
    fields: dict[str, Field] = dict(world.form.by_key)
    for name, task in world.tasks.items():
        fields |= {f"tasks.{name}.{key}": one for key, one in task.fields.items()}

    def check(branches: Iterable[Branch], split: Split) -> None:
        check_branches(examination, list(branches), world.environment, fields, split)

    for chain in (parts.chain, *parts.gates):
        if chain is not None:
            stages = chain.items("stages")
            always = any(stage.value.get("when") is None for stage in stages)
            check(_branches(stages, "when", "key"), Split(wide_gaps=not always, wide_overlaps=True))
    if parts.plan is not None:
        check(_branches(parts.plan.items("tasks"), "when", "key"), Split(wide_overlaps=True))
    if isinstance(parts.sla.value, list) and all(isinstance(one.get("when"), str) for one in parts.sla.value):
        entries = [parts.sla.at(index) for index in range(len(parts.sla.value))]
        check(_branches(entries, "when", "use"), Split(wide_gaps=True, overlaps=False))
    if form.expanded is not None:
        _check_form(form, check)


def _check_form(form: ServiceForm, check: Check) -> None:
    expanded = form.expanded
    if expanded is None:
        return
    pages = expanded.form.get("pages") or ()
    check(_branches([_whole(expanded, f"pages[{n}]", page) for n, page in enumerate(pages)], "visible", "key"), Split())
    fields = [_whole(expanded, path, definition) for path, definition in field_definitions(expanded.form)]
    check(_branches(fields, "visible", "key"), Split())
    for field in fields:
        options = field.items("options")
        always = any(option.value.get("when") is None for option in options)
        check(_branches(options, "when", "key"), Split(wide_gaps=not always, overlaps=False))


def _whole(expanded: Expanded, path: str, value: Any) -> Place:
    """A part of an expanded form, where it was written."""
    origin = expanded.origin(path)
    return Place(value, origin.document, origin.path, origin.via)


def _branches(places: Iterable[Place], rule: str, name: str) -> Iterator[Branch]:
    for number, place in enumerate(places, start=1):
        if isinstance(place.value.get(rule), str):
            yield Branch(place.at(rule), str(place.value.get(name) or number), place.value[rule])
