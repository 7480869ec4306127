"""Authoring: one document's draft, written whole or by patches, examined, compared, published, retired.

The studio, the command line and this API are faces of the same verbs. `If-Match` names the edition that was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, request

from servicehall.clock import as_instant, now
from servicehall.documents.diff import describe_changes, text_diff
from servicehall.documents.document import Document as Authored
from servicehall.documents.examination import NOTE
from servicehall.documents.json_schema import schema_of, schema_of_all
from servicehall.documents.kinds.registry import KINDS
from servicehall.errors import BadRequest, Invalid, NotFound, Problem
from servicehall.models.definitions import Document
from servicehall.services import checking, deciders, definitions, drafting, simulation, simulation_sight
from servicehall.services.shelf import Name, row_of
from servicehall.texts import _, pick
from servicehall.web.api import definition_shapes as shapes
from servicehall.web.api import inputs
from servicehall.web.api.background import job_answer
from servicehall.web.api.calls import as_json, call, no_content, only_read, viewer
from servicehall.web.api.reading import parse_json, read_raw

TAG = "Definitions"
ONE = "/definitions/<kind>/<department>/<key>"
JSON, YAML, PATCH = "application/json", "application/yaml", "application/json-patch+json"
AT_ONCE = 200
"""So many requests are tried while the caller waits, unless it asks for a job (`Prefer: respond-async`, RFC 7240)."""
DOCUMENT: Mapping[str, Any] = {JSON: {"type": "object"}, YAML: {"type": "string"}}
OPERATIONS: Mapping[str, Any] = {PATCH: {"type": "array", "items": {"type": "object"}}}


@call("GET", ONE, summary="One document, as its draft stands or as it is published", tag=TAG, answer=shapes.Authored)
def get_definition(kind: str, department: str, key: str) -> Response:
    return answer(named(kind, department, key))


@call(
    "PUT",
    f"{ONE}/draft",
    summary="Write the whole draft, as JSON or as YAML; what it lacks, lint says",
    tag=TAG,
    answer=shapes.Authored,
    takes=DOCUMENT,
    versioned=True,
)
def put_draft(kind: str, department: str, key: str) -> Response:
    name = named(kind, department, key)
    body = {"kind": kind, "department": department, "key": key, **_document()}
    drafting.save(name, body=body, viewer=viewer(), at=now(), expected=expected(name))
    return answer(name)


@call(
    "PATCH",
    f"{ONE}/draft",
    summary="Change the draft by JSON Patch (RFC 6902), all of it or nothing",
    tag=TAG,
    answer=shapes.Authored,
    takes=OPERATIONS,
    versioned=True,
)
def patch_draft(kind: str, department: str, key: str) -> Response:
    name = named(kind, department, key)
    operations = parse_json(read_raw(PATCH, JSON))
    if not isinstance(operations, list):
        raise Invalid(_("Send a list of operations."), [Problem("", "type", _("a JSON Patch is a list"))])
    drafting.edit(name, operations, viewer=viewer(), at=now(), expected=expected(name))
    return answer(name)


@call("DELETE", f"{ONE}/draft", summary="Discard the draft", tag=TAG, status=204, versioned=True)
def delete_draft(kind: str, department: str, key: str) -> Response:
    name = named(kind, department, key)
    drafting.discard(name, viewer=viewer(), at=now(), expected=expected(name))
    return no_content()


@call(
    "POST", f"{ONE}/undo", summary="The draft as it was a step before", tag=TAG, answer=shapes.Authored, versioned=True
)
def undo_draft(kind: str, department: str, key: str) -> Response:
    name = named(kind, department, key)
    drafting.undo(name, viewer=viewer(), at=now(), expected=expected(name))
    return answer(name)


@call("POST", f"{ONE}/redo", summary="What was undone last, again", tag=TAG, answer=shapes.Authored, versioned=True)
def redo_draft(kind: str, department: str, key: str) -> Response:
    name = named(kind, department, key)
    drafting.redo(name, viewer=viewer(), at=now(), expected=expected(name))
    return answer(name)


@call("POST", f"{ONE}/lint", summary="What publishing would find", tag=TAG, body=inputs.Examined, answer=shapes.Lint)
def lint_definition(kind: str, department: str, key: str, said: dict[str, Any]) -> Response:
    only_read()
    name = named(kind, department, key)
    document, session = _examined(name, said), viewer().session
    found = [*checking.check_draft(session, document, deep=True), *deciders.cycles_beside(session, document, now())]
    notes = [_problem(one.as_dict()) for one in found if one.severity == NOTE]
    return as_json({"problems": [_problem(one.as_dict()) for one in found if one.severity != NOTE], "notes": notes})


@call(
    "POST",
    f"{ONE}/diff",
    summary="What the draft changes of what is published, by place and as lines of YAML",
    tag=TAG,
    body=inputs.Examined,
    answer=shapes.Difference,
)
def diff_definition(kind: str, department: str, key: str, said: dict[str, Any]) -> Response:
    only_read()
    name = named(kind, department, key)
    document, was = _examined(name, said), definitions.published(viewer().session, name)
    changes = describe_changes(was.body if was is not None else None, document.body)
    return as_json({"changes": [one.as_dict() for one in changes], "text": text_diff(was, document)})


@call("POST", f"{ONE}/retire", summary="Take it out of use", tag=TAG, answer=shapes.Authored)
def retire_definition(kind: str, department: str, key: str) -> Response:
    name = named(kind, department, key)
    definitions.retire(name, viewer=viewer(), at=now())
    return answer(name)


@call(
    "POST",
    f"{ONE}/simulate",
    summary="Which past requests the draft would have sent another way; where they are many, 202 and a job to look at",
    tag=TAG,
    body=inputs.Simulated,
    answer=shapes.Simulation,
    later=shapes.Job,
)
def simulate_definition(kind: str, department: str, key: str, said: dict[str, Any]) -> Response:
    only_read()
    name = named(kind, department, key)
    document = drafting.current(viewer().session, name).document
    since = now() - timedelta(days=said["days"])
    rows = simulation.requests_since(viewer().session, document, since, most=said["most"])
    if len(rows) > AT_ONCE or "respond-async" in request.headers.get("Prefer", ""):
        row = definitions.get(viewer().session, name)
        return job_answer(simulation.ask(viewer(), row, days=said["days"], most=said["most"], at=now()))
    return as_json(simulation_sight.seen(viewer(), simulation.simulate(viewer().session, document, rows).as_dict()))


@call("GET", "/schemas", summary="The JSON Schema of any document", tag=TAG, answer="application/schema+json")
def get_schemas() -> Response:
    return _schema(schema_of_all())


@call("GET", "/schemas/<kind>", summary="The JSON Schema of one kind", tag=TAG, answer="application/schema+json")
def get_schema(kind: str) -> Response:
    if kind not in KINDS:
        raise NotFound(_("There is no such kind of document."))
    return _schema(schema_of(kind))


def record(row: Document) -> dict[str, Any]:
    """A document in a list."""
    body = row.body or row.draft_body or {}
    return {
        "kind": row.kind,
        "department": row.department,
        "key": row.key,
        "title": pick(body.get("title")) or None,
        "version": row.version,
        "state": row.state,
        "draft": row.draft is not None,
    }


def named(kind: str, department: str, key: str) -> Name:
    """The name of a document that the caller may author; for others there is nothing here."""
    if not viewer().may_author(department):
        raise NotFound(_("There is no such document."))
    return kind, department, key


def answer(name: Name) -> Response:
    session = viewer().session
    found, row = drafting.current(session, name), definitions.get(session, name)
    said = {"edition": found.edition, "document": found.document.body, "review": row.review}
    said["publish_at"] = as_instant(row.publish_at) if row.publish_at is not None else None
    steps = {"undoable": found.undoable, "redoable": found.redoable}
    return as_json({**record(row), **said, **steps}, ETag=f'"{found.edition}"')


def expected(name: Name) -> str | None:
    """The edition that `If-Match` names; None where the caller takes whatever there is."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    there = drafting.edition(row_of(viewer().session, name))
    return there if request.if_match.contains(there) else next(iter(request.if_match.as_set()), "")


def _document() -> Mapping[str, Any]:
    data = read_raw(JSON, YAML, "application/x-yaml", "text/yaml")
    if request.mimetype == JSON:
        value = parse_json(data)
        if not isinstance(value, dict):
            raise Invalid(_("Send a JSON object."), [Problem("", "type", _("Send a JSON object."))])
        return value
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(_("This is not UTF-8.")) from error
    try:
        return drafting.body_of(text)
    except Invalid as error:
        if any(one.code == "syntax" for one in error.problems):
            raise BadRequest(error.detail, error.problems) from error
        raise


def _examined(name: Name, said: dict[str, Any]) -> Authored:
    if said["document"] is None:
        return drafting.current(viewer().session, name).document
    return Authored.of({"kind": name[0], "department": name[1], "key": name[2], **said["document"]})


def _problem(found: dict[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in ("severity", "path", "line", "code", "message", "witness")}


def _schema(value: dict[str, Any]) -> Response:
    response = as_json(value)
    response.content_type = "application/schema+json"
    return response
