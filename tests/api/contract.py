"""The OpenAPI document as a judge: an answer that it does not describe fails the test that got it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator

from servicehall.web.api.openapi import build

_NUMBER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, eq=False)
class Contract:
    """The document, and its paths as patterns; one without parameters is tried first."""

    document: dict[str, Any]

    @classmethod
    @functools.cache
    def of(cls, app: Flask) -> Contract:
        with app.app_context():
            return cls(build())

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        paths = self.document["paths"]
        for pattern in sorted(paths, key=lambda one: one.count("{")):
            if re.fullmatch(_NUMBER.sub("[^/]+", pattern), path):
                found = paths[pattern].get(method.lower())
                if found is not None:
                    return dict(found)
        return None

    def check(self, response: Any) -> None:
        """The status is one that the operation names, and the body is what it says."""
        asked = response.request
        operation = self.operation(asked.method, asked.path)
        if operation is None:
            assert response.status_code in (401, 404, 405), f"{asked.method} {asked.path} is not described"
            return
        described = operation["responses"].get(str(response.status_code))
        assert described is not None, f"{asked.method} {asked.path} does not speak of {response.status_code}"
        for media_type, content in described.get("content", {}).items():
            assert media_type in ("*/*", response.mimetype)
            if media_type.endswith("json"):
                errors = list(self.validator(content["schema"]).iter_errors(response.json))
                assert errors == [], f"{asked.method} {asked.path}: {errors[0].message} at {list(errors[0].path)}"

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        return Draft202012Validator({"components": _modern(self.document["components"]), **_modern(schema)})


def _modern(schema: Any) -> Any:
    """OpenAPI 3.0 in the words of JSON Schema: `nullable` is one more alternative."""
    if isinstance(schema, list):
        return [_modern(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _modern(one) for key, one in schema.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
