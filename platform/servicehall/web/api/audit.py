"""For auditors: is the record what it was, and one request with its whole history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from servicehall.clock import now
from servicehall.models.requests import Request
from servicehall.reports.case import as_json as plain
from servicehall.services import audit, sealing
from servicehall.services.access import note_reading
from servicehall.services.cases import Ledger, event_records, ledger_record
from servicehall.services.printing.details import Entry
from servicehall.services.visibility import request_for
from servicehall.web.api import ledger_shapes, shapes
from servicehall.web.api.calls import as_json, call
from servicehall.web.audit.common import auditor
from servicehall.web.audit.requests import AuditCase

STREAMS = 500
MOST_STREAMS = 5_000


class VerifyQuery(Schema):
    request = fields.String(load_default=None, metadata={"description": "One request by its number; else everything"})
    cursor = fields.String(
        load_default="", validate=Length(max=80), metadata={"description": "`next` of the part before"}
    )
    limit = fields.Integer(load_default=STREAMS, validate=Range(1, MOST_STREAMS))


class VerifiedPart(shapes.Verification):
    next = fields.String(allow_none=True, metadata={"description": "What to go on from; null when all is verified"})


class Seal(Schema):
    number = fields.Integer()
    period_from = fields.String(metadata={"format": "date-time"})
    period_until = fields.String(metadata={"format": "date-time"})
    root = fields.String()
    count = fields.Integer()
    prev = fields.String()
    hash = fields.String()


class Told(Schema):
    """An event in words, with what it brought; secret answers are masked for everybody."""

    sequence = fields.Integer()
    text = fields.String()
    actor = fields.String()
    on_behalf_of = fields.String()
    said = fields.List(fields.String())
    answers = fields.List(fields.Dict())
    changes = fields.List(fields.Dict())


class ClockLedger(Schema):
    """`why` of a segment is said in words; the ledger of a request's clock has codes."""

    id = fields.String()
    measure = fields.String()
    elapsed_seconds = fields.Integer()
    remaining_seconds = fields.Integer()
    segments = fields.List(fields.Nested(ledger_shapes.Segment))


class AuditedRequest(Schema):
    number = fields.String()
    verification = fields.Nested(shapes.Verification)
    seals = fields.List(fields.Nested(Seal))
    events = fields.List(fields.Nested(shapes.Event))
    history = fields.List(fields.Nested(Told))
    ledgers = fields.List(fields.Nested(ClockLedger))


@call(
    "GET",
    "/audit/verify",
    summary="Verify the record, part by part",
    tag="Audit",
    query=VerifyQuery,
    answer=VerifiedPart,
)
def verify(query: Mapping[str, Any]) -> Response:
    """Seals first, then streams; go on with `next` until it is null."""
    reader = auditor()
    row = request_for(reader, query["request"]) if query["request"] else None
    with audit.snapshot() as still:
        if row is not None:
            found, following = audit.verify_request(still, still.get_one(Request, row.id)), None
        else:
            found, following = audit.verify_page(still, after=query["cursor"], limit=query["limit"])
    return as_json({**found.as_dict(), "next": following})


@call("GET", "/audit/requests/<number>", summary="One request with its history", tag="Audit", answer=AuditedRequest)
def audited_request(number: str) -> Response:
    """Its events, what they mean and brought, its seals, and the ledger of each clock."""
    reader = auditor()
    row = request_for(reader, number)
    note_reading(row, viewer=reader, at=now(), kind="audit")
    with audit.snapshot() as still:
        verification = audit.verify_request(still, still.get_one(Request, row.id))
    case = AuditCase(reader.session, row, now(), verification)
    seals, _sealed = sealing.seals_of(reader.session, case.paper.stream)
    return as_json(
        {
            "number": row.number,
            "verification": verification.as_dict(),
            "seals": plain(seals),
            "events": event_records(reader.session, row),
            "history": [_told(entry) for entry in case.entries],
            "ledgers": [_ledger(one) for one in case.ledgers],
        }
    )


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "sequence": entry.record.sequence,
        "text": entry.text,
        "actor": entry.actor,
        "on_behalf_of": entry.on_behalf_of,
        "said": list(entry.details.said),
        "answers": plain(entry.details.answers),
        "changes": plain(entry.details.changes),
    }


def _ledger(one: Ledger) -> dict[str, Any]:
    """What has passed, with `why` in words."""
    record = ledger_record(one)
    segments = [{**said, "why": said["what"]} for said in record["segments"] if said["part"] != "ahead"]
    return {name: record[name] for name in ("id", "measure", "elapsed_seconds", "remaining_seconds")} | {
        "segments": segments
    }
