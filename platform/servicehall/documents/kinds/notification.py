"""`kind: notification`: one event and its texts; `{name}` stands for a plain value, nothing is a template."""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.words import FieldKey, Text


class NotificationLayout(Header):
    event = FieldKey(required=True)
    subject = Text(required=True)
    body = Text(required=True)


EVENTS = (
    "approval_requested",
    "approval_reminder",
    "request_submitted",
    "request_approved",
    "request_rejected",
    "request_returned",
    "request_resolved",
    "request_cancelled",
    "request_on_hold",
    "comment_added",
    "task_ready",
    "task_assigned",
    "task_returned",
    "task_failed",
    "clock_due_soon",
    "clock_breached",
)
"""What people are told of."""

KIND = Kind("notification", NotificationLayout)
