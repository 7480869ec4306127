"""A date from which a draft holds: it is published then by a job, whole or not at all, after the same checks.

Any edit, a discard, a publication before, or somebody's hand takes the date back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.domain import events as e
from servicehall.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from servicehall.models.definitions import Document
from servicehall.models.operations import Timers
from servicehall.services import definitions, document_notices, drafting
from servicehall.services.shelf import FAMILY, Name, may_author, row_of
from servicehall.services.visibility import Viewer, as_viewer
from servicehall.services.work import Recorded, Work, work
from servicehall.texts import _

KIND = "document_publish"
FARTHEST = timedelta(days=5 * 366)
MOST_TOLD = 5


def schedule(
    name: Name,
    *,
    publish_at: datetime,
    viewer: Viewer,
    at: datetime,
    expected: str | None = None,
    comment: str | None = None,
) -> None:
    """Has the draft published at that moment; errors as of `definitions.publish`, and Invalid for a moment that is
    over or too far away."""
    may_author(viewer, name[1])
    if not at < publish_at <= at + FARTHEST:
        text = _("Choose a moment in the future, at most five years away.")
        raise Invalid(text, [Problem("from", "range", text)])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = definitions.publishable(w, name, viewer=viewer, expected=expected)
        moment = as_instant(publish_at)
        w.record(
            _stream(row),
            e.PublicationScheduled(
                publish_at=moment, content=str(row.draft), comment=w.keep(comment) if comment else None
            ),
        )
        Timers.add(
            w.session,
            kind=KIND,
            dedupe_key=_key(row.id),
            subject=_stream(row),
            due_at=publish_at,
            at=at,
            payload={"name": list(name), "content": row.draft, "publish_at": moment},
        )
        told = drafting.authors(w.session, row) - {viewer.id}
        document_notices.tell(w, "document_scheduled", row, told, moment=f"{publish_at:%Y-%m-%d %H:%M} UTC")


def cancel(name: Name, *, viewer: Viewer, at: datetime) -> None:
    """Takes the date back; the draft stays. Conflict where there is none."""
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = row_of(w.session, name)
        if row is None or row.publish_at is None:
            raise Conflict(_("No date is set."))
        w.record(_stream(row), e.PublicationCancelled(content=str(row.draft)))


def disarm(w: Work, recorded: Recorded) -> None:
    """What was to be published is another by now, or nothing: the timer is of no use."""
    Timers.cancel(w.session, dedupe_key=_key(recorded.subject))


def publish_when_due(
    payload: Mapping[str, Any], *, actor: str, at: datetime, settle: Callable[[Session], None]
) -> None:
    """Publishes what was scheduled, on behalf of whoever scheduled it; where that cannot be, says so to them and to
    the authors, and nothing is changed."""
    kind, department, key = payload["name"]
    with work(FAMILY, actor=actor, at=at) as w:
        settle(w.session)
        row = row_of(w.session, (kind, department, key))
        if row is None or row.draft != payload["content"] or row.publish_at is None or row.publish_by is None:
            return
        by = row.publish_by
        try:
            viewer = as_viewer(w.session, by)
            may_author(viewer, department)
            definitions.publishable(w, (kind, department, key), viewer=viewer)
        except (Conflict, Invalid, Forbidden, NotFound) as error:
            _failed(w, row, by, str(error))
        else:
            definitions.put_into_use(w, row, by=by, comment=row.publish_comment)


def _failed(w: Work, row: Document, by: str, why: str) -> None:
    lines = why.splitlines()
    said = " ".join(lines[: MOST_TOLD + 1]) + (" …" if len(lines) > MOST_TOLD + 1 else "")
    w.record(_stream(row), e.PublicationFailed(content=str(row.draft), why=w.keep(said)))
    document_notices.tell(w, "document_failed", row, drafting.authors(w.session, row) | {by}, why=said)


def _stream(row: Document) -> str:
    return f"document/{row.id}"


def _key(document_id: str) -> str:
    return f"publish:{document_id}"
