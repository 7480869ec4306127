"""What a preview of an order gives back."""

from __future__ import annotations

from marshmallow import fields

from servicehall.web.api.shapes import Person, Price, Problem, Shape, instant, open_map, some


class PreviewApprover(Shape):
    OPTIONAL = frozenset({"person", "group", "skipped", "deputy"})

    person = fields.Nested(Person)
    group = fields.String()
    why = fields.String()
    skipped = fields.String(metadata={"description": "Why this voice would be passed over"})
    deputy = fields.Nested(Person, metadata={"description": "Who stands in for the person just then"})


class PreviewStage(Shape):
    key = fields.String()
    title = fields.String()
    approvers = some(PreviewApprover)
    skipped = fields.String(allow_none=True, metadata={"description": "Why nobody would be asked"})
    needed = fields.Integer(metadata={"description": "How many approvals the stage needs"})


class PreviewTask(Shape):
    key = fields.String()
    title = fields.String()
    department = fields.String()
    group = fields.String(allow_none=True)
    due_at = instant()
    after = fields.List(fields.String(), metadata={"description": "The tasks that it waits for"})
    starts_by = instant("The last moment to begin, where a date hangs on it")
    critical = fields.Boolean(metadata={"description": "On the chain of tasks that leaves the least time"})


class LateTask(Shape):
    key = fields.String()
    title = fields.String()
    due_at = instant()
    earliest_at = instant("When it can be done at the earliest")
    because = fields.List(fields.String(), metadata={"description": "Keys of the tasks before it that take the time"})


class PlanOutlook(Shape):
    OPTIONAL = frozenset({"warnings"})

    anchor = fields.String(allow_none=True, metadata={"description": "The field whose date the plan counts from"})
    date = fields.Date(allow_none=True)
    possible = fields.Boolean(allow_none=True, metadata={"description": "Whether that date can be met"})
    works_from = fields.Date(allow_none=True, metadata={"description": "The first date that can be met"})
    critical = fields.List(fields.String(), metadata={"description": "The chain of tasks that leaves the least time"})
    late = some(LateTask)
    warnings = fields.List(fields.String(), metadata={"description": "The same in the reader's words"})


class PreviewClock(Shape):
    measure = fields.String()
    due_at = instant()


class Preview(Shape):
    visible = fields.List(fields.String())
    required = fields.List(fields.String())
    answers = open_map("Computed ones included")
    errors = some(Problem)
    price = fields.Nested(Price, allow_none=True)
    stages = some(PreviewStage)
    tasks = some(PreviewTask)
    clocks = some(PreviewClock)
    plan = fields.Nested(PlanOutlook)
