"""The OpenAPI 3 document, made from the calls as they are registered."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Response
from marshmallow import Schema

from servicehall.web.api import inputs, reading, shapes
from servicehall.web.api.calls import CALLS, Call, api, as_json
from servicehall.web.api.reading import Words
from servicehall.web.security import Credentials

_PART = re.compile(r"<(\w+)>")
TAKEN = (inputs.__name__, reading.__name__, Credentials.__module__)
ERRORS = {
    "400": "Not readable",
    "401": "Not signed in",
    "403": "Not allowed",
    "404": "Not there, or not visible to the caller",
    "409": "The present state does not allow it, or a stale version",
    "413": "Too large",
    "415": "Not the media type that is read here",
    "422": "Readable but wrong",
    "429": "Too many",
    "503": "Not available just now, a locked database for one; nothing was changed",
}


@api.get("/_openapi")
def openapi() -> Response:
    """The document of the whole API."""
    return as_json(build())


def build() -> dict[str, Any]:
    """The document as plain JSON."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Servicehall",
        version="v1",
        openapi_version="3.0.3",
        plugins=[plugin],
        info={"description": "Ask, approve, fulfil, prove."},
        security=[{"bearer": []}, {"session": []}],
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("session", {"type": "apiKey", "in": "cookie", "name": "servicehall"})
    for call in CALLS:
        operation = {call.method.lower(): _operation(call)}
        spec.path(path="/api/v1" + _PART.sub(r"{\1}", call.path), operations=operation)
    _sign_in(spec)
    document: dict[str, Any] = spec.to_dict()
    return document


def _name(schema: type[Schema]) -> str:
    """What is taken goes by another name than what is given back."""
    kind: type = schema if isinstance(schema, type) else type(schema)
    return f"{kind.__name__}Input" if kind.__module__ in TAKEN else kind.__name__


def _operation(call: Call) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "tags": [call.tag],
        "parameters": _parameters(call),
        "responses": {str(call.status): _answer(call), **_errors(call)},
    }
    if call.body is not None:
        required = any(field.required for field in call.body().fields.values())
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": call.body}}}
    if call.takes:
        content = {kind: {"schema": schema} for kind, schema in call.takes.items()}
        operation["requestBody"] = {"required": True, "content": content}
    if call.upload:
        file = {"type": "string", "format": "binary"}
        form = {"type": "object", "required": ["file"], "properties": {"file": file}, "additionalProperties": False}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return operation


def _parameters(call: Call) -> list[dict[str, Any]]:
    parts = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in _PART.findall(call.path)
    ]
    asked = [_query(name, field) for name, field in call.query().fields.items()]
    return [*parts, *asked, *_headers(call)]


def _query(name: str, field: Any) -> dict[str, Any]:
    kind = "integer" if type(field).__name__ == "Integer" else "string"
    schema: dict[str, Any] = {"type": kind, **{k: v for k, v in field.metadata.items() if k != "description"}}
    choices = [one for check in field.validators for one in getattr(check, "choices", ())]
    if choices:
        schema["enum"] = choices
    if isinstance(field, Words):
        schema = {"type": "array", "items": {"type": "string"}}
    said = {"in": "query", "name": name, "schema": schema, "description": field.metadata.get("description", "")}
    return {**said, "style": "form", "explode": False} if isinstance(field, Words) else said


def _headers(call: Call) -> list[dict[str, Any]]:
    found = []
    if call.method == "POST":
        about = "The same key and body within 24 hours have their effect once, and the first answer"
        found.append(_header("Idempotency-Key", about))
    if call.versioned:
        found.append(_header("If-Match", "The ETag that was read; a stale one is 409"))
    return found


def _header(name: str, about: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "schema": {"type": "string"}, "description": about}


def _answer(call: Call) -> dict[str, Any]:
    if call.answer is None:
        return {"description": "Done"}
    if isinstance(call.answer, str):
        binary = call.answer not in ("application/schema+json",)
        schema: Any = {"type": "string", "format": "binary"} if binary else {"type": "object"}
        return {"description": call.summary, "content": {call.answer: {"schema": schema}}}
    return {"description": call.summary, "content": {"application/json": {"schema": call.answer}}}


def _errors(call: Call) -> dict[str, Any]:
    """Every error that such a call may answer with, and 202 where a job is still at work."""
    statuses = ["401", "403", "422", "503"] + (["404"] if "<" in call.path or call.body is not None else [])
    if call.method != "GET":
        statuses += ["400", "409", "413", "415"]
    elif call.answer == "application/pdf":
        statuses += ["413"]
    problem = {"application/problem+json": {"schema": shapes.ProblemDocument}}
    found: dict[str, Any] = {status: {"description": ERRORS[status], "content": problem} for status in sorted(statuses)}
    if call.later is not None:
        content = {"application/json": {"schema": call.later}}
        found["202"] = {"description": "Not done yet; ask again after Retry-After seconds", "content": content}
    return found


def _sign_in(spec: APISpec) -> None:
    token = {"type": "string"}
    tokens = {"type": "object", "properties": {"access_token": token, "refresh_token": token}}
    problem = {"application/problem+json": {"schema": shapes.ProblemDocument}}
    answers = {
        "200": {"description": "Signed in", "content": {"application/json": {"schema": tokens}}},
        **{
            status: {"description": ERRORS[status], "content": problem}
            for status in ("400", "401", "413", "415", "422", "429", "503")
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": Credentials}}}
    common = {"tags": ["Sign in"], "security": []}
    spec.path(
        path="/api/v1/security/login",
        operations={
            "post": {**common, "operationId": "login", "summary": "Sign in", "requestBody": body, "responses": answers}
        },
    )
    refreshed = {**common, "security": [{"bearer": []}], "operationId": "refresh"}
    spec.path(
        path="/api/v1/security/refresh",
        operations={"post": {**refreshed, "summary": "A new access token for a refresh token", "responses": answers}},
    )
