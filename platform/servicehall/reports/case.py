"""One request as plain data for print: what the approval-chain report says, and nothing else.

Whoever builds a case has already asked who may see what: a masked value never enters it. Texts are in the language of
the report; instants are aware datetimes; states and measures are the codes of the API and become words in print.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from servicehall.clock import as_instant
from servicehall.domain.chain import EventRecord, Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    email: str = ""
    title: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One field as it was answered: a text, or a table of texts, or masked with neither; `section` groups them."""

    label: str
    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    masked: bool = False
    section: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one answer from one round to the next."""

    label: str
    before: str = ""
    after: str = ""
    masked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One act of going forth and back: `act` is submit, return, recall or resubmit; `event` the hash of its event."""

    act: str
    at: datetime
    by: str
    comment: str = ""
    comment_sha256: str = ""
    content_sha256: str = ""
    changes: tuple[Change, ...] = ()
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One who was asked: `name` is a person's or a group's, `why` the sentence of the rule that named them.

    `event` is the hash of the event that decided, `comment_sha256` that of the comment's content; print cites the
    event, and verification compares instant, content and comment with it.
    """

    name: str
    why: str
    state: str
    group: bool = False
    asked_at: datetime | None = None
    decided_by: str = ""
    on_behalf_of: str = ""
    decided_at: datetime | None = None
    comment: str = ""
    comment_sha256: str = ""
    content_sha256: str = ""
    signature: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`rule` and `quorum` in words ("All of those asked", "2 of 3"); `why` says why a stage was passed over."""

    title: str
    state: str
    rule: str = ""
    quorum: str = ""
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    why: str = ""
    voices: tuple[Voice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """`end` is None while the clock still stands."""

    start: datetime
    reason: str
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`subject` is the task's title for a task clock; `target` in words ("4 hours"); elapsed working seconds."""

    measure: str
    target: str
    state: str
    calendar: str
    started_at: datetime
    elapsed_seconds: int
    subject: str = ""
    policy: str = ""
    due_at: datetime | None = None
    completed_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    key: str
    title: str
    department: str
    group: str
    state: str
    assignee: str = ""
    ready_at: datetime | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None
    done_by: str = ""
    child: str = ""
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    author: str
    at: datetime
    body: str
    internal: bool = False
    comment_sha256: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """A row of the log with the words for it; `actor` and `on_behalf_of` are printed names."""

    record: EventRecord
    words: str
    actor: str
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provable:
    """A content that may be disclosed whole, because print shows all of it: a comment, or answers without masks."""

    sha256: str
    salt: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """The proof that an event (by its hash) stands at `index` of the seal's tree; see `chain.MerkleTree.proof`."""

    event: str
    seal: int
    index: int
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """A whole request; `time_zone` is the zone that times are printed in, `generated_for` who asked for the print."""

    number: str
    service: str
    type: str
    state: str
    requester: Person
    beneficiary: Person
    created_at: datetime
    company: str
    generated_at: datetime
    department: str = ""
    priority: str = ""
    submitted_at: datetime | None = None
    resolved_at: datetime | None = None
    confidential: bool = False
    generated_for: str = ""
    time_zone: str = "UTC"
    content_sha256: str = ""
    answers: tuple[Answer, ...] = ()
    stages: tuple[Stage, ...] = ()
    rounds: tuple[Round, ...] = ()
    clocks: tuple[Clock, ...] = ()
    tasks: tuple[TaskLine, ...] = ()
    comments: tuple[Comment, ...] = ()
    events: tuple[EventLine, ...] = ()
    contents: tuple[Provable, ...] = ()
    seals: tuple[Seal, ...] = ()
    inclusions: tuple[Inclusion, ...] = ()


def as_json(value: Any) -> Any:
    """Dataclasses as objects, instants as text: what RFC 8785 can write."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, datetime):
        return as_instant(value)
    if isinstance(value, dict):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return value
