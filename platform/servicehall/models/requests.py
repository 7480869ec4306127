"""Requests, who has a part in them, what was said and attached; and the appliers that write these rows."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.domain import events as e
from servicehall.models.appliers import Applied, Writer, applies
from servicehall.models.base import Base, Id, Instant, Json

_BEHALF = text("requester_id != beneficiary_id")
_OPEN = text("state NOT IN ('closed', 'rejected', 'cancelled')")


class Request(Base):
    """One case. `root` is the topmost ancestor, whose row is the family's lock; `answers` is content."""

    __tablename__ = "requests"
    __table_args__ = (
        Index("ix_requests_requester", "requester_id", "created_at", "id"),
        Index("ix_requests_behalf", "requester_id", "created_at", "id", sqlite_where=_BEHALF, postgresql_where=_BEHALF),
        Index("ix_requests_got", "beneficiary_id", "created_at", "id", sqlite_where=_BEHALF, postgresql_where=_BEHALF),
        Index("ix_requests_requester_state", "requester_id", "state", "created_at", "id"),
        Index("ix_requests_department", "department", "created_at", "id"),
        Index("ix_requests_department_state", "department", "state", "created_at", "id"),
        Index("ix_requests_service", "service", "created_at", "id"),
        Index("ix_requests_created", "created_at", "id"),
        Index("ix_requests_state", "state", "created_at", "id"),
        Index("ix_requests_open", "state", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_requests_root", "root_id"),
        Index("ix_requests_parent", "parent_id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    root_id: Mapped[Id]
    parent_id: Mapped[Id | None]
    parent_task_id: Mapped[Id | None]
    service: Mapped[str] = mapped_column(String(130))
    version: Mapped[int] = mapped_column(Integer)
    release: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(20))
    department: Mapped[str] = mapped_column(String(60))
    confidential: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(String(20))
    round: Mapped[int] = mapped_column(Integer, default=0)
    priority: Mapped[str | None] = mapped_column(String(10))
    impact: Mapped[str | None] = mapped_column(String(40))
    urgency: Mapped[str | None] = mapped_column(String(40))
    requester_id: Mapped[Id]
    beneficiary_id: Mapped[Id]
    content: Mapped[str] = mapped_column(String(64))
    submitted_content: Mapped[str | None] = mapped_column(String(64))
    previous_content: Mapped[str | None] = mapped_column(String(64))
    price: Mapped[dict[str, Any] | None] = mapped_column(Json)
    anchor: Mapped[str | None] = mapped_column(String(10))
    """The date that the dates of the plan count from, since it has begun."""
    created_at: Mapped[Instant]
    submitted_at: Mapped[Instant | None]
    approved_at: Mapped[Instant | None]
    resolved_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    state_since: Mapped[Instant]


class RequestNumber(Base):
    """The sequence that request numbers are taken from; not a record, so never replayed."""

    __tablename__ = "request_numbers"
    __table_args__: ClassVar[Any] = {"sqlite_autoincrement": True}

    value: Mapped[int] = mapped_column(Integer, primary_key=True)
    taken: Mapped[bool] = mapped_column(Boolean, default=True)


class Participant(Base):
    """Somebody's part: requester, beneficiary, approver (for good), deputy (while standing in), watcher; `at`, since
    when (an approver's, since last asked), so that lists of many parts are read in order."""

    __tablename__ = "participants"
    __table_args__ = (Index("ix_participants_person", "person_id", "role", "at"),)

    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    person_id: Mapped[Id] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(12), primary_key=True)
    at: Mapped[Instant]


class Comment(Base):
    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_request", "request_id", "at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"))
    author_id: Mapped[str] = mapped_column(String(80))
    at: Mapped[Instant]
    content: Mapped[str] = mapped_column(String(64))
    internal: Mapped[bool] = mapped_column(Boolean)


class Attachment(Base):
    """`content` holds name, media type, size and the hash of the bytes in the file store."""

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_request", "request_id", "at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"))
    author_id: Mapped[str] = mapped_column(String(80))
    at: Mapped[Instant]
    content: Mapped[str] = mapped_column(String(64))


@applies(e.RequestCreated)
def created(writer: Writer, applied: Applied[e.RequestCreated]) -> None:
    event = applied.event
    writer.insert(
        Request,
        id=event.request,
        number=event.number,
        root_id=event.root,
        parent_id=event.parent,
        parent_task_id=event.parent_task,
        service=event.service,
        version=event.version,
        release=event.release,
        type=event.type,
        department=event.department,
        confidential=event.confidential,
        state="draft",
        priority=event.priority,
        impact=event.impact,
        urgency=event.urgency,
        requester_id=event.requester,
        beneficiary_id=event.requested_for,
        content=event.content,
        created_at=applied.at,
        state_since=applied.at,
    )
    for role, person in (("requester", event.requester), ("beneficiary", event.requested_for)):
        writer.insert(Participant, request_id=event.request, person_id=person, role=role, at=applied.at)


@applies(e.AnswersChanged)
def answers_changed(writer: Writer, applied: Applied[e.AnswersChanged]) -> None:
    event = applied.event
    values: dict[str, Any] = {"content": event.content}
    if event.requested_for is not None:
        values["beneficiary_id"] = event.requested_for
        writer.delete(Participant, request_id=applied.subject, role="beneficiary")
        writer.insert(
            Participant,
            request_id=applied.subject,
            person_id=event.requested_for,
            role="beneficiary",
            at=applied.at,
        )
    writer.update(Request, {"id": applied.subject}, **values)


@applies(e.RequestSubmitted)
def submitted(writer: Writer, applied: Applied[e.RequestSubmitted]) -> None:
    event = applied.event
    values: dict[str, Any] = {"submitted_at": applied.at} if event.round == 1 else {}
    writer.update(
        Request,
        {"id": applied.subject},
        content=event.content,
        submitted_content=event.content,
        previous_content=event.previous,
        release=event.release,
        version=event.version,
        round=event.round,
        price=event.price,
        **values,
    )


_TIMES = {
    "approve": "approved_at",
    "resolve": "resolved_at",
    "close": "ended_at",
    "reject": "ended_at",
    "cancel": "ended_at",
}


@applies(e.StateChanged)
def state_changed(writer: Writer, applied: Applied[e.StateChanged]) -> None:
    event = applied.event
    values: dict[str, Any] = {"state": event.state, "state_since": applied.at}
    if event.act in _TIMES:
        values[_TIMES[event.act]] = applied.at
    if event.act == "submit" and event.state == "in_progress":
        values["approved_at"] = applied.at
    if event.act == "reopen":
        values["resolved_at"] = None
    writer.update(Request, {"id": applied.subject}, **values)


@applies(e.PriorityChanged)
def priority_changed(writer: Writer, applied: Applied[e.PriorityChanged]) -> None:
    event = applied.event
    writer.update(
        Request,
        {"id": applied.subject},
        priority=event.priority,
        impact=event.impact,
        urgency=event.urgency,
    )


@applies(e.WatcherAdded)
def watcher_added(writer: Writer, applied: Applied[e.WatcherAdded]) -> None:
    writer.insert(
        Participant,
        request_id=applied.subject,
        person_id=applied.event.person,
        role="watcher",
        at=applied.at,
    )


@applies(e.WatcherRemoved)
def watcher_removed(writer: Writer, applied: Applied[e.WatcherRemoved]) -> None:
    writer.delete(Participant, request_id=applied.subject, person_id=applied.event.person, role="watcher")


@applies(e.Commented)
def commented(writer: Writer, applied: Applied[e.Commented]) -> None:
    event = applied.event
    writer.insert(
        Comment,
        id=event.comment,
        request_id=applied.subject,
        author_id=applied.actor,
        at=applied.at,
        content=event.content,
        internal=event.internal,
    )


@applies(e.Attached)
def attached(writer: Writer, applied: Applied[e.Attached]) -> None:
    event = applied.event
    writer.insert(
        Attachment,
        id=event.attachment,
        request_id=applied.subject,
        author_id=applied.actor,
        at=applied.at,
        content=event.content,
    )


@applies(e.RequestErased)
def erased(writer: Writer, applied: Applied[e.RequestErased]) -> None:
    """What is left of the answers takes their place; there is no version before it to compare with any more."""
    event = applied.event
    if event.content is not None:
        values = {"content": event.content, "submitted_content": event.content, "previous_content": None}
        writer.update(Request, {"id": applied.subject}, **values)
