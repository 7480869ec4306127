"""Who watches a request: sees it and hears of it, without a part in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from servicehall.domain import events as e
from servicehall.errors import Forbidden
from servicehall.models.directory import Person
from servicehall.models.requests import Participant, Request
from servicehall.services.requests import family_of
from servicehall.services.submission import stream_of
from servicehall.services.visibility import Viewer
from servicehall.services.work import work
from servicehall.texts import _


def watch(request: Request, *, person: Person, viewer: Viewer, at: datetime) -> None:
    """Adds a watcher: the requester or an agent may, to a confidential request agents only."""
    _may_set_watchers(request, viewer)
    with work(family_of(request), actor=viewer.id, at=at) as w:
        if not _is_watcher(w.session, request, person):
            w.record(stream_of(request.id), e.WatcherAdded(person=person.id))


def unwatch(request: Request, *, person: Person, viewer: Viewer, at: datetime) -> None:
    if person.id != viewer.id:
        _may_set_watchers(request, viewer)
    with work(family_of(request), actor=viewer.id, at=at) as w:
        if _is_watcher(w.session, request, person):
            w.record(stream_of(request.id), e.WatcherRemoved(person=person.id))


def _may_set_watchers(request: Request, viewer: Viewer) -> None:
    agent = viewer.is_agent_of(request)
    if not agent and (request.requester_id != viewer.id or request.confidential):
        raise Forbidden(_("You may not choose who watches this request."))


def _is_watcher(session: Session, request: Request, person: Person) -> bool:
    return session.get(Participant, (request.id, person.id, "watcher"), populate_existing=True) is not None
