"""The notices in the page: one's own, the newest first, until they are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from servicehall import config
from servicehall.errors import NotFound
from servicehall.models.base import begin_writing
from servicehall.models.notices import Notice
from servicehall.models.requests import Request
from servicehall.services.listing import DEFAULT_LIMIT, Page, Source, page
from servicehall.services.visibility import Viewer
from servicehall.texts import _

CAP = 100


def list_notices(viewer: Viewer, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[Notice]:
    """One page of what the viewer was told."""
    mine = Source(Notice.created_at, Notice.id, (Notice.person_id == viewer.id,))
    return page(viewer.session, Notice, [mine], name="notices", descending=True, limit=limit, cursor=cursor)


def bodies(viewer: Viewer, rows: Sequence[Notice]) -> dict[str, str]:
    """The texts as the page shows them, by the notices' ids: an address in them gives way to the request's number."""
    about = select(Request.id, Request.number).where(Request.id.in_({row.request_id for row in rows}))
    numbers = dict(viewer.session.execute(about).all())
    base = config.current().base_url
    return {
        row.id: row.body.replace(base + row.url, numbers.get(row.request_id or "", "")) if row.url else row.body
        for row in rows
    }


def unread_count(viewer: Viewer) -> int:
    """How many are unread, counted no further than `CAP`."""
    few = select(Notice.id).where(Notice.person_id == viewer.id, Notice.read_at.is_(None)).limit(CAP).subquery()
    return viewer.session.scalar(select(func.count()).select_from(few)) or 0


def read_one(viewer: Viewer, notice_id: str, *, at: datetime) -> str:
    """Marks one as read and tells where it leads; NotFound for somebody else's."""
    found = viewer.session.get(Notice, notice_id)
    if found is None or found.person_id != viewer.id:
        raise NotFound(_("There is no such notice."))
    target = found.url or "/notices"
    _mark(viewer.session, at, Notice.id == notice_id, Notice.person_id == viewer.id)
    return target


def read_all(viewer: Viewer, *, at: datetime) -> None:
    """Marks everything that the viewer was told up to now as read."""
    _mark(viewer.session, at, Notice.person_id == viewer.id, Notice.created_at <= at)


def _mark(session: Session, at: datetime, *which: ColumnElement[bool]) -> None:
    begin_writing(session)
    statement = update(Notice).where(*which, Notice.read_at.is_(None)).values(read_at=at)
    session.execute(statement, execution_options={"synchronize_session": False})
    session.commit()
