"""Stages and the voices asked in them; and the appliers that write these rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.domain import events as e
from servicehall.models.appliers import Applied, Writer, applies, instant
from servicehall.models.base import Base, Id, Instant, Json
from servicehall.models.requests import Participant

_PENDING = text("state = 'pending'")


class Stage(Base):
    """One stage of one round; `task_id` for a gate inside a plan."""

    __tablename__ = "stages"
    __table_args__ = (Index("ix_stages_request", "request_id", "round", "position"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"))
    task_id: Mapped[Id | None]
    round: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(20))
    quorum: Mapped[int | None] = mapped_column(Integer)
    escalated: Mapped[int] = mapped_column(Integer, default=0)
    content: Mapped[str | None] = mapped_column(String(64))
    answers: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[Instant | None]
    due_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    why: Mapped[dict[str, Any] | None] = mapped_column(Json)


class Approval(Base):
    """One voice: a person, or a group counted as one. Until its stage opens it is `waiting` and names nobody.

    `holder_id` is whose inbox it lies in: the voice's own person, or the deputy standing in.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        Index("ix_approvals_request", "request_id"),
        Index("ix_approvals_stage", "stage_id"),
        Index("ix_approvals_holder", "holder_id", "asked_at", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_approvals_group", "voice_group_id", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_approvals_person", "voice_person_id", "state", "asked_at", "id"),
        Index("ix_approvals_decided", "decided_by_id", "decided_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id] = mapped_column(ForeignKey("requests.id"))
    stage_id: Mapped[Id] = mapped_column(ForeignKey("stages.id"))
    position: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[str] = mapped_column(String(20))
    voice_person_id: Mapped[Id | None]
    voice_group_id: Mapped[Id | None]
    members: Mapped[list[str] | None] = mapped_column(Json)
    holder_id: Mapped[Id | None]
    delegation_id: Mapped[Id | None]
    why: Mapped[dict[str, Any] | None] = mapped_column(Json)
    asked_at: Mapped[Instant | None]
    due_at: Mapped[Instant | None]
    decided_by_id: Mapped[Id | None]
    on_behalf_of_id: Mapped[Id | None]
    decided_at: Mapped[Instant | None]
    decision: Mapped[str | None] = mapped_column(String(10))
    content: Mapped[str | None] = mapped_column(String(64))
    comment: Mapped[str | None] = mapped_column(String(64))
    signature: Mapped[str | None] = mapped_column(String(64))
    reminders: Mapped[int] = mapped_column(Integer, default=0)


class ApprovalMember(Base):
    """Who may speak for a group's voice: the inbox of every member."""

    __tablename__ = "approval_members"
    __table_args__ = (
        Index("ix_approval_members_person", "person_id", "open", "asked_at"),
        Index("ix_approval_members_request", "request_id"),
    )

    approval_id: Mapped[Id] = mapped_column(ForeignKey("approvals.id"), primary_key=True)
    person_id: Mapped[Id] = mapped_column(primary_key=True)
    request_id: Mapped[Id]
    asked_at: Mapped[Instant]
    open: Mapped[bool]


@applies(e.ChainStarted)
def chain_started(writer: Writer, applied: Applied[e.ChainStarted]) -> None:
    """New stages wait, each with one approval that names nobody yet."""
    event = applied.event
    for one in event.stages:
        writer.insert(
            Stage,
            id=one["id"],
            request_id=applied.subject,
            task_id=event.task,
            round=event.round,
            key=one["key"],
            position=one["position"],
            state=one["state"],
            content=one.get("content"),
            answers=one.get("answers"),
            why=one.get("why"),
            opened_at=None,
            closed_at=applied.at if one["state"] != "waiting" else None,
        )
        if one.get("approval"):
            writer.insert(
                Approval,
                id=one["approval"],
                request_id=applied.subject,
                stage_id=one["id"],
                state="waiting",
            )


@applies(e.StageOpened)
def stage_opened(writer: Writer, applied: Applied[e.StageOpened]) -> None:
    event = applied.event
    writer.update(
        Stage,
        {"id": event.stage},
        state="open",
        quorum=event.quorum,
        content=event.content,
        opened_at=applied.at,
        due_at=instant(event.due_at),
    )
    _ask(writer, applied, event.stage, event.voices, event.due_at)


@applies(e.AskedInstead)
def asked_instead(writer: Writer, applied: Applied[e.AskedInstead]) -> None:
    event = applied.event
    writer.update(Stage, {"id": event.stage}, quorum=event.quorum, escalated=event.level, due_at=instant(event.due_at))
    _ask(writer, applied, event.stage, event.voices, event.due_at)


def _ask(writer: Writer, applied: Applied[Any], stage: str, voices: list[dict[str, Any]], due_at: str | None) -> None:
    for position, voice in enumerate(voices):
        writer.upsert(
            Approval,
            id=voice["id"],
            request_id=applied.subject,
            stage_id=stage,
            position=position,
            state=voice["state"],
            voice_person_id=voice.get("person"),
            voice_group_id=voice.get("group"),
            members=voice.get("members"),
            holder_id=voice.get("holder") or voice.get("person"),
            delegation_id=voice.get("delegation"),
            why=voice["why"],
            asked_at=applied.at,
            due_at=instant(due_at),
            content=voice.get("content"),
        )
        for person in voice["members"] if voice.get("group") else [voice["person"]]:
            _take_part(writer, applied, person, "approver")
        if voice.get("holder"):
            _take_part(writer, applied, voice["holder"], "deputy")
        for person in voice.get("members") or ():
            writer.insert(
                ApprovalMember,
                approval_id=voice["id"],
                person_id=person,
                request_id=applied.subject,
                asked_at=applied.at,
                open=voice["state"] == "pending",
            )


def _take_part(writer: Writer, applied: Applied[Any], person: str, role: str) -> None:
    writer.upsert(Participant, request_id=applied.subject, person_id=person, role=role, at=applied.at)


@applies(e.StageClosed)
def stage_closed(writer: Writer, applied: Applied[e.StageClosed]) -> None:
    event = applied.event
    values: dict[str, Any] = {} if event.why is None else {"why": event.why}
    writer.update(Stage, {"id": event.stage}, state=event.state, closed_at=applied.at, due_at=None, **values)


@applies(e.ApprovalDecided)
def approval_decided(writer: Writer, applied: Applied[e.ApprovalDecided]) -> None:
    event = applied.event
    writer.update(
        Approval,
        {"id": event.approval},
        state=event.state,
        decision=event.decision,
        decided_by_id=applied.actor,
        on_behalf_of_id=applied.on_behalf_of,
        decided_at=applied.at,
        content=event.content,
        comment=event.comment,
        signature=event.signature,
    )
    writer.update(ApprovalMember, {"approval_id": event.approval}, open=False)
    if event.answers is not None:
        writer.update(Stage, {"id": event.stage}, answers=event.answers)
    _take_part(writer, applied, applied.actor, "approver")


@applies(e.ApprovalsEnded)
def approvals_ended(writer: Writer, applied: Applied[e.ApprovalsEnded]) -> None:
    event = applied.event
    for approval in event.approvals:
        writer.update(Approval, {"id": approval}, state=event.state)
    writer.update(ApprovalMember, {"approval_id": event.approvals}, open=False)
    for person in event.deputies:
        writer.delete(Participant, request_id=applied.subject, person_id=person, role="deputy")


@applies(e.ApprovalHandedOver)
def approval_handed_over(writer: Writer, applied: Applied[e.ApprovalHandedOver]) -> None:
    event = applied.event
    writer.update(
        Approval,
        {"id": event.approval},
        holder_id=event.holder or event.person,
        delegation_id=event.delegation,
    )
    if event.left is not None:
        writer.delete(Participant, request_id=applied.subject, person_id=event.left, role="deputy")
    if event.holder is not None:
        _take_part(writer, applied, event.holder, "deputy")


@applies(e.ApprovalReminded)
def approval_reminded(writer: Writer, applied: Applied[e.ApprovalReminded]) -> None:
    for approval in applied.event.approvals:
        writer.update(Approval, {"id": approval}, reminders=applied.event.count)
