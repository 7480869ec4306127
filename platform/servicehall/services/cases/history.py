"""What happened, was said and was attached: events as the log has them, comments and files as people wrote them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.models.log import EventRow
from servicehall.models.requests import Attachment, Comment, Request
from servicehall.services.cases.names import Record, gather, said_at
from servicehall.services.visibility import Viewer
from servicehall.services.work import read_contents


def event_records(session: Session, row: Request) -> list[Record]:
    """The request's stream, verbatim, so that its hashes can be computed again; people are ids there."""
    stream = f"request/{row.id}"
    rows = session.scalars(select(EventRow).where(EventRow.stream == stream).order_by(EventRow.sequence))
    return [
        {
            "stream": one.stream,
            "sequence": one.sequence,
            "kind": one.kind,
            "schema": one.schema,
            "at": as_instant(one.at),
            "actor": one.actor,
            "on_behalf_of": one.on_behalf_of,
            "body": one.body,
            "prev_hash": one.prev_hash,
            "hash": one.hash,
        }
        for one in rows
    ]


def reads_internal(viewer: Viewer, row: Request) -> bool:
    """Internal comments are for the owning department's agents, and auditors read everything that was said."""
    return viewer.is_auditor or viewer.is_agent_of(row)


def comment_records(viewer: Viewer, row: Request) -> list[Record]:
    """`{id, author, at, body, internal}`, oldest first; an erased body is empty."""
    statement = select(Comment).where(Comment.request_id == row.id).order_by(Comment.at, Comment.id)
    if not reads_internal(viewer, row):
        statement = statement.where(Comment.internal.is_(False))
    rows = viewer.session.scalars(statement).all()
    bodies = read_contents(viewer.session, [one.content for one in rows])
    names = gather(viewer.session, [one.author_id for one in rows])
    return [
        {
            "id": one.id,
            "author": names.person(one.author_id),
            "at": said_at(one.at),
            "body": (bodies.get(one.content) or {}).get("body", ""),
            "internal": one.internal,
        }
        for one in rows
    ]


def attachment_records(viewer: Viewer, row: Request) -> list[Record]:
    """`{id, author, at, name, media_type, size, sha256}`, oldest first; an erased one has no name any more."""
    rows = viewer.session.scalars(
        select(Attachment).where(Attachment.request_id == row.id).order_by(Attachment.at, Attachment.id)
    ).all()
    files = read_contents(viewer.session, [one.content for one in rows])
    names = gather(viewer.session, [one.author_id for one in rows])
    return [
        {
            "id": one.id,
            "author": names.person(one.author_id),
            "at": said_at(one.at),
            **{key: (files.get(one.content) or {}).get(key) for key in ("name", "media_type", "size", "sha256")},
        }
        for one in rows
    ]
