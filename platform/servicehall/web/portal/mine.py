"""My requests as lists: what I asked for or get, what I asked for others, what I watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import ColumnElement

from servicehall.domain.lifecycle import OPEN
from servicehall.models.requests import Participant, Request
from servicehall.services.cases import request_rows
from servicehall.services.cases.names import Record
from servicehall.services.listing import Page, Source, page
from servicehall.services.request_lists import matches
from servicehall.services.visibility import Viewer

Condition = ColumnElement[bool]
_OPEN = sorted(str(state) for state in OPEN if state != "draft")
_SENT = Request.state != "draft"
_FOR_ANOTHER = Request.requester_id != Request.beneficiary_id  # as the indexes say it


def mine(viewer: Viewer, tab: str, *, q: str = "", cursor: str | None = None, limit: int = 25) -> Page[Request]:
    """One page of a tab, the newest first, narrowed by a search."""
    narrow = (matches(viewer, q),) if q.strip() else ()
    sources = [one.but(*narrow) for one in TABS[tab](viewer)]
    return page(viewer.session, Request, sources, name=f"mine:{tab}", descending=True, limit=limit, cursor=cursor)


def mine_rows(viewer: Viewer, tab: str, *, q: str = "", limit: int) -> list[Record]:
    """The newest of a tab, as rows."""
    return request_rows(viewer, mine(viewer, tab, q=q, limit=limit).rows)


def _asked(viewer: Viewer, *more: Condition) -> Source:
    """The requests that the viewer asked for."""
    return Source(Request.created_at, Request.id, (Request.requester_id == viewer.id, *more))


def _got(viewer: Viewer, *more: Condition) -> Source:
    """The requests that others asked for the viewer."""
    mine = (Request.beneficiary_id == viewer.id, _FOR_ANOTHER)
    return Source(Request.created_at, Request.id, (*mine, *more))


def _open(viewer: Viewer) -> Sequence[Source]:
    """Open ones, each state in the order of its index; those that belong to a bigger request show there."""
    alone = Request.parent_id.is_(None)
    return (
        *(_asked(viewer, Request.state == one, alone) for one in _OPEN),
        _got(viewer, Request.state.in_(_OPEN), alone),
    )


def _all(viewer: Viewer) -> Sequence[Source]:
    return _asked(viewer, _SENT), _got(viewer, _SENT)


def _drafts(viewer: Viewer) -> Sequence[Source]:
    return (_asked(viewer, Request.state == "draft"),)


def _for_others(viewer: Viewer) -> Sequence[Source]:
    return (_asked(viewer, _FOR_ANOTHER, _SENT),)


def _watching(viewer: Viewer) -> Sequence[Source]:
    """By when the viewer came to watch them."""
    mine = (Participant.request_id == Request.id, Participant.person_id == viewer.id, Participant.role == "watcher")
    return (Source(Participant.at, Participant.request_id, (*mine, _SENT)),)


TABS: Mapping[str, Callable[[Viewer], Sequence[Source]]] = {
    "open": _open,
    "all": _all,
    "drafts": _drafts,
    "others": _for_others,
    "watching": _watching,
}
