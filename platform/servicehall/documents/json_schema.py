"""JSON Schemas (2020-12) of the kinds of documents, from the parts that check them, for editors that complete YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehall.documents.kinds.approval_chain import APPROVER_RULES, ApproverRule
from servicehall.documents.kinds.examples import Answers
from servicehall.documents.kinds.forms import FieldLayout
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import Block, Layout, ListOf, MapOf, OneOf, Part, name_of
from servicehall.documents.words import Amount, Flag, Length, Line, OneWord, Patterned, Text, Whole
from servicehall.forms.fields import FIELD_TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: str) -> dict[str, Any]:
    """The schema of one kind of document; KeyError where there is no such kind."""
    maker = _Maker()
    root = maker.of(KINDS[kind].part)
    schema = {"$schema": DIALECT, "title": kind, **maker.defined.get(_name(KINDS[kind].layout), root)}
    schema["properties"] = {**schema["properties"], "kind": {"const": kind}}
    others = {name: one for name, one in maker.defined.items() if name != _name(KINDS[kind].layout)}
    return {**schema, "$defs": others}


def schema_of_all() -> dict[str, Any]:
    """One schema for any document: its kind decides. Definitions stand at its root, where every editor finds them."""
    maker = _Maker()
    roots = {kind: maker.of(KINDS[kind].part) for kind in KINDS}
    return {
        "$schema": DIALECT,
        "title": "A document of the catalog",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": [
            {"if": {"required": ["kind"], "properties": {"kind": {"const": kind}}}, "then": root}
            for kind, root in roots.items()
        ],
        "$defs": maker.defined,
    }


class _Maker:
    """Blocks become definitions, so that a layout that holds itself comes to an end."""

    def __init__(self) -> None:
        self.defined: dict[str, Any] = {}

    def of(self, part: Part) -> dict[str, Any]:
        for kind, maker in _MAKERS.items():
            if isinstance(part, kind):
                found: dict[str, Any] = maker(self, part)
                return found
        return {}

    def block(self, part: Block) -> dict[str, Any]:
        layout = type(part.layout)
        name = _name(layout)
        if name not in self.defined:
            self.defined[name] = {}
            self.defined[name] = self.layout(part.layout)
        return {"$ref": f"#/$defs/{name}"}

    def layout(self, layout: Layout) -> dict[str, Any]:
        parts = {name_of(part): part for part in layout.fields.values()}
        made: dict[str, Any] = {
            "type": "object",
            "properties": {name: self.of(part) if isinstance(part, Part) else {} for name, part in parts.items()},
        }
        required = [name for name, part in parts.items() if part.required]
        if required:
            made["required"] = required
        if isinstance(layout, FieldLayout):
            made["properties"]["type"] = {"enum": list(FIELD_TYPES)}
        if layout.refuses_unknown:
            made["additionalProperties"] = False
        return made


def _name(layout: type[Layout]) -> str:
    return layout.__name__.removesuffix("Layout")


def _list(maker: _Maker, part: ListOf) -> Mapping[str, Any]:
    least = {"minItems": part.least} if part.least else {}
    return {"type": "array", "items": maker.of(part.item), **least, "maxItems": part.most}


def _pattern(part: Patterned) -> dict[str, Any]:
    return {"type": "string", "pattern": "^(?:" + part.pattern.pattern.replace(r"\Z", "$") + ")"}


def _rule(maker: _Maker, part: ApproverRule) -> Mapping[str, Any]:
    rules = {name: maker.of(APPROVER_RULES[name]) for name in APPROVER_RULES}
    return {
        "type": "object",
        "properties": rules,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


_TEXT = {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}
_MAKERS: Mapping[type, Any] = {
    Block: lambda maker, part: maker.block(part),
    ListOf: _list,
    MapOf: lambda maker, part: {"type": "object", "additionalProperties": maker.of(part.item)},
    Answers: lambda maker, part: {"type": "object"},
    OneOf: lambda maker, part: {"anyOf": [maker.of(one) for one in part.shapes]},
    ApproverRule: _rule,
    OneWord: lambda maker, part: {"enum": list(part.words)},
    Whole: lambda maker, part: {"type": "integer", "minimum": part.least, "maximum": part.most},
    Flag: lambda maker, part: {"type": "boolean"},
    Text: lambda maker, part: _TEXT,
    Amount: lambda maker, part: _pattern(part),
    Length: lambda maker, part: {"type": "string"},
    Patterned: lambda maker, part: _pattern(part),
    Line: lambda maker, part: {"type": "string", "minLength": 1},
}
