"""Documents and their versions; and the appliers that write these rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.domain import events as e
from servicehall.models.appliers import Applied, Writer, applies, instant
from servicehall.models.base import Base, Id, Instant, Json


class Document(Base):
    """One document: what is published (`version`, `content`), what is drafted, and its current release.

    `review` is `asked` or `sent_back`, by whom, when and with which comment (content) stands beside it; `publish_at` is
    when the draft is to be published by `publish_by`. An edit voids both, but a reviewer's answer stays to be read.
    """

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
    draft_step: Mapped[int | None] = mapped_column(Integer)
    last_step: Mapped[int | None] = mapped_column(Integer)
    release: Mapped[str | None] = mapped_column(String(64))
    review: Mapped[str | None] = mapped_column(String(10))
    review_by: Mapped[str | None] = mapped_column(String(80))
    review_at: Mapped[Instant | None]
    review_comment: Mapped[str | None] = mapped_column(String(64))
    publish_at: Mapped[Instant | None]
    publish_by: Mapped[str | None] = mapped_column(String(80))
    publish_comment: Mapped[str | None] = mapped_column(String(64))


class DocumentVersion(Base):
    """A version that was published, for ever as it was."""

    __tablename__ = "document_versions"

    document_id: Mapped[Id] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[Instant]
    published_by: Mapped[str] = mapped_column(String(80))
    comment: Mapped[str | None] = mapped_column(String(64))
    retired_at: Mapped[Instant | None]


class DraftStep(Base):
    """What the draft was after each step, for undo and redo; those above the document's `last_step` are void."""

    __tablename__ = "draft_steps"

    document_id: Mapped[Id] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    step: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[str] = mapped_column(String(64))
    at: Mapped[Instant]
    by: Mapped[str] = mapped_column(String(80))


ASKED, SENT_BACK = "asked", "sent_back"
NO_REVIEW: dict[str, Any] = {"review": None, "review_by": None, "review_at": None, "review_comment": None}
NO_DATE: dict[str, Any] = {"publish_at": None, "publish_by": None, "publish_comment": None}
NO_DRAFT: dict[str, Any] = {
    "draft": None,
    "draft_body": None,
    "draft_step": None,
    "last_step": None,
    **NO_REVIEW,
    **NO_DATE,
}


@applies(e.DocumentDrafted)
def drafted(writer: Writer, applied: Applied[e.DocumentDrafted]) -> None:
    event = applied.event
    values = {
        "draft": event.content,
        "draft_body": applied.content(event.content),
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
        writer.update(Document, {"id": event.document}, **values, **NO_DATE)
        _void_asking(writer, event.document)
    by_whom = {"document_id": event.document, "at": applied.at, "by": applied.actor}
    if event.base is not None:
        writer.upsert(DraftStep, step=event.step - 1, content=event.base, **by_whom)
    writer.upsert(DraftStep, step=event.step, content=event.content, **by_whom)


@applies(e.DraftStepped)
def draft_stepped(writer: Writer, applied: Applied[e.DraftStepped]) -> None:
    event = applied.event
    body = applied.content(event.content)
    values = {"draft": event.content, "draft_body": body, "draft_step": event.step, **NO_DATE}
    writer.update(Document, {"id": applied.subject}, **values)
    _void_asking(writer, applied.subject)


def _void_asking(writer: Writer, document_id: str) -> None:
    """What was to be reviewed is another by now; what a reviewer answered stays."""
    writer.update(Document, {"id": document_id, "review": ASKED}, **NO_REVIEW)


@applies(e.DraftSubmitted)
def submitted(writer: Writer, applied: Applied[e.DraftSubmitted]) -> None:
    _reviewed(writer, applied, ASKED)


@applies(e.DraftSentBack)
def sent_back(writer: Writer, applied: Applied[e.DraftSentBack]) -> None:
    _reviewed(writer, applied, SENT_BACK, **NO_DATE)


def _reviewed(writer: Writer, applied: Applied[Any], review: str, **more: Any) -> None:
    values = {"review_by": applied.actor, "review_at": applied.at, "review_comment": applied.event.comment}
    writer.update(Document, {"id": applied.subject}, review=review, **values, **more)


@applies(e.PublicationScheduled)
def publication_scheduled(writer: Writer, applied: Applied[e.PublicationScheduled]) -> None:
    event = applied.event
    said = {"publish_at": instant(event.publish_at), "publish_by": applied.actor, "publish_comment": event.comment}
    writer.update(Document, {"id": applied.subject}, **said)


@applies(e.PublicationCancelled, e.PublicationFailed)
def publication_ended(writer: Writer, applied: Applied[e.PublicationCancelled | e.PublicationFailed]) -> None:
    writer.update(Document, {"id": applied.subject}, **NO_DATE)


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
        published_by=applied.on_behalf_of or applied.actor,
        comment=event.comment,
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
