"""What stands behind a place of a document, and how a control writes its value: for showing and reading alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from servicehall.documents.kinds.approval_chain import APPROVER_RULES, ApproverRule
from servicehall.documents.kinds.forms import FieldLayout
from servicehall.documents.parts import ANYTHING, Block, ListOf, MapOf, OneOf, Part, name_of
from servicehall.documents.words import Flag, OneWord, ServiceKey, Text
from servicehall.forms.fields import FIELD_TYPES
from servicehall.forms.fields.base import CLASSIFICATIONS
from servicehall.forms.fields.computed import RESULTS

_OF_A_FIELD: Mapping[str, Part] = {
    "type": OneWord(FIELD_TYPES, required=True),
    "as": OneWord(RESULTS),
    "classification": OneWord(CLASSIFICATIONS),
    "report": Flag(),
}
"""Properties of a field whose values the form engine checks, and whose choices the studio knows."""


def properties_of(block: Block) -> dict[str, Part]:
    """The properties of a block, in their order."""
    known = {name_of(part): part if isinstance(part, Part) else ANYTHING for part in block.layout.fields.values()}
    if isinstance(block.layout, FieldLayout):
        known.update(_OF_A_FIELD)
    return known


def shown_of(block: Block, value: Mapping[str, Any]) -> dict[str, Part]:
    """The properties that a block shows: of a field those that its type has; and what stands there unknown."""
    known = properties_of(block)
    kind = value.get("type")
    if isinstance(block.layout, FieldLayout) and isinstance(kind, str) and kind in FIELD_TYPES:
        own = FIELD_TYPES[kind].properties()
        known = {name: part for name, part in known.items() if name in own or name in value}
    return known | dict.fromkeys(sorted(value.keys() - known.keys()), ANYTHING)


def first(part: Part) -> Part:
    """What a place begins as, where it can take several shapes."""
    while isinstance(part, OneOf):
        part = part.shapes[0]
    return part


def meant(part: Part, value: Any) -> Part:
    """The part that a value is edited as: its own where it fits, else anything at all, so that nothing is lost."""
    if value is None:
        return first(part)
    here = part.chosen(value)
    return here if fits(here, value) else ANYTHING


def fits(part: Part, value: Any) -> bool:
    """Whether a value has the shape that the controls of a part can show."""
    if isinstance(part, (Block, MapOf)):
        return isinstance(value, Mapping)
    if isinstance(part, ListOf):
        return isinstance(value, list)
    if isinstance(part, ApproverRule):
        return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in APPROVER_RULES
    if isinstance(part, Text):
        texts = value.values() if isinstance(value, Mapping) else [value]
        return all(isinstance(text, str) for text in texts)
    if isinstance(part, Flag):
        return isinstance(value, bool)
    return not isinstance(value, (Mapping, list))


def is_words(part: ListOf, value: Any) -> bool:
    """Whether a list is one of plain words, which stand one a line in a single control."""
    item = part.item.chosen("")
    structured = isinstance(item, (Block, ListOf, MapOf, ApproverRule, ServiceKey, Text))
    return not structured and all(isinstance(one, str) and "\n" not in one for one in value or ())


def shown(part: Part, value: Any) -> str:
    """A value as its control shows it: a text as it is, words one a line, all else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(part, ListOf) and is_words(part, value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, (Mapping, list)) else None)


def plain(text: str) -> str:
    """A text as it is compared: browsers change line ends and what stands around."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
