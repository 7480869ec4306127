"""Trying rules out: each one of the draft with somebody's answers, true, false or not to be told, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from servicehall.clock import now
from servicehall.documents.kinds.service import TYPES
from servicehall.documents.rule_places import RulePlace
from servicehall.documents.words import PRIORITIES
from servicehall.domain.conditions import Activation, Condition, Context, NoValue, RequestFacts, compile
from servicehall.errors import Invalid
from servicehall.models.directory import Person
from servicehall.services import contexts
from servicehall.services.unpublished import without_private_facts
from servicehall.texts import _
from servicehall.web.portal.filling import Filling
from servicehall.web.studio import preview
from servicehall.web.studio.page import Page
from servicehall.web.studio.ruling import Rules

YES_IN_DOUBT = frozenset(("stage", "excluded"))
"""What counts as true when it cannot be told."""


@dataclass(frozen=True)
class Verdict:
    """`holds` is True, False, or None where it cannot be told; `value` is a result that is no yes or no."""

    holds: bool | None = None
    value: str = ""
    why: str = ""


@dataclass(frozen=True)
class Trial:
    """What the card asks and what came of it, by pointer."""

    preview: Mapping[str, Any]
    facts: RequestFacts
    departments: Sequence[tuple[str, str]]
    verdicts: Mapping[str, Verdict]

    @property
    def filling(self) -> Filling | None:
        found: Filling | None = self.preview["filling"]
        return found


def trial(page: Page, rules: Rules) -> Trial:
    """The rules with what was posted; keeps nothing."""
    said = preview.values(page)
    person = _known(page, said["asked"].person)
    filling: Filling | None = said["filling"]
    at = now()
    facts = filling.facts if filling is not None else _facts(page, at)
    beneficiary = _known(page, filling.beneficiary) if filling is not None else person
    context = contexts.for_people(page.viewer.session, person, beneficiary, facts, at=at)
    answers = filling.form.checked.answers if filling is not None else {}
    verdicts = {place.pointer: verdict(place, context, answers, rules) for place in rules.written}
    return Trial(said, facts, rules.labels["department"], verdicts)


def _known(page: Page, person: Person) -> Person:
    """Of others the rules are told what any colleague may know."""
    return person if person.id == page.viewer.id else without_private_facts(person)


def _facts(page: Page, at: Any) -> RequestFacts:
    """The request that was chosen, where no form gives one."""
    said = {name: request.values.get(f"try-{name}", "") for name in ("type", "priority", "department")}
    return RequestFacts(
        type=said["type"] if said["type"] in TYPES else "request",
        priority=said["priority"] if said["priority"] in PRIORITIES else None,
        department=said["department"] or page.row.department,
        created_at=at,
    )


def verdict(place: RulePlace, context: Context, answers: Mapping[str, Any], rules: Rules) -> Verdict:
    """What a rule comes to with these answers."""
    try:
        condition = compile(place.value, place.scope.environment, place.scope.expects)
    except Invalid:
        return Verdict(why=_("It has a mistake."))
    if any(owner.kind == "column" for owner in place.owners):
        return Verdict(why=_("It is decided for each row."))
    activation = Activation(place.scope.environment, context, answers)
    values = {**activation.roots}
    own = place.owner.value.get("key")
    if place.scope.environment.value is not None and own in answers:
        values |= activation.with_value(str(own))
    try:
        found = condition.evaluate(values)
    except NoValue as error:
        return _undecided(place, condition, values, rules, error)
    return Verdict(found) if isinstance(found, bool) else Verdict(value=str(found)[:200])


def _undecided(
    place: RulePlace, condition: Condition, values: Mapping[str, Any], rules: Rules, error: NoValue
) -> Verdict:
    words = rules.words(place)
    missing = sorted(name for name in condition.names if not _has(values, name))
    why = str(error) if not missing else _("No answer yet: {names}", names=_(", ").join(map(words.name, missing)))
    if not place.condition or place.name == "rule":
        return Verdict(why=why)
    if _in_doubt(place):
        return Verdict(why=_("{why}. Until then it counts as true.", why=why))
    return Verdict(why=_("{why}. Until then it counts as false.", why=why))


def _in_doubt(place: RulePlace) -> bool:
    return place.name == "excluded" or (place.name == "when" and place.owner.kind in YES_IN_DOUBT)


def _has(values: Mapping[str, Any], name: str) -> bool:
    found: Any = values
    for key in name.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    return True
