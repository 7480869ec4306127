"""`kind: notification`: one event and its texts; `{name}` stands for a plain value, nothing is a template."""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.words import FieldKey, Text


class NotificationLayout(Header):
    event = FieldKey(required=True)
    subject = Text(required=True)
    body = Text(required=True)


ALWAYS = ("number", "title", "requester", "requested_for", "actor", "url")
_STAGE, _TASK, _CLOCK = (*ALWAYS, "stage"), (*ALWAYS, "task", "due"), (*ALWAYS, "due")
EVENTS = {
    "approval_requested": _STAGE,
    "approval_reminder": _STAGE,
    "request_submitted": ALWAYS,
    "request_approved": ALWAYS,
    "request_rejected": ALWAYS,
    "request_returned": ALWAYS,
    "request_resolved": ALWAYS,
    "request_cancelled": ALWAYS,
    "request_on_hold": ALWAYS,
    "comment_added": ALWAYS,
    "task_ready": _TASK,
    "task_assigned": _TASK,
    "task_returned": _TASK,
    "task_failed": _TASK,
    "clock_due_soon": _CLOCK,
    "clock_breached": _CLOCK,
}
"""What people are told of, and the names that its texts may have between braces."""

KIND = Kind("notification", NotificationLayout)
