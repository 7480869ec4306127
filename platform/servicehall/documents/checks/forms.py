"""Forms: expanded, judged by the form engine, and known to what stands around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.documents.checks.expressions import check_syntax
from servicehall.documents.document import Place
from servicehall.documents.examination import ERROR, Examination
from servicehall.documents.expansion import Expanded, expand_form
from servicehall.documents.form_facts import FieldFact, FormFacts, field_definitions
from servicehall.documents.kinds.forms import MOST_FIELDS, FormLayout
from servicehall.documents.parts import Block, walk
from servicehall.documents.source import child
from servicehall.documents.words import Expression
from servicehall.domain.conditions import Environment
from servicehall.errors import Problem
from servicehall.forms import CompiledForm, check_form, compile_form, examine_form
from servicehall.forms.fields.base import Field
from servicehall.forms.fields.options import Choosing
from servicehall.forms.fields.table import TableField
from servicehall.texts import _

NOTHING = FormFacts({})
_FORM = Block(FormLayout)
_LOOKS_AROUND = frozenset({"unknown_name", "unresolved"})
"""What a field set cannot know by itself, or a form that uses one which is not there: names and fields around it."""
_NAMING = frozenset({"key", "type", "as", "columns", "fields", "pages"})
"""Where a mistake changes which fields there are, or what type their answers have."""


@dataclass(frozen=True)
class ServiceForm:
    """A form as far as it is known: `facts` is None where it cannot be judged.

    `outline` is there too where mistakes leave no doubt about the names and types of its fields.
    """

    facts: FormFacts | None
    expanded: Expanded | None = None
    outline: FormFacts | None = None

    @property
    def environment(self) -> Environment | None:
        return self.outline.environment() if self.outline else None

    def definitions(self) -> Iterator[Place]:
        """The places of its fields, where they were written."""
        if self.expanded is not None:
            for path, definition in field_definitions(self.expanded.form):
                origin = self.expanded.origin(path)
                yield Place(definition, origin.document, origin.path, origin.via)


def service_form(examination: Examination, form: Place) -> ServiceForm:
    """The form of a service, examined; a service without one has no fields."""
    if form.value is None:
        return ServiceForm(NOTHING, outline=NOTHING)
    expanded = _expanded(examination, form)
    outline, sound = _judged(examination, expanded, None)
    return ServiceForm(outline if sound else None, expanded, outline)


def task_form(examination: Examination, form: Place, around: FormFacts | None) -> FormFacts | None:
    """The form of a task, whose conditions may ask the request's answers too; None where it cannot be judged."""
    if form.value is None:
        return NOTHING
    expanded = _expanded(examination, form)
    if around is not None:
        return _judged(examination, expanded, around)[0]
    _check_alone(examination, expanded)
    return None


def child_form(examination: Examination, service: Place) -> FormFacts | None:
    """The form of a service that is requested as a child; None where it cannot be judged."""
    form = service.at("form")
    if form.value is None:
        return NOTHING
    expanded = expand_form(form, examination.follow)
    return None if not expanded.whole or check_form(expanded.form) else form_facts(expanded.form, None)


def check_field_set(examination: Examination, place: Place) -> None:
    """A set by itself: its fields, but for names that the forms around it give."""
    _check_alone(examination, _expanded(examination, place.only("fields")))


def _expanded(examination: Examination, form: Place) -> Expanded:
    expanded = expand_form(form, examination.follow)
    if expanded.too_large:
        examination.error(form, "too_many", _("a form has at most {count} fields", count=MOST_FIELDS))
    return expanded


def _judged(examination: Examination, expanded: Expanded, around: FormFacts | None) -> tuple[FormFacts | None, bool]:
    """What is sure of a form, and whether it is sound; its problems are noted where they came from."""
    if expanded.too_large:
        return None, False
    environment = around.environment() if around else None
    form, problems = examine_form(expanded.form, around=environment)
    for problem in problems:
        if expanded.whole or problem.code not in _LOOKS_AROUND:
            examination.note(expanded.origin(problem.path), ERROR, problem.code, problem.message, problem.witness)
    if form is None or not expanded.whole or any(map(_is_about_names, problems)):
        return None, False
    if not problems:
        for path, definition in field_definitions(expanded.form):
            _check_cascades(examination, expanded, path, form.by_key[definition["key"]])
    return _facts(form), not problems


def _is_about_names(problem: Problem) -> bool:
    return problem.path.endswith("]") or problem.path.rpartition(".")[2] in _NAMING


def _check_cascades(examination: Examination, expanded: Expanded, path: str, field: Field) -> None:
    """A choice whose options hang under those of another one: some have any."""
    for number, column in enumerate(field.columns if isinstance(field, TableField) else ()):
        _check_cascades(examination, expanded, child(child(path, "columns"), number), column)
    if isinstance(field, Choosing) and field.parent is not None and not field.level():
        message = _("no option of “{key}” has options of its own, so there is nothing to choose", key=field.parent.key)
        examination.error(expanded.origin(child(child(path, "options"), "from")), "no_options", message)


def _check_alone(examination: Examination, expanded: Expanded) -> None:
    """What is wrong with fields whatever form they stand in."""
    if not expanded.whole:
        return
    for problem in check_form(expanded.form, path=""):
        if problem.code not in _LOOKS_AROUND:
            examination.error(expanded.origin(problem.path), problem.code, problem.message)
    for path, part, value in walk(_FORM, expanded.form):
        if isinstance(part, Expression) and isinstance(value, str):
            origin = expanded.origin(path)
            check_syntax(examination, Place(value, origin.document, origin.path, origin.via))


def form_facts(form: Mapping[str, Any], around: Environment | None) -> FormFacts:
    """What an expanded form without problems holds."""
    return _facts(compile_form(form, around=around))


def _facts(form: CompiledForm) -> FormFacts:
    return FormFacts({field.key: _fact(field) for field in form.fields if field.answered})


def _fact(field: Field) -> FieldFact:
    always = field.required is True and field.visible is True and field.page_visible is True
    return FieldFact(
        key=field.key,
        answers=field.definition.get("as") or field.type,
        type=field.cel,
        definition=field.definition,
        needed=always and field.default is None,
    )
