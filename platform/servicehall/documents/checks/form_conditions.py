"""Conditions of a form that can never hold, or always do, and fields that nobody can answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from servicehall.documents.checks.forms import ServiceForm
from servicehall.documents.checks.thinking import Given, Thinking, said_because
from servicehall.documents.document import Place
from servicehall.documents.expansion import Expanded
from servicehall.documents.form_facts import field_definitions
from servicehall.documents.reasoning.terms import both, negation
from servicehall.documents.reasoning.witnesses import Witness
from servicehall.documents.reasoning.world import Case
from servicehall.forms import Field
from servicehall.forms.fields.table import TableField
from servicehall.texts import _


def check_form_conditions(thinking: Thinking, form: ServiceForm) -> None:
    """Pages first: of the fields of one that is never shown nothing more is said."""
    expanded = form.expanded
    if expanded is None:
        return
    paths = {str(definition.get("key")): path for path, definition in field_definitions(expanded.form)}
    hidden = set(_hidden_pages(thinking, form))
    for field in thinking.world.form.fields:
        path = paths.get(field.key)
        if path is None or field.page in hidden or not _can_be_shown(thinking, field, expanded.origin(path)):
            continue
        _check_field(thinking, field, expanded, path)
        if isinstance(field, TableField):
            _check_columns(replace(thinking, world=thinking.world.row(field)), expanded, path)


def _check_columns(thinking: Thinking, expanded: Expanded, path: str) -> None:
    """The columns of a table that can be shown, in any row of it."""
    for number, column in enumerate(thinking.world.form.fields):
        inner = f"{path}.columns[{number}]"
        if _can_be_shown(thinking, column, expanded.origin(inner)):
            _check_field(thinking, column, expanded, inner)


def _hidden_pages(thinking: Thinking, form: ServiceForm) -> Iterator[str]:
    """Pages that are never shown, by key."""
    for index, page in enumerate(thinking.world.form.pages):
        if page.visible is True or form.expanded is None:
            continue
        place = form.expanded.origin(f"pages[{index}]").below("visible")
        never = _("this page is never shown")
        outcome = thinking.ask(page.visible, "yes")
        if outcome.possible is False:
            yield page.key
            thinking.never(place, never, outcome, otherwise=thinking.ask(page.visible, "not yes"))
        else:
            thinking.judge(place, page.visible, never=never)


def _can_be_shown(thinking: Thinking, field: Field, place: Place) -> bool:
    if field.visible is True:
        return True

    def tried(witness: Witness) -> bool:
        return field.key in thinking.checked(witness).visible

    case = Case(thinking.world, without=frozenset({f"{field.key}.required"}))
    outcome = thinking.answer(case, case.shown(field), tried)
    otherwise = thinking.ask(field.visible, "not yes")
    thinking.never(place.below("visible"), _("this field is never shown"), outcome, otherwise=otherwise)
    return outcome.possible is not False


def _check_field(thinking: Thinking, field: Field, expanded: Expanded, path: str) -> None:
    """When a field that can be shown is shown, asked for and fixed, and what it accepts."""
    place = expanded.origin(path)
    shown: Given = lambda case: case.shown(field)  # noqa: E731 - one expression, handed on
    thinking.judge(place.below("visible"), field.visible, never=_("this field is never shown"))
    _check_required(thinking, field, place.below("required"))
    thinking.judge(place.below("read_only"), field.read_only, never=_("it is never read only"), given=shown)
    for index, check in enumerate(field.checks):
        thinking.judge(
            place.below(f"check[{index}].rule"),
            check.rule,
            never=_("no answer ever passes this rule"),
            given=lambda case: both(case.shown(field), case.answered(field)),
            own=field.key,
            without=f"{field.key}.check[{index}]",
        )
    for index, option in enumerate(getattr(field, "options", ())):
        never = _("the option “{key}” is never offered", key=option.key)
        thinking.judge(expanded.origin(f"{path}.options[{index}].when"), option.when, never=never, given=shown)
    _check_answerable(thinking, field, place)


def _check_required(thinking: Thinking, field: Field, place: Place) -> None:
    """A condition that asks for an answer while there is no field to give it in."""
    rule, own = field.required, f"{field.key}.required"
    thinking.judge(place, rule, never=_("it is never required"), given=lambda case: case.shown(field), without=own)
    if isinstance(rule, bool) or (field.visible is True and field.page_visible is True):
        return

    def tried(witness: Witness) -> bool:
        return thinking.holds(rule, witness) is True and field.key not in thinking.checked(witness).visible

    case = Case(thinking.world)
    outcome = thinking.answer(case, both(case.truth(rule).yes, negation(case.shown(field))), tried)
    sure = outcome.possible and outcome.witness is not None and tried(outcome.witness)
    message = _("it can be required while it is not shown") if sure else None
    thinking.examination.weigh(place, "required_unseen", message, outcome.shown())


def _check_answerable(thinking: Thinking, field: Field, place: Place) -> None:
    """A field that is shown and accepts no answer at all; where it is required, nothing gets past it."""
    whens = any(option.when is not True for option in getattr(field, "options", ()))
    locked = field.read_only is True and field.default is None and field.required is not False
    if not (field.checks or whens or locked) or field.type == "computed":
        return
    case = Case(thinking.world, without=frozenset({f"{field.key}.required"}))
    outcome = thinking.answer(
        case,
        both(case.shown(field), case.answered(field)),
        lambda witness: field.key in thinking.checked(witness).answers,
    )
    if outcome.possible is False and field.required is not False and thinking.world.table is None:
        stage = field.key in thinking.world.left_open
        said = (
            _("no answer is ever accepted here, so that the stage that asks for it has no way out")
            if stage
            else _("no answer is ever accepted here, and without one nothing can be submitted")
        )
    else:
        said = _("no answer is ever accepted here")
    message = said_because(said, outcome) if outcome.possible is False else None
    thinking.examination.weigh(place, "unanswerable", message, outcome.shown())
