"""What the calls about documents give back."""

from __future__ import annotations

from marshmallow import fields

from servicehall.web.api.shapes import Shape


class Definition(Shape):
    kind = fields.String()
    department = fields.String()
    key = fields.String()
    title = fields.String(allow_none=True)
    version = fields.Integer()
    state = fields.String()
    draft = fields.Boolean()


class Authored(Definition):
    OPTIONAL = frozenset({"undoable", "redoable"})

    edition = fields.String()
    review = fields.String(allow_none=True, metadata={"description": "asked, sent_back, or nothing"})
    publish_at = fields.String(allow_none=True, metadata={"description": "When the draft is to be published"})
    document = fields.Dict()
    undoable = fields.Boolean()
    redoable = fields.Boolean()


class LintProblem(Shape):
    severity = fields.String()
    path = fields.String()
    line = fields.Integer()
    code = fields.String()
    message = fields.String()
    witness = fields.Dict(
        allow_none=True,
        metadata={"description": "What shows it: answers, requester …, people, because (what excludes it), cycle"},
    )


class Lint(Shape):
    problems = fields.List(fields.Nested(LintProblem))
    notes = fields.List(
        fields.Nested(LintProblem),
        metadata={"description": "What one should know and need not mend; what could not be decided"},
    )


class ChangedPlace(Shape):
    path = fields.String()
    was = fields.Raw(allow_none=True)
    now = fields.Raw(allow_none=True)


class Difference(Shape):
    changes = fields.List(fields.Nested(ChangedPlace))
    text = fields.String()


class ChangedWay(Shape):
    number = fields.String()
    service = fields.String()
    aspects = fields.Dict(metadata={"description": "refused, approvers, tasks, dates: {was, now}"})


class Simulation(Shape):
    looked_at = fields.Integer()
    passed_over = fields.Integer(metadata={"description": "Whose content or people are gone"})
    hidden = fields.Integer(metadata={"description": "That differ, and are not the caller's to see whole"})
    differences = fields.List(fields.Nested(ChangedWay))


class Job(Shape):
    id = fields.String()
    kind = fields.String()
    state = fields.String(metadata={"description": "waiting, running, done, failed"})
    done = fields.Integer()
    total = fields.Integer(metadata={"description": "0 while that is not known"})
    asked_at = fields.String()
    result = fields.Dict(allow_none=True, metadata={"description": "What it found; `refused` says why it could not"})


class InTheMaking(Shape):
    status = fields.String()
