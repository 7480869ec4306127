"""Finding requests by words: what a request is found by, written in the transaction that changes it.

Numbers, titles, names, public comments, and answers that are public or internal: everything here may be read by
whoever sees the whole request. Personal and secret answers, internal comments and attachments are not searched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, false, literal, select, union_all
from sqlalchemy.orm import Session

from servicehall import texts
from servicehall.domain.search_words import terms, tokens
from servicehall.models.approvals import Stage
from servicehall.models.base import begin_writing
from servicehall.models.directory import Person
from servicehall.models.requests import Comment, Request
from servicehall.models.search import Search, found_ids, has_all, put
from servicehall.services import directory, releases
from servicehall.services.answers import OPEN
from servicehall.services.listing import led_by
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer, visible_requests
from servicehall.services.work import Recorded, Work, read_contents

BATCH = 500
SYSTEM = "system:search"
More = tuple[str, str, bool]


# --- asking --------------------------------------------------------------------------------------------------


def found_by(viewer: Viewer, q: str) -> ColumnElement[bool]:
    """The condition that a request has all words of `q`, and that the viewer sees the whole of it."""
    asked, dialect = terms(q), viewer.session.get_bind().dialect.name
    if not asked:
        return false()
    # a value and no EXISTS: PostgreSQL would begin with every hit
    has = select(has_all(asked, dialect)).where(Search.request_id == Request.id).correlate(Request).scalar_subquery()
    return led_by(viewer.session, Request.id, found_ids(asked, dialect), many=has) & visible_requests(viewer)


# --- keeping -------------------------------------------------------------------------------------------------


def keep(w: Work, recorded: Recorded) -> None:
    """After an event that changes what a request is found by; once where several events of a work say the same."""
    row = w.get(Request, recorded.subject)
    if recorded.sequence == 1:
        w.memo[f"search/new/{row.id}"] = True
    fresh = w.memo.get(f"search/new/{row.id}") and recorded.event.KIND in _BEGINNING
    now = (row.content, row.release, row.beneficiary_id, 0 if fresh else recorded.sequence)
    if w.memo.get(f"search/{row.id}") == now:
        return
    w.memo[f"search/{row.id}"] = now
    more = [] if fresh else w.rows(_more([row.id]))
    contents = {one: w.content(one) for one in (row.content, *(sha256 for _id, sha256, _is in more))}
    people = {one: w.get(Person, one) for one in {row.requester_id, row.beneficiary_id}}
    w.flush()
    put(w.session, {row.id: tokens(_said(w.session, row, more, contents, people))})


_BEGINNING = ("request.created", "request.submitted")


def keep_if_public(w: Work, recorded: Recorded) -> None:
    """After a comment that everybody who sees the request may read."""
    if not recorded.event.internal:  # type: ignore[attr-defined]
        keep(w, recorded)


def keep_if_answered(w: Work, recorded: Recorded) -> None:
    """After a decision that filled in answers."""
    if recorded.event.answers is not None:  # type: ignore[attr-defined]
        keep(w, recorded)


def rebuild(session: Session, progress: Callable[[int], None] = lambda rows: None) -> int:
    """Makes every row anew, some requests at a time; gives how many."""
    done, after = 0, ""
    while True:
        begin_writing(session)
        some = select(Request).where(Request.id > after).order_by(Request.id).limit(BATCH).with_for_update()
        batch = session.scalars(some).all()
        if not batch:
            session.rollback()
            return done
        put(session, tokens_of(session, batch))
        done, after = done + len(batch), batch[-1].id
        session.commit()
        session.expunge_all()
        progress(len(batch))


def tokens_of(session: Session, rows: Sequence[Request]) -> dict[str, list[str]]:
    """The tokens of each request, by its id, in a fixed number of queries beside those of directory answers."""
    more: dict[str, list[More]] = defaultdict(list)
    for request_id, sha256, is_comment in session.execute(_more([row.id for row in rows])):
        more[request_id].append((request_id, sha256, is_comment))
    hashes = [row.content for row in rows] + [sha256 for some in more.values() for _id, sha256, _is in some]
    contents = read_contents(session, hashes)
    people = directory.people(session, [who for row in rows for who in (row.requester_id, row.beneficiary_id)])
    return {row.id: tokens(_said(session, row, more[row.id], contents, people)) for row in rows}


def _more(ids: Sequence[str]) -> CompoundSelect[Any]:
    """What is kept beside the answers, and whether it is a comment: what approvers filled in, and public comments."""
    stages = select(Stage.request_id, Stage.answers, literal(False))
    comments = select(Comment.request_id, Comment.content, literal(True))
    return union_all(
        stages.where(Stage.request_id.in_(ids), Stage.answers.is_not(None)),
        comments.where(Comment.request_id.in_(ids), Comment.internal.is_(False)),
    )


def _said(
    session: Session, row: Request, more: Sequence[More], contents: Mapping[str, Any], people: Mapping[str, Person]
) -> Iterator[str]:
    """Every text that the request is found by; what was erased is None in `contents`."""
    release = releases.load(session, row.release)
    yield row.number
    yield row.number.rpartition("-")[2].lstrip("0")
    yield from _texts(release.service.get("title"))
    for person in filter(None, map(people.get, {row.requester_id, row.beneficiary_id})):
        yield person.name
        yield person.name_zh or ""
    yield from _answers(session, release, contents.get(row.content) or {})
    for _id, sha256, is_comment in more:
        found = contents.get(sha256) or {}
        yield from [str(found.get("body", ""))] if is_comment else _answers(session, release, found)


def _answers(session: Session, release: Release, answers: Mapping[str, Any]) -> Iterator[str]:
    """Public and internal answers as they are read, in every language."""
    lookup = Directory(session, author=SYSTEM, known=answers)
    for key, value in answers.items():
        field = release.form.by_key.get(key)
        if field is not None and field.classification in OPEN and not isinstance(value, bool):
            yield from dict.fromkeys(field.display(value, locale, lookup) for locale in texts.LOCALES)


def _texts(text: Any) -> Iterator[str]:
    yield from map(str, text.values() if isinstance(text, Mapping) else [text or ""])
