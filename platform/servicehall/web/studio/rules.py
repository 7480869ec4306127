"""Rules: every rule of a document in words, edited in place as rows or text, and tried out with answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from servicehall.documents.kinds.service import TYPES
from servicehall.documents.patching import value_at
from servicehall.documents.rule_places import RulePlace
from servicehall.documents.rule_words import pattern_of, sentence
from servicehall.domain.conditions import free_names
from servicehall.errors import Invalid
from servicehall.texts import _
from servicehall.web.portal import words as order_words
from servicehall.web.studio import words as studio_words
from servicehall.web.studio.page import Page
from servicehall.web.studio.rule_builder import Builder, from_document, from_form
from servicehall.web.studio.rule_lines import UNITS, one_of
from servicehall.web.studio.rule_trial import trial
from servicehall.web.studio.rule_view import JOINTS, box_view, names, vocabulary
from servicehall.web.studio.ruling import Rules, what, where

KINDS = frozenset(("service", "field_set", "approval_chain", "fulfilment_plan", "sla_policy", "assignment_rule"))
MOST_LISTED = 1000
CHECK = "/check/-"


@dataclass(frozen=True)
class Entry:
    """One rule of the table."""

    place: RulePlace
    where: str
    what: str
    sentence: str
    problems: Sequence[str]
    names: frozenset[str]


def values(page: Page) -> Mapping[str, Any]:
    rules = page.rules
    entries = [_entry(page, rules, place) for place in rules.written[:MOST_LISTED]]
    uses = request.values.get("uses", "")[:200]
    said: dict[str, Any] = {
        "entries": [one for one in entries if not uses or uses in one.names],
        "uses": uses,
        "used_names": _used(rules, entries),
        "owners": _owners(rules),
        "of": request.args.get("of"),
        "rule": rule_shown(page),
        "trial": _trial(page, rules),
        "order_words": order_words,
        "where": where,
        "told": lambda place: sentence(place, rules.labels),
        "request_types": [(key, studio_words.word(key)) for key in TYPES],
    }
    return said


def _entry(page: Page, rules: Rules, place: RulePlace) -> Entry:
    problems = page.by_place.get(place.path, ())
    return Entry(place, where(place), what(place), sentence(place, rules.labels), problems, _names(place.value))


def _names(text: str) -> frozenset[str]:
    """What an expression names: fields by their keys, all else in full."""
    try:
        found = {name.removeprefix("answers.") for name in free_names(text)}
    except Invalid:
        return frozenset()
    return frozenset(found)


def _used(rules: Rules, entries: Sequence[Entry]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for one in entries:
        words = rules.words(one.place)
        for name in one.names:
            found.setdefault(name, words.name(name))
    return sorted(found.items(), key=lambda item: item[1].casefold())


def _owners(rules: Rules) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Where a rule can be added: the pointer of its owner, whose name and whose properties without a rule follow.

    Those of options are reached from the options.
    """
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for place in rules.places:
        if not isinstance(place.value, str) and place.owner.kind != "option":
            at = (
                place.pointer.removesuffix(CHECK) if place.pointer.endswith(CHECK) else place.pointer.rpartition("/")[0]
            )
            name = where(place) or _("The document")
            found.setdefault(at, (name, []))[1].append((place.pointer, what(place)))
    return found


@dataclass(frozen=True)
class Shown:
    """The builder with all that its template needs."""

    builder: Builder
    where: str
    what: str
    begins: str
    said: str
    problems: Sequence[str]
    box: Any
    names: Any
    vocabulary: Any
    joints: Mapping[str, str]
    units: Mapping[str, str]


def rule_shown(page: Page, *, looking: bool = False) -> Shown | None:
    """The rule that is open: as it was posted, or as it stands; one that is only looked at is judged by itself."""
    rules = page.rules
    posted = request.form.to_dict(flat=False) if request.method == "POST" and "rule" in request.form else None
    at = _now_at(page, one_of(posted, "rule"), posted) if posted is not None else page.at
    place = rules.place(at)
    if place is None:
        return None
    builder = from_form(place, posted) if posted is not None else from_document(place)
    words = rules.words(place)
    return Shown(
        builder=builder,
        where=where(place),
        what=what(place),
        begins=_(pattern_of(place), condition="…"),
        said=sentence(place, rules.labels, builder.text) if not builder.mistakes else "",
        problems=() if builder.mistakes or looking else page.by_place.get(place.path, ()),
        box=box_view(builder, words),
        names=names(builder, words),
        vocabulary=vocabulary(builder, words),
        joints=JOINTS,
        units=UNITS,
    )


def _now_at(page: Page, at: str, posted: Mapping[str, Sequence[str]]) -> str:
    """Where a rule is by now: a new check that was kept is the last of its field."""
    checks = value_at(page.body, at.removesuffix("/-")) if at.endswith(CHECK) else None
    place = page.rules.place(at)
    if place is None or not isinstance(checks, list) or not checks:
        return at
    last = checks[-1].get("rule") if isinstance(checks[-1], Mapping) else None
    return f"{at.removesuffix('-')}{len(checks) - 1}/rule" if last == from_form(place, posted).text else at


def _trial(page: Page, rules: Rules) -> Any:
    """None where the answer is to another form of the page."""
    other = request.method == "POST" and "person" not in request.form
    return None if other and request.headers.get("X-Requested-With") == "fetch" else trial(page, rules)
