"""The rules of one document as the studio shows them: their places, their sentences, and the words of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from servicehall.documents.document import Place
from servicehall.documents.kinds.service import TYPES
from servicehall.documents.releases import users_of
from servicehall.documents.rule_places import Around, Owner, RulePlace, outer_scope, rule_places
from servicehall.documents.rule_scopes import Scope
from servicehall.documents.rule_words import Labels, Words, sentence
from servicehall.documents.words import PRIORITIES
from servicehall.texts import N_, _, pick
from servicehall.web.portal import words as portal_words
from servicehall.web.studio import words
from servicehall.web.studio.surroundings import Surroundings

OWNERS: Mapping[str, str] = {
    "page": N_("Page"),
    "field": N_("Field"),
    "column": N_("Column"),
    "option": N_("Option"),
    "stage": N_("Stage"),
    "task": N_("Task"),
    "policy": N_("Policy"),
    "step": N_("Step"),
    "rule": N_("Rule"),
}
PROPERTIES: Mapping[str, str] = {"rule": N_("Check"), "answers": N_("Answer of the child request")}


@dataclass
class Rules:
    """Read when a page asks for it, once."""

    around: Surroundings

    @cached_property
    def places(self) -> Sequence[RulePlace]:
        """Every place that holds a rule or could."""
        return rule_places(self.around.document, self._leans_on, outer=self._outer)

    def place(self, pointer: str) -> RulePlace | None:
        """The place of a JSON Pointer; None where no rule can be."""
        there = self.around.document, self._leans_on
        found = rule_places(*there, at=pointer, outer=self._outer) if pointer else []
        return next((one for one in found if one.pointer == pointer), None)

    @cached_property
    def _outer(self) -> Scope:
        return outer_scope(self.around.document, self._leans_on)

    @cached_property
    def _leans_on(self) -> Around:
        document = self.around.document
        shared = document.kind not in ("service", "assignment_rule")
        users = users_of(document, self.around.shelf.published.values()) if shared else ()
        return Around(self._follow, tuple(users))

    @cached_property
    def written(self) -> Sequence[RulePlace]:
        """Those where an expression stands."""
        return [one for one in self.places if isinstance(one.value, str)]

    @cached_property
    def labels(self) -> Labels:
        """The words of values that no form gives."""
        departments = [(key, portal_words.department(key)) for key, _name in self.around.departments]
        kinds = [(key, words.word(key)) for key in TYPES]
        priorities = [(key, key.upper()) for key in PRIORITIES]
        groups = self.around.groups
        return {
            "department": departments,
            "group": groups,
            "request.department": departments,
            "request.type": kinds,
            "request.priority": priorities,
            **{f"{one}.department": departments for one in ("requester", "requested_for")},
            **{f"{one}.groups": groups for one in ("requester", "requested_for")},
        }

    def words(self, place: RulePlace) -> Words:
        return Words(place.scope, self.labels)

    def sentence(self, pointer: str) -> str:
        """What the rule at a place does; empty where there is none."""
        place = self.place(pointer)
        return sentence(place, self.labels) if place is not None and isinstance(place.value, str) else ""

    def _follow(self, place: Place, kind: str) -> Place | None:
        other = Surroundings(self.around.session, place.document)
        other.shelf = self.around.shelf
        found = other.of_reference(kind, place.value) if isinstance(place.value, str) else None
        return Place(found.body, found, "", place) if found is not None else None


def where(place: RulePlace) -> str:
    """Whose rule it is: “Field Amount”, “Task Print · Field Copies”; empty for the document itself."""
    around = [one for one in place.owners[:-1] if one.kind != "page"]
    return " · ".join(filter(None, map(owner_name, [*around, place.owner])))


def owner_name(owner: Owner) -> str:
    """An owner in words; the document itself has no name here."""
    if owner.kind not in OWNERS:
        return ""
    value = owner.value
    name = pick(value.get("title")) or pick(value.get("label")) or str(value.get("key") or value.get("use") or "")
    return _("{kind} {name}", kind=_(OWNERS[owner.kind]), name=name or owner.number or "").strip()


def what(place: RulePlace) -> str:
    """Which property it is, in words."""
    return _(PROPERTIES[place.name]) if place.name in PROPERTIES else words.label(place.name)
