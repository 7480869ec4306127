"""What calls of the API give back, as the OpenAPI document tells it; a test holds the answers against it."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from marshmallow import Schema, fields


def instant(about: str = "") -> fields.String:
    return fields.String(allow_none=True, metadata={"format": "date-time", "description": about})


def some(schema: type[Schema]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema))


def open_map(about: str) -> fields.Dict:
    return fields.Dict(metadata={"description": about})


class Shape(Schema):
    """The base: every key is always there, but those that `OPTIONAL` names."""

    OPTIONAL: ClassVar[frozenset[str]] = frozenset()

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        field_obj.required = field_name not in self.OPTIONAL


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """`{items, next}` of some shape."""
    members = {"items": fields.List(fields.Nested(item)), "next": fields.String(allow_none=True)}
    return Shape.from_dict(members, name=f"{item.__name__}List")  # type: ignore[arg-type]


class Problem(Shape):
    path = fields.String()
    code = fields.String()
    message = fields.String()


class ProblemDocument(Shape):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    errors = some(Problem)


class Person(Shape):
    id = fields.String()
    name = fields.String()
    email = fields.String(allow_none=True)


class Recurring(Shape):
    amount = fields.String()
    per = fields.String()


class Price(Shape):
    OPTIONAL = frozenset({"recurring"})

    amount = fields.String()
    currency = fields.String()
    recurring = fields.Nested(Recurring)


class Service(Shape):
    OPTIONAL = frozenset({"image"})

    department = fields.String()
    key = fields.String()
    type = fields.String()
    title = fields.String()
    summary = fields.String()
    help = fields.String()
    category = fields.String()
    icon = fields.String()
    image = fields.String(metadata={"description": "Where its picture is, if it has one"})
    price = fields.Nested(Price, allow_none=True)
    expected = fields.String(allow_none=True, metadata={"description": "The promised time, such as 2 business days"})
    version = fields.Integer()


class RequestRow(Shape):
    id = fields.String()
    number = fields.String()
    service = fields.String()
    version = fields.Integer()
    type = fields.String()
    title = fields.String()
    department = fields.String()
    department_title = fields.String()
    confidential = fields.Boolean()
    state = fields.String()
    priority = fields.String(allow_none=True)
    requester = fields.Nested(Person)
    requested_for = fields.Nested(Person)
    holder = fields.String(metadata={"description": "Who has it now, in words"})
    next = fields.String(metadata={"description": "What is awaited, in words"})
    due_at = instant("By the resolution clock, else with the last required task")
    created_at = instant()
    submitted_at = instant()
    approved_at = instant()
    resolved_at = instant()
    ended_at = instant()
    state_since = instant()


class Request(RequestRow):
    impact = fields.String(allow_none=True)
    urgency = fields.String(allow_none=True)
    round = fields.Integer()
    answers = open_map("As the reader may know them")
    masked = fields.List(fields.String(), metadata={"description": "Keys of answers that are null because masked"})
    content_sha256 = fields.String()
    price = fields.Nested(Price, allow_none=True)
    watchers = some(Person)
    actions = fields.List(fields.String(), metadata={"description": "What the reader may do now"})
    fields_ = fields.List(fields.String(), data_key="fields")
    parent = fields.String(allow_none=True)
    children = fields.List(fields.String())


class Voice(Shape):
    """A person, or a group with whoever may speak for it."""

    OPTIONAL = frozenset({"person", "group", "members"})

    person = fields.Nested(Person)
    group = fields.String()
    members = some(Person)


class Signature(Shape):
    name, content, at, components = fields.String(), fields.String(), instant(), fields.List(fields.String())
    meaning = fields.String(metadata={"description": "approved, rejected or returned; `content` is what was signed"})


class ApprovalPart(Shape):
    id = fields.String()
    request = fields.String(metadata={"description": "The request's number"})
    stage = fields.String()
    stage_title = fields.String()
    stage_state = fields.String()
    round = fields.Integer()
    task = fields.String(allow_none=True, metadata={"description": "The task's key, of a gate inside the plan"})
    state = fields.String()
    voice = fields.Nested(Voice, allow_none=True)
    holder = fields.Nested(Person, allow_none=True, metadata={"description": "The deputy who has it"})
    on_behalf_of = fields.Nested(Person, allow_none=True)
    asked_at = instant()
    due_at = instant()
    decided_by = fields.Nested(Person, allow_none=True)
    decided_at = instant()
    decision = fields.String(allow_none=True)
    comment = fields.String(allow_none=True)
    signed = fields.Boolean()
    signature = fields.Nested(Signature, allow_none=True)
    why = fields.String(allow_none=True)
    content_sha256 = fields.String(allow_none=True)
    may_decide = fields.Boolean()


class ApprovalRow(ApprovalPart):
    case = fields.Nested(RequestRow)


class Change(Shape):
    key = fields.String()
    label = fields.String()
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)
    masked = fields.Boolean()


class Approval(ApprovalRow):
    answers = open_map("The content to decide on, as the reader may know it")
    masked = fields.List(fields.String())
    price = fields.Nested(Price, allow_none=True)
    previous_content_sha256 = fields.String(allow_none=True)
    changed = some(Change)
    decisions = fields.List(fields.String())
    comment_for = fields.List(fields.String(), metadata={"description": "Decisions that must say why"})
    sign = fields.Boolean()
    fields_ = fields.List(fields.String(), data_key="fields")
    form = fields.Dict(allow_none=True)
    content_erased = fields.Boolean()


class TaskRow(Shape):
    id = fields.String()
    request = fields.String(metadata={"description": "The request's number"})
    request_state = fields.String()
    service = fields.String()
    service_title = fields.String()
    key = fields.String()
    title = fields.String()
    kind = fields.String()
    department = fields.String()
    department_title = fields.String()
    group = fields.String(allow_none=True)
    assignee = fields.Nested(Person, allow_none=True)
    requested_for = fields.Nested(Person, allow_none=True)
    priority = fields.String(allow_none=True)
    state = fields.String()
    due_at = instant()
    ready_at = instant()
    started_at = instant()
    done_at = instant()
    done_by = fields.Nested(Person, allow_none=True)
    after = fields.List(fields.String())
    optional = fields.Boolean()
    why = fields.String(allow_none=True)
    request_answers = open_map("The request's answers that this task shows")


class ChecklistItem(Shape):
    text = fields.String()
    done = fields.Boolean()


class Task(TaskRow):
    note = fields.String(allow_none=True, metadata={"description": "What whoever added it by hand wrote"})
    checklist = some(ChecklistItem)
    masked = fields.List(fields.String())
    form = fields.Dict(allow_none=True)
    answers = fields.Dict(allow_none=True, metadata={"description": "What was filled in"})
    comment = fields.String(allow_none=True)
    undoes = fields.String(allow_none=True)
    actions = fields.List(fields.String())


class Link(Shape):
    OPTIONAL = frozenset({"url"})

    id = fields.String()
    address = fields.String()
    locale = fields.String()
    given_by = fields.Nested(Person)
    given_at = instant()
    expires_at = instant()
    url = fields.String(allow_none=True, metadata={"description": "Where it leads; told by GET alone"})


class Clock(Shape):
    id = fields.String()
    measure = fields.String()
    task = fields.String(allow_none=True)
    task_key = fields.String(allow_none=True)
    state = fields.String()
    target = fields.String()
    priority = fields.String()
    started_at = instant()
    due_at = instant()
    breached_at = instant()
    completed_at = instant()
    elapsed_seconds = fields.Integer()
    remaining_seconds = fields.Integer()
    policy = fields.String()
    calendar = fields.String()
    paused = fields.Boolean()


class Event(Shape):
    stream = fields.String()
    sequence = fields.Integer()
    kind = fields.String()
    schema = fields.Integer()
    at = instant()
    actor = fields.String()
    on_behalf_of = fields.String(allow_none=True)
    body = open_map("As it was hashed")
    prev_hash = fields.String()
    hash = fields.String()


class Comment(Shape):
    id = fields.String()
    author = fields.Nested(Person)
    at = instant()
    body = fields.String()
    internal = fields.Boolean()


class Attachment(Shape):
    id = fields.String()
    author = fields.Nested(Person)
    at = instant()
    name = fields.String(allow_none=True)
    media_type = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)


class File(Shape):
    sha256 = fields.String()
    name = fields.String()
    media_type = fields.String()
    size = fields.Integer()


class Delegation(Shape):
    id = fields.String()
    person = fields.Nested(Person)
    deputy = fields.Nested(Person)
    since = fields.Date(data_key="from")
    until = fields.Date()
    departments = fields.List(fields.String(), allow_none=True)


class Decided(Shape):
    OPTIONAL = frozenset({"error"})

    id = fields.String(allow_none=True)
    status = fields.Integer()
    error = fields.Nested(ProblemDocument)


class DecidedMany(Shape):
    items = some(Decided)


class Finding(Shape):
    stream = fields.String()
    sequence = fields.Integer(allow_none=True)
    code = fields.String()
    what = fields.String()


class Verification(Shape):
    ok = fields.Boolean()
    streams = fields.Integer()
    events = fields.Integer()
    sealed = fields.Integer()
    contents = fields.Integer()
    erased = fields.Integer()
    seals = fields.Integer()
    findings = some(Finding)
