"""What an expression at a place may name, and of which type its result is; from forms that may still have mistakes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from servicehall.documents.checks.expressions import ABOUT_PEOPLE, WITHOUT_FORM
from servicehall.documents.document import Place
from servicehall.documents.expansion import Follow, expand_form
from servicehall.domain.conditions import Environment
from servicehall.domain.expression_types import BOOL, Type
from servicehall.domain.plans import as_name
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.entries import read_entries
from servicehall.forms.rules import BEFORE_ANSWERS

Options = Sequence[tuple[str, Any]]
"""Keys with their labels, texts by locale."""


@dataclass(frozen=True)
class Answer:
    """A name whose label and options the author gave: a field, or a task's answer."""

    label: Any
    type: str
    options: Options = ()


@dataclass(frozen=True)
class Scope:
    """The names of one place.

    `answers` are those that somebody labelled. `only` limits with what a path may begin (None: anything known). `open`
    says that there may be more names than are known: those of the forms that use the document.
    """

    environment: Environment = field(default_factory=Environment)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    only: Collection[str] | None = None
    open: bool = False
    expects: Type | None = BOOL

    def with_fields(self, fields: Sequence[Field]) -> Scope:
        """The same with the fields of an inner form, or a table's columns, over those around it."""
        types = {**dict(self.environment.fields), **{one.key: one.cel for one in fields if one.answered}}
        environment = Environment(tuple(types.items()), self.environment.tasks, self.environment.value)
        return replace(self, environment=environment, answers={**self.answers, **_answers(fields)})

    def of_check(self, own: Field | None) -> Scope:
        """Within the check of a field: `value` is its answer."""
        if own is None:
            return replace(self, open=True)
        environment = self.environment.with_value(own.cel)
        known = self.answers.get(own.key)
        return replace(self, environment=environment, answers={**self.answers, **({"value": known} if known else {})})

    def of_default(self, above: Collection[str], expects: Type | None) -> Scope:
        """Within a default: fields above, and people."""
        return replace(self, only=(*BEFORE_ANSWERS, *above), expects=expects)


PEOPLE = Scope(only=ABOUT_PEOPLE)
DEPARTMENT = Scope(only=WITHOUT_FORM)


def fields_of(form: Place | None, follow: Follow) -> list[Field]:
    """The fields of a form, its sets among them, as far as they can be read."""
    if form is None or not isinstance(form.value, Mapping):
        return []
    expanded = expand_form(form, follow).form
    pages = expanded.get("pages")
    holders = [expanded, *(pages if isinstance(pages, list) else [])]
    taken: set[str] = set()
    found = []
    for holder in holders:
        entries = holder.get("fields") if isinstance(holder, Mapping) else None
        if isinstance(entries, list):
            found += [one for one, _place in read_entries(entries, Draft("", "CNY"), taken)]
    return found


def with_tasks(scope: Scope, plan: Place | None, follow: Follow) -> Scope:
    """The same with the answers of the plan's tasks."""
    tasks: dict[str, Mapping[str, Type]] = {}
    answers = dict(scope.answers)
    for task in plan.items("tasks") if plan is not None else ():
        form = task.at("form")
        key = task.at("key").value
        if not isinstance(key, str) or not key:
            continue
        fields = fields_of(form, follow)
        tasks[as_name(key)] = {one.key: one.cel for one in fields if one.answered}
        answers |= {f"tasks.{as_name(key)}.{name}": one for name, one in _answers(fields).items()}
    environment = Environment.of(dict(scope.environment.fields), tasks=tasks)
    return replace(scope, environment=environment, answers=answers)


def _answers(fields: Sequence[Field]) -> dict[str, Answer]:
    by_key = {one.key: one for one in fields}
    return {
        one.key: Answer(one.label, str(one.definition.get("as") or one.type), tuple(_options(one, by_key)))
        for one in fields
        if one.answered
    }


def _options(one: Field, by_key: Mapping[str, Field], depth: int = 0) -> Iterator[tuple[str, Any]]:
    return ((entry["key"], entry.get("label") or entry["key"]) for entry in _level(one, by_key, depth))


def _level(one: Field, by_key: Mapping[str, Field], depth: int) -> Iterator[Mapping[str, Any]]:
    """The options that a field may ever offer: its own, or those nested under its parent's."""
    given = one.definition.get("options")
    parent = by_key.get(str(given["from"])) if isinstance(given, Mapping) and "from" in given else None
    if parent is not None and depth < 10:
        for above in _level(parent, by_key, depth + 1):
            yield from _entries(above.get("options"))
    yield from _entries(given)


def _entries(given: Any) -> Iterator[Mapping[str, Any]]:
    for entry in given if isinstance(given, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("key"), str):
            yield entry
