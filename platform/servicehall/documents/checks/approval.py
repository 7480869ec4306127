"""Approval chains: the graph of their stages, and what they ask of the form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from servicehall.documents.checks.expressions import check_when
from servicehall.documents.checks.quorum import check_quorums
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.form_facts import FormFacts
from servicehall.documents.parts import suggest
from servicehall.domain.approval_chains import check_chain
from servicehall.domain.conditions import Environment
from servicehall.texts import _

PEOPLE = ("person", "group")
AMOUNTS = ("money",)


def check_chain_document(examination: Examination, place: Place) -> None:
    """A chain without a form: its structure, and the syntax of its conditions."""
    if examination.all(place, check_chain(place.value)):
        check_quorums(examination, place)
    for stage in place.items("stages"):
        check_when(examination, stage.at("when"), None)
        if not stage.value.get("title"):
            examination.warn(stage, "no_title", _("a stage without a title is shown to people by its key"))


def check_chain_in_form(
    examination: Examination, chain: Place, form: FormFacts | None, environment: Environment | None
) -> None:
    """A chain, its own or used, against the form of a service; of a form that is not known only the structure."""
    if chain.via is None:
        check_chain_document(examination, chain)
    if form is None:
        return
    for stage in chain.items("stages"):
        check_when(examination, stage.at("when"), environment)
        for field in (*stage.items("fields"), *stage.items("shows")):
            check_field(examination, field, form)
        for field in stage.items("fields"):
            _check_fillable(examination, field, form)
        for rule in stage.items("approvers"):
            check_rule(examination, rule, form)


def check_field(
    examination: Examination, place: Place, form: FormFacts, *, answers: Collection[str] | None = None
) -> bool:
    """A field that is named: the form has it, with answers of one of these types."""
    fact = form.fields.get(place.value)
    if fact is None:
        hint = suggest(place.value, form.fields)
        examination.error(
            place, "unknown_field", _("the form has no field “{key}”; {hint}", key=place.value, hint=hint)
        )
        return False
    if answers is not None and fact.answers not in answers:
        message = _(
            "“{key}” is a field of type {type}; needed is {wanted}",
            key=place.value,
            type=fact.answers,
            wanted=", ".join(answers),
        )
        examination.error(place, "type", message)
        return False
    return True


def _check_fillable(examination: Examination, place: Place, form: FormFacts) -> None:
    fact = form.fields.get(place.value)
    if fact is not None and fact.computed:
        message = _("“{key}” is computed; an approver cannot fill it", key=place.value)
        examination.error(place, "type", message)


def check_rule(examination: Examination, place: Place, form: FormFacts) -> None:
    """What an approver rule asks of the form."""
    for name, value in place.value.items():
        if name in _RULES:
            _RULES[name](examination, place.at(name), value, form)


def _check_limit(examination: Examination, place: Place, value: Any, form: FormFacts) -> None:
    check_field(examination, place.at("limit"), form, answers=AMOUNTS)


def _check_person_field(examination: Examination, place: Place, value: Any, form: FormFacts) -> None:
    check_field(examination, place, form, answers=PEOPLE)


_RULES: Mapping[str, Callable[[Examination, Place, Any, FormFacts], None]] = {
    "manager_until": _check_limit,
    "field": _check_person_field,
}


def stage_fields(chain: Place) -> list[Place]:
    """The places of the form's fields that the stages of a chain fill."""
    return [field for stage in chain.items("stages") for field in stage.items("fields")]


def check_owners(examination: Examination, chains: Collection[Place]) -> None:
    """A field belongs to one stage, gates of the plan included."""
    owners: dict[str, int] = {}
    for index, chain in enumerate(chains):
        for field in stage_fields(chain):
            if owners.setdefault(field.value, index) != index:
                message = _("the field “{key}” belongs to a stage of another chain already", key=field.value)
                examination.error(field, "duplicate", message)
