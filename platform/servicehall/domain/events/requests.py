"""A request: made, answered, sent, moved, talked about."""

from __future__ import annotations

from servicehall.domain.events.base import Event, Json, event


@event("request.created")
class RequestCreated(Event):
    request: str
    number: str
    service: str
    version: int
    release: str
    type: str
    department: str
    confidential: bool
    requester: str
    requested_for: str
    content: str
    priority: str | None = None
    impact: str | None = None
    urgency: str | None = None
    root: str
    parent: str | None = None
    parent_task: str | None = None


@event("request.answers_changed")
class AnswersChanged(Event):
    content: str
    changed: list[str]
    requested_for: str | None = None


@event("request.submitted")
class RequestSubmitted(Event):
    content: str
    release: str
    version: int
    round: int
    previous: str | None = None
    changed: list[str] | None = None
    price: Json | None = None


@event("request.state_changed")
class StateChanged(Event):
    """One act of the table in `domain/lifecycle.py`; `comment` is content."""

    act: str
    before: str
    state: str
    comment: str | None = None
    why: Json | None = None

    @property
    def flow_key(self) -> str:
        return f"request.{self.act}"


@event("request.priority_changed")
class PriorityChanged(Event):
    priority: str | None
    impact: str | None = None
    urgency: str | None = None
    why: Json | None = None


@event("request.watcher_added")
class WatcherAdded(Event):
    person: str


@event("request.watcher_removed")
class WatcherRemoved(Event):
    person: str


@event("request.commented")
class Commented(Event):
    comment: str
    content: str
    internal: bool


@event("request.attached")
class Attached(Event):
    """`content` holds name, media type, size and the SHA-256 of the bytes."""

    attachment: str
    content: str


@event("request.erased")
class RequestErased(Event):
    """By law, for `person`: `erased` names the contents, of which tombstones stay.

    `content` is what is left of the answers where some of them, `keys`, are gone.
    """

    person: str
    erased: list[str]
    content: str | None = None
    keys: list[str] | None = None
