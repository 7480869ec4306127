"""Documents and their versions; and the appliers that write these rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.domain import events as e
from servicehall.models.appliers import Applied, Writer, applies
from servicehall.models.base import Base, Id, Instant, Json


class Document(Base):
    """One document: what is published (`version`, `content`), what is drafted, and its current release."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("kind", "department", "key"),
        Index("ix_documents_department", "department", "kind"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    department: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(Integer)
    content: Mapped[str | None] = mapped_column(String(64))
    body: Mapped[dict[str, Any] | None] = mapped_column(Json)
    draft: Mapped[str | None] = mapped_column(String(64))
    draft_body: Mapped[dict[str, Any] | None] = mapped_column(Json)
    draft_by: Mapped[str | None] = mapped_column(String(80))
    draft_step: Mapped[int | None] = mapped_column(Integer)
    last_step: Mapped[int | None] = mapped_column(Integer)
    release: Mapped[str | None] = mapped_column(String(64))


class DocumentVersion(Base):
    """A version that was published, for ever as it was."""

    __tablename__ = "document_versions"

    document_id: Mapped[Id] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[Instant]
    published_by: Mapped[str] = mapped_column(String(80))
    retired_at: Mapped[Instant | None]


class DraftStep(Base):
    """What the draft was after each step, for undo and redo; those above the document's `last_step` are void."""

    __tablename__ = "draft_steps"

    document_id: Mapped[Id] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    step: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[str] = mapped_column(String(64))
    at: Mapped[Instant]
    by: Mapped[str] = mapped_column(String(80))


NO_DRAFT: dict[str, Any] = {
    "draft": None,
    "draft_body": None,
    "draft_by": None,
    "draft_step": None,
    "last_step": None,
}


@applies(e.DocumentDrafted)
def drafted(writer: Writer, applied: Applied[e.DocumentDrafted]) -> None:
    event = applied.event
    values = {
        "draft": event.content,
        "draft_body": applied.content(event.content),
        "draft_by": applied.actor,
        "draft_step": event.step,
        "last_step": event.step,
    }
    if applied.sequence == 1:
        writer.insert(
            Document,
            id=event.document,
            kind=event.kind,
            department=event.department,
            key=event.key,
            state="draft",
            version=0,
            **values,
        )
    else:
        writer.update(Document, {"id": event.document}, **values)
    by_whom = {"document_id": event.document, "at": applied.at, "by": applied.actor}
    if event.base is not None:
        writer.upsert(DraftStep, step=event.step - 1, content=event.base, **by_whom)
    writer.upsert(DraftStep, step=event.step, content=event.content, **by_whom)


@applies(e.DraftStepped)
def draft_stepped(writer: Writer, applied: Applied[e.DraftStepped]) -> None:
    event = applied.event
    body = applied.content(event.content)
    writer.update(Document, {"id": applied.subject}, draft=event.content, draft_body=body, draft_step=event.step)


@applies(e.DocumentPublished)
def published(writer: Writer, applied: Applied[e.DocumentPublished]) -> None:
    event = applied.event
    writer.update(
        Document,
        {"id": applied.subject},
        state="published",
        version=event.version,
        content=event.content,
        body=applied.content(event.content),
        release=event.release,
        **NO_DRAFT,
    )
    writer.delete(DraftStep, document_id=applied.subject)
    writer.insert(
        DocumentVersion,
        document_id=applied.subject,
        version=event.version,
        content=event.content,
        published_at=applied.at,
        published_by=applied.actor,
    )


@applies(e.ReleaseBuilt)
def release_built(writer: Writer, applied: Applied[e.ReleaseBuilt]) -> None:
    writer.update(Document, {"id": applied.subject}, release=applied.event.release)


@applies(e.DraftDiscarded)
def draft_discarded(writer: Writer, applied: Applied[e.DraftDiscarded]) -> None:
    writer.update(Document, {"id": applied.subject}, **NO_DRAFT)
    writer.delete(DraftStep, document_id=applied.subject)


@applies(e.DocumentRetired)
def retired(writer: Writer, applied: Applied[e.DocumentRetired]) -> None:
    writer.update(Document, {"id": applied.subject}, state="retired")
    writer.update(
        DocumentVersion,
        {"document_id": applied.subject, "version": applied.event.version},
        retired_at=applied.at,
    )
