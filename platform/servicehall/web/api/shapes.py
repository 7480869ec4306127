"""What calls of the API give back, as the OpenAPI document tells it; a test holds the answers against it."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from marshmallow import Schema, fields


def _instant(about: str = "") -> fields.String:
    return fields.String(allow_none=True, metadata={"format": "date-time", "description": about})


def _some(schema: type[Schema]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema))


def _open(about: str) -> fields.Dict:
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
    errors = _some(Problem)


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
    approvers = _some(PreviewApprover)
    skipped = fields.String(allow_none=True, metadata={"description": "Why nobody would be asked"})
    needed = fields.Integer(metadata={"description": "How many approvals the stage needs"})


class PreviewTask(Shape):
    key = fields.String()
    title = fields.String()
    department = fields.String()
    group = fields.String(allow_none=True)
    due_at = _instant()
    after = fields.List(fields.String(), metadata={"description": "The tasks that it waits for"})
    starts_by = _instant("The last moment to begin, where a date hangs on it")
    critical = fields.Boolean(metadata={"description": "On the chain of tasks that leaves the least time"})


class LateTask(Shape):
    key = fields.String()
    title = fields.String()
    due_at = _instant()
    earliest_at = _instant("When it can be done at the earliest")
    because = fields.List(fields.String(), metadata={"description": "Keys of the tasks before it that take the time"})


class PlanOutlook(Shape):
    OPTIONAL = frozenset({"warnings"})

    anchor = fields.String(allow_none=True, metadata={"description": "The field whose date the plan counts from"})
    date = fields.Date(allow_none=True)
    possible = fields.Boolean(allow_none=True, metadata={"description": "Whether that date can be met"})
    works_from = fields.Date(allow_none=True, metadata={"description": "The first date that can be met"})
    critical = fields.List(fields.String(), metadata={"description": "The chain of tasks that leaves the least time"})
    late = _some(LateTask)
    warnings = fields.List(fields.String(), metadata={"description": "The same in the reader's words"})


class PreviewClock(Shape):
    measure = fields.String()
    due_at = _instant()


class Preview(Shape):
    visible = fields.List(fields.String())
    required = fields.List(fields.String())
    answers = _open("Computed ones included")
    errors = _some(Problem)
    price = fields.Nested(Price, allow_none=True)
    stages = _some(PreviewStage)
    tasks = _some(PreviewTask)
    clocks = _some(PreviewClock)
    plan = fields.Nested(PlanOutlook)


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
    due_at = _instant("By the resolution clock, else with the last required task")
    created_at = _instant()
    submitted_at = _instant()
    approved_at = _instant()
    resolved_at = _instant()
    ended_at = _instant()
    state_since = _instant()


class Request(RequestRow):
    impact = fields.String(allow_none=True)
    urgency = fields.String(allow_none=True)
    round = fields.Integer()
    answers = _open("As the reader may know them")
    masked = fields.List(fields.String(), metadata={"description": "Keys of answers that are null because masked"})
    content_sha256 = fields.String()
    price = fields.Nested(Price, allow_none=True)
    watchers = _some(Person)
    actions = fields.List(fields.String(), metadata={"description": "What the reader may do now"})
    fields_ = fields.List(fields.String(), data_key="fields")
    parent = fields.String(allow_none=True)
    children = fields.List(fields.String())


class Voice(Shape):
    """A person, or a group with whoever may speak for it."""

    OPTIONAL = frozenset({"person", "group", "members"})

    person = fields.Nested(Person)
    group = fields.String()
    members = _some(Person)


class Signature(Shape):
    name, content, at, components = fields.String(), fields.String(), _instant(), fields.List(fields.String())
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
    asked_at = _instant()
    due_at = _instant()
    decided_by = fields.Nested(Person, allow_none=True)
    decided_at = _instant()
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
    answers = _open("The content to decide on, as the reader may know it")
    masked = fields.List(fields.String())
    price = fields.Nested(Price, allow_none=True)
    previous_content_sha256 = fields.String(allow_none=True)
    changed = _some(Change)
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
    due_at = _instant()
    ready_at = _instant()
    started_at = _instant()
    done_at = _instant()
    done_by = fields.Nested(Person, allow_none=True)
    after = fields.List(fields.String())
    optional = fields.Boolean()
    why = fields.String(allow_none=True)
    request_answers = _open("The request's answers that this task shows")


class ChecklistItem(Shape):
    text = fields.String()
    done = fields.Boolean()


class Task(TaskRow):
    note = fields.String(allow_none=True, metadata={"description": "What whoever added it by hand wrote"})
    checklist = _some(ChecklistItem)
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
    given_at = _instant()
    expires_at = _instant()
    url = fields.String(allow_none=True, metadata={"description": "Where it leads; told by GET alone"})


class Clock(Shape):
    id = fields.String()
    measure = fields.String()
    task = fields.String(allow_none=True)
    task_key = fields.String(allow_none=True)
    state = fields.String()
    target = fields.String()
    priority = fields.String()
    started_at = _instant()
    due_at = _instant()
    breached_at = _instant()
    completed_at = _instant()
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
    at = _instant()
    actor = fields.String()
    on_behalf_of = fields.String(allow_none=True)
    body = _open("As it was hashed")
    prev_hash = fields.String()
    hash = fields.String()


class Comment(Shape):
    id = fields.String()
    author = fields.Nested(Person)
    at = _instant()
    body = fields.String()
    internal = fields.Boolean()


class Attachment(Shape):
    id = fields.String()
    author = fields.Nested(Person)
    at = _instant()
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
    items = _some(Decided)


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
    findings = _some(Finding)
