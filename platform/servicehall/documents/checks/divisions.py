"""Where in a service conditions stand side by side: its stages, tasks, policies, pages, fields and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from servicehall.documents.checks.branches import Around, Branch, Split, check_branches
from servicehall.documents.checks.forms import ServiceForm
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.expansion import Expanded
from servicehall.documents.form_facts import field_definitions
from servicehall.documents.reasoning.world import World
from servicehall.forms import Field
from servicehall.forms.fields.table import TableField

Check = Callable[..., None]


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

    around = Around(world.environment, fields)

    def check(branches: Iterable[Branch], split: Split, around: Around = around) -> None:
        check_branches(examination, list(branches), around, split)

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
        _check_form(form.expanded, around, check)


def _check_form(expanded: Expanded, around: Around, check: Check) -> None:
    pages = expanded.form.get("pages") or ()
    check(_branches([_whole(expanded, f"pages[{n}]", page) for n, page in enumerate(pages)], "visible", "key"), Split())
    definitions = list(field_definitions(expanded.form))
    _check_fields(expanded, definitions, check)
    for path, definition in definitions:
        table = around.fields.get(str(definition.get("key")))
        if isinstance(table, TableField):
            columns = [(f"{path}.columns[{n}]", column) for n, column in enumerate(definition["columns"])]
            _check_fields(expanded, columns, partial(check, around=around.row(table)))


def _check_fields(expanded: Expanded, fields: Sequence[tuple[str, Mapping[str, Any]]], check: Check) -> None:
    """By path and definition: when they are shown, and their options, wherever those are written."""
    check(_branches([_whole(expanded, path, field) for path, field in fields], "visible", "key"), Split())
    for path, field in fields:
        found = field.get("options")
        listed = enumerate(found if isinstance(found, list) else ())
        options = [_whole(expanded, f"{path}.options[{number}]", option) for number, option in listed]
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
