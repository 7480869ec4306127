"""What auditors look things up in: requests by anything they know of one, and the log of readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, union_all
from sqlalchemy.orm import Session

from servicehall.models.access import AccessLog
from servicehall.models.definitions import Document
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Participant, Request
from servicehall.services import directory
from servicehall.services.listing import DEFAULT_LIMIT, FEW, Page, Source, led_by, page
from servicehall.services.search import found_by
from servicehall.services.visibility import Viewer
from servicehall.texts import pick

MOST_PEOPLE = 50
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is known of a request: the beginning of its number, words in it, a part of somebody's name or address.

    `since` and `until` are instants around its creation, half open.
    """

    number: str = ""
    words: str = ""
    person: str = ""
    service: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None


def find_requests(
    viewer: Viewer, search: Search, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Request]:
    """Requests of all departments, the newest first; drafts are nobody's business but their author's."""
    session = viewer.session
    where = [
        Request.state != "draft",
        *_equal({Request.service: search.service, Request.state: search.state}),
        *_between(Request.created_at, search.since, search.until),
    ]
    if search.number:
        beginning = search.number.strip().upper()
        where.append((Request.number >= beginning) & (Request.number < beginning + "~"))
    if search.words:
        where.append(found_by(viewer, search.words))
    if search.person:
        where.append(_took_part(session, _people(session, search.person)))
    source = Source(Request.created_at, Request.id, tuple(where))
    return page(session, Request, [source], name="audit", descending=True, limit=limit, cursor=cursor)


def readings(
    session: Session,
    *,
    person: str = "",
    number: str = "",
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[AccessLog]:
    """Who read what, the latest first."""
    where = [*_equal({AccessLog.kind: kind}), *_between(AccessLog.at, since, until)]
    if person:
        where.append(AccessLog.person_id.in_(_people(session, person)))
    if number:
        found = session.scalar(select(Request.id).where(Request.number == number.strip().upper()))
        where.append(AccessLog.subject == f"request/{found}" if found else false())
    source = Source(AccessLog.at, AccessLog.id, tuple(where))
    return page(session, AccessLog, [source], name="access", descending=True, limit=limit, cursor=cursor)


def _people(session: Session, text: str) -> Sequence[str]:
    return [one.id for one in directory.search_people(session, text, limit=MOST_PEOPLE, active=False)]


def _took_part(session: Session, people: Sequence[str]) -> Condition:
    """Anybody with a part in the request, or with a task of it."""
    ways = ((Participant, Participant.person_id), (Task, Task.assignee_id), (Task, Task.done_by_id))
    some = (select(model.request_id).where(who.in_(people)).limit(FEW + 1).subquery() for model, who in ways)
    ids = union_all(*(select(one.c.request_id) for one in some)).subquery()
    had = (exists().where(model.request_id == Request.id, who.in_(people)) for model, who in ways)
    return led_by(session, Request.id, select(ids.c.request_id), many=or_(*had))


def _equal(wanted: Mapping[Any, str]) -> list[Condition]:
    return [column == value for column, value in wanted.items() if value]


def _between(column: Any, since: datetime | None, until: datetime | None) -> list[Condition]:
    found = [column >= since] if since is not None else []
    return [*found, column < until] if until is not None else found


def services_ever(session: Session) -> list[tuple[str, str]]:
    """Every service that was ever published, by its title."""
    rows = session.execute(
        select(Document.department, Document.key, Document.body).where(
            Document.kind == "service", Document.body.is_not(None)
        )
    )
    named = [(f"{department}/{key}", pick((body or {}).get("title")) or key) for department, key, body in rows]
    return sorted(named, key=lambda one: one[1].casefold())


def numbers(session: Session, rows: Sequence[AccessLog]) -> dict[str, str]:
    """The numbers of the requests that were read, by the subject of the log."""
    ids = [row.subject.split("/", 1)[1] for row in rows if row.subject.startswith("request/")]
    found = session.execute(select(Request.id, Request.number).where(Request.id.in_(ids))).all()
    return {f"request/{request_id}": number for request_id, number in found}
