"""What the calls about ledgers of clocks give back."""

from __future__ import annotations

from marshmallow import fields

from servicehall.web.api.shapes import Shape


def _instant() -> fields.String:
    return fields.String(allow_none=True, metadata={"format": "date-time"})


class Segment(Shape):
    """A stretch, half open; `part` is passed, overdue or ahead, `name` that of a day off or of the pausing state."""

    calendar = fields.String()
    since = _instant()
    until = _instant()
    part = fields.String()
    why = fields.String()
    name = fields.String()
    what = fields.String()
    counted = fields.Boolean()
    counted_seconds = fields.Integer()


class LedgerStep(Shape):
    step = fields.String()
    at = _instant()
    state = fields.String()


class LedgerChange(Shape):
    at = _instant()
    why = fields.String()
    comment = fields.String()
    due_at = _instant()


class Ledger(Shape):
    """Segments without gaps: those passed and overdue add up to what has elapsed, those ahead to what remains."""

    id = fields.String()
    measure = fields.String()
    task = fields.String(allow_none=True)
    state = fields.String()
    target = fields.String()
    started_at = _instant()
    due_at = _instant()
    at = _instant()
    calendar = fields.Dict(metadata={"description": "{reference, version, sha256, title, time_zone}"})
    total_seconds = fields.Integer()
    elapsed_seconds = fields.Integer()
    remaining_seconds = fields.Integer()
    segments = fields.List(fields.Nested(Segment))
    steps = fields.List(fields.Nested(LedgerStep))
    changes = fields.List(fields.Nested(LedgerChange))
