"""`kind: notification`: one event and its texts; `{name}` stands for a plain value, nothing is a template."""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.words import FieldKey, Text


class NotificationLayout(Header):
    event = FieldKey(required=True)
    subject = Text(required=True)
    body = Text(required=True)


KIND = Kind("notification", NotificationLayout)
