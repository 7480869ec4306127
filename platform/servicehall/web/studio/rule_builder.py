"""The rule builder: one rule as rows with controls, or as text; what was posted, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from servicehall.documents import rule_rows as rows
from servicehall.documents.patching import Operation, value_at
from servicehall.documents.rule_checks import Mistake, mistakes
from servicehall.documents.rule_expressions import read, write
from servicehall.documents.rule_places import RulePlace
from servicehall.documents.rule_rows import Group, Row
from servicehall.domain.expression_types import Type
from servicehall.web.studio.rule_lines import FRESH, Box, Sent, acted, box_of, finish, one_of, posted

NEW_CHECK = "/-"
WHOLE = ("/rule", "/default/value")
"""What is nothing without its expression."""


@dataclass(frozen=True)
class Builder:
    """One rule being edited: `mode` is `rows` or `text`; `box` and `text` are what each shows."""

    place: RulePlace
    mode: str
    box: Box
    text: str
    rows_can: bool
    unfinished: bool = False
    mistakes: Sequence[Mistake] = field(default=())

    @property
    def pointer(self) -> str:
        return self.place.pointer

    @property
    def types(self) -> Mapping[str, Type]:
        return rows.types_of(self.place.scope.environment)


def from_document(place: RulePlace) -> Builder:
    """The rule as it stands."""
    text = place.value if isinstance(place.value, str) else ""
    return _of_text(place, text)


def _of_text(place: RulePlace, text: str) -> Builder:
    found = _rows_of(place, text)
    wrong = mistakes(text, place.scope) if text.strip() else []
    box = box_of(found) if found is not None and found.rows else Box(rows.ALL, (FRESH,))
    return Builder(place, "rows" if found is not None else "text", box, text, found is not None, mistakes=wrong)


def _rows_of(place: RulePlace, text: str) -> Group | None:
    if not place.condition:
        return None
    found = read(text, place.scope.environment) if text.strip() else Group(rows.ALL)
    return None if found is None or _has_blank(found) else found


def _has_blank(part: Row | Group) -> bool:
    if isinstance(part, Group):
        return any(map(_has_blank, part.rows))
    return part.value == "" or (isinstance(part.value, tuple) and "" in part.value)


def from_form(place: RulePlace, sent: Sent) -> Builder:
    """The rule as it was posted, after the button `row` did what it does."""
    mode, act = one_of(sent, "rule-mode"), one_of(sent, "row")
    text = one_of(sent, "rule-text").replace("\r\n", "\n")
    if mode != "rows":
        built = _of_text(place, text)
        return built if act == "to-rows" and built.rows_can else replace(built, mode="text")
    types = rows.types_of(place.scope.environment)
    box = acted(posted(sent, types), act)
    found, checked = finish(box, types)
    text = text_of(place, found) if found is not None else text
    wrong = mistakes(text, place.scope) if found is not None and text else []
    shown = "text" if act == "to-text" and found is not None else "rows"
    return Builder(place, shown, checked, text, True, unfinished=found is None, mistakes=wrong)


def text_of(place: RulePlace, group: Group) -> str:
    """The expression of rows; the one that stands there where it says the same."""
    written = write(group)
    stands = place.value if isinstance(place.value, str) else ""
    was = read(stands, place.scope.environment) if stands else None
    return stands if was is not None and write(was) == written else written


def operations(body: Mapping[str, Any], pointer: str, text: str) -> list[Operation]:
    """The patch that puts an expression at its place; an empty one takes the rule away."""
    if pointer.endswith("/check" + NEW_CHECK):
        checks = pointer.removesuffix(NEW_CHECK)
        if not text.strip():
            return []
        entry = {"rule": text}
        held = isinstance(value_at(body, checks), list)
        return [{"op": "add", "path": pointer if held else checks, "value": entry if held else [entry]}]
    was = value_at(body, pointer)
    if not text.strip():
        gone = pointer.rpartition("/")[0] if pointer.endswith(WHOLE) else pointer
        return [{"op": "remove", "path": gone}] if isinstance(was, str) else []
    return [{"op": "add" if was is None else "replace", "path": pointer, "value": text}] if was != text else []
