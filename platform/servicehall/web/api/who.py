"""Who would be asked for a service, today or at a past moment: for auditors, and whoever authors the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import Schema, fields

from servicehall.clock import now
from servicehall.services import cases
from servicehall.services.access import note_reading
from servicehall.services.visibility import Viewer, request_for
from servicehall.services.who import Question, about, known_to, may_ask, who
from servicehall.web.api import inputs, preview_shapes, shapes
from servicehall.web.api.calls import as_json, call, only_read, viewer


class AnswerApprover(preview_shapes.PreviewApprover):
    rule = fields.String(metadata={"description": "The approver rule; `fallback` where none gave anybody"})


class LeftOut(Schema):
    person = fields.Nested(shapes.Person)
    group = fields.String()
    rule = fields.String()
    why = fields.String()


class AnswerStage(preview_shapes.PreviewStage):
    approvers = fields.List(fields.Nested(AnswerApprover))
    left_out = fields.List(fields.Nested(LeftOut), metadata={"description": "Whom a rule named in vain"})


class Answer(preview_shapes.Preview):
    service = fields.String()
    version = fields.Integer(metadata={"description": "Published at that moment"})
    at = fields.String(metadata={"format": "date-time"})
    person = fields.Nested(shapes.Person)
    requested_for = fields.Nested(shapes.Person)
    allowed = fields.Boolean(metadata={"description": "Whether the person could order it at all"})
    masked = fields.List(fields.String())
    stages = fields.List(fields.Nested(AnswerStage))


@call(
    "POST",
    "/services/<department>/<key>/who",
    summary="Who would be asked and why, with directory and service as they are, or as they were at a moment",
    tag="Audit",
    body=inputs.Who,
    answer=Answer,
)
def asked_who(department: str, key: str, said: dict[str, Any]) -> Response:
    """For auditors, and for those who author the department's documents; for others there is no such service."""
    only_read()
    reader, service = viewer(), f"{department}/{key}"
    may_ask(reader, service)
    question = Question(service=service, **{**said, "person": said["person"] or reader.person.email})
    return _answer(reader, question)


class Moment(Schema):
    at = fields.AwareDateTime(load_default=None, metadata={"description": "A moment that is over; when it was sent"})


@call(
    "GET",
    "/requests/<number>/who",
    summary="Who would have been asked for a request and why, as it was sent last by a moment",
    tag="Audit",
    query=Moment,
    answer=Answer,
)
def who_for_request(number: str, query: Mapping[str, Any]) -> Response:
    """For auditors, and for those who author the service's documents and may see the whole request."""
    reader = viewer()
    row = request_for(reader, number)
    may_ask(reader, row.service)
    note_reading(row, viewer=reader, at=now(), kind="audit")
    return _answer(reader, about(reader, number, at=query["at"]))


def _answer(reader: Viewer, question: Question) -> Response:
    found = who(reader.session, question, now=now(), known=known_to(reader))
    return as_json(cases.answer_record(found))
