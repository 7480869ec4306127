"""The JSON Schemas of documents: closed, resolvable, and true of all that is shipped."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from servicehall.documents.json_schema import schema_of, schema_of_all
from servicehall.documents.kinds.registry import KINDS
from servicehall.services.demo import shipped_pack


def fits(schema: Any, value: Any, definitions: Any) -> bool:
    """The few words of JSON Schema that ours use."""
    if "$ref" in schema:
        return fits(definitions[schema["$ref"].removeprefix("#/$defs/")], value, definitions)
    if "anyOf" in schema:
        return any(fits(one, value, definitions) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if "const" in schema:
        return bool(value == schema["const"])
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return False
    if isinstance(value, dict):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        if any(name not in value for name in schema.get("required", ())):
            return False
        inner = {name: known.get(name, rest) for name in value}
        return all(
            one is True or (one is not False and fits(one, value[name], definitions)) for name, one in inner.items()
        )
    if isinstance(value, list):
        return all(fits(schema.get("items", {}), one, definitions) for one in value)
    return not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None


@pytest.mark.parametrize("kind", [*KINDS])
def test_every_reference_leads_somewhere(kind: str) -> None:
    schema = schema_of(kind)
    named = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(schema)))
    assert named <= set(schema["$defs"])
    assert schema["additionalProperties"] is False
    assert schema["properties"]["kind"] == {"const": kind}


def test_one_schema_for_all_kinds_says_the_same_as_theirs() -> None:
    schema = schema_of_all()
    named = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(schema)))
    assert named <= set(schema["$defs"])
    roots = {one["if"]["properties"]["kind"]["const"]: one["then"] for one in schema["allOf"]}
    assert list(roots) == schema["properties"]["kind"]["enum"] == [*KINDS]
    for document in shipped_pack().documents:
        assert fits(roots[document.kind], document.body, schema["$defs"]), document.reference


def test_all_that_is_shipped_fits_and_a_mistake_does_not() -> None:
    schemas = {kind: schema_of(kind) for kind in KINDS}
    documents = shipped_pack().documents
    assert len(documents) > 40
    for document in documents:
        schema = schemas[document.kind]
        assert fits(schema, document.body, schema["$defs"]), document.reference
        assert not fits(schema, {**document.body, "surprise": 1}, schema["$defs"])
