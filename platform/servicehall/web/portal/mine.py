"""My requests as lists: what I asked for or get, what I asked for others, what I watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import ColumnElement

from servicehall.domain.lifecycle import OPEN
from servicehall.models.requests import Participant, Request
from servicehall.services.cases import request_rows
from servicehall.services.cases.names import Record
from servicehall.services.listing import Page, Source, page
from servicehall.services.lists import matches
from servicehall.services.visibility import Viewer

Condition = ColumnElement[bool]
_OPEN = sorted(str(state) for state in OPEN if state != "draft")


def mine(viewer: Viewer, tab: str, *, q: str = "", cursor: str | None = None, limit: int = 25) -> Page[Request]:
    """One page of a tab, the newest first, narrowed by a search."""
    narrow = (matches(viewer, q),) if q.strip() else ()
    sources = [one.but(*narrow) for one in TABS[tab](viewer)]
    return page(viewer.session, Request, sources, name=f"mine:{tab}", descending=True, limit=limit, cursor=cursor)


def mine_rows(viewer: Viewer, tab: str, *, q: str = "", limit: int) -> list[Record]:
    """The newest of a tab, as rows."""
    return request_rows(viewer, mine(viewer, tab, q=q, limit=limit).rows)


def _part(viewer: Viewer, role: str, *more: Condition) -> Source:
    """The requests in which the viewer has this part, by when they came into it."""
    joined = (Participant.request_id == Request.id, Participant.person_id == viewer.id, Participant.role == role)
    return Source(Participant.at, Participant.request_id, (*joined, *more))


def _both(viewer: Viewer, *more: Condition) -> Sequence[Source]:
    """Asked for, or got; who asks for somebody else has both lists read once each."""
    return (
        _part(viewer, "requester", *more),
        _part(viewer, "beneficiary", Request.requester_id != viewer.id, *more),
    )


def _open(viewer: Viewer) -> Sequence[Source]:
    """Open ones; those that belong to a bigger request show there."""
    return _both(viewer, Request.state.in_(_OPEN), Request.parent_id.is_(None))


def _all(viewer: Viewer) -> Sequence[Source]:
    return _both(viewer, Request.state != "draft")


def _drafts(viewer: Viewer) -> Sequence[Source]:
    return (_part(viewer, "requester", Request.state == "draft"),)


def _for_others(viewer: Viewer) -> Sequence[Source]:
    return (_part(viewer, "requester", Request.beneficiary_id != viewer.id, Request.state != "draft"),)


def _watching(viewer: Viewer) -> Sequence[Source]:
    return (_part(viewer, "watcher", Request.state != "draft"),)


TABS: Mapping[str, Callable[[Viewer], Sequence[Source]]] = {
    "open": _open,
    "all": _all,
    "drafts": _drafts,
    "others": _for_others,
    "watching": _watching,
}
