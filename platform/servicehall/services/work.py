"""The unit of work: the one door through which a record changes. Decide, record, apply, react.

    with work("request/018f…", actor=person_id, at=now()) as w:
        w.record("request/018f…", Commented(...))

The outermost block locks one family (the row of the topmost request, or of one person, group or document), lets
`flow` answer each event, and commits; inner blocks join it. After the commit, `wake` tells the workers.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from servicehall import content
from servicehall.clock import as_instant
from servicehall.domain.chain import GENESIS, event_hash
from servicehall.domain.events import Event
from servicehall.errors import Conflict
from servicehall.models.appliers import Applied, Writer, apply
from servicehall.models.base import Base, begin_writing, db
from servicehall.models.directory import Person
from servicehall.models.log import ContentRow, EventRow, UnsealedEvent
from servicehall.models.requests import Request
from servicehall.models.rows import Rows
from servicehall.texts import _

Row = TypeVar("Row", bound=Base)
Reaction = Callable[["Work", "Recorded"], None]

SYSTEM = "system"
EXPECTED = 500
_LOCKED: dict[str, Any] = {"request": Request, "person": Person}


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in the log."""

    event: Event
    stream: str
    sequence: int
    at: datetime
    actor: str
    on_behalf_of: str | None

    @property
    def subject(self) -> str:
        return self.stream.split("/", 1)[1]


class Work:
    """One transaction over one family; made by `work`."""

    def __init__(self, session: Session, *, family: str, actor: str, at: datetime) -> None:
        self.session = session
        self.family = family
        self.actor = actor
        self.at = at
        kind, identity = family.split("/", 1)
        self.known = Rows(session, self._send, root=identity if kind == "request" else None)
        self.writer = Writer(session, self.known)
        self.awake = False
        self.memo: dict[str, Any] = {}
        self._heads: dict[str, tuple[int, str]] = {}
        self._events: list[dict[str, Any]] = []
        self._unsent: list[content.Content] = []
        self._contents: dict[str, Any] = {}
        self._unreacted: deque[Recorded] = deque()

    def record(
        self, stream: str, event: Event, *, actor: str | None = None, on_behalf_of: str | None = None
    ) -> Recorded:
        """Appends an event to its stream's chain and applies it; `flow` answers when the verb is through."""
        sequence, prev_hash = self._heads.get(stream) or self._head(stream)
        sequence += 1
        who = actor or self.actor
        body = event.body()
        digest = event_hash(
            stream=stream,
            sequence=sequence,
            kind=event.KIND,
            schema=event.SCHEMA,
            at=as_instant(self.at),
            actor=who,
            on_behalf_of=on_behalf_of,
            body=body,
            prev_hash=prev_hash,
        )
        self._heads[stream] = (sequence, digest)
        self._events.append(
            {
                "stream": stream,
                "sequence": sequence,
                "kind": event.KIND,
                "schema": event.SCHEMA,
                "at": self.at,
                "actor": who,
                "on_behalf_of": on_behalf_of,
                "body": body,
                "prev_hash": prev_hash,
                "hash": digest,
            }
        )
        recorded = Recorded(event, stream, sequence, self.at, who, on_behalf_of)
        apply(self.writer, Applied(event, stream, sequence, self.at, who, on_behalf_of, self.content))
        self._unreacted.append(recorded)
        return recorded

    def expect(self, streams: Sequence[str]) -> None:
        """Reads the ends of many streams at once, for a work that records into each of them."""
        for start in range(0, len(streams), EXPECTED):
            batch = streams[start : start + EXPECTED]
            last = (
                select(EventRow.stream, func.max(EventRow.sequence).label("sequence"))
                .where(EventRow.stream.in_(batch))
                .group_by(EventRow.stream)
                .subquery()
            )
            found = self.session.execute(
                select(EventRow.stream, EventRow.sequence, EventRow.hash).join(
                    last, (EventRow.stream == last.c.stream) & (EventRow.sequence == last.c.sequence)
                )
            )
            heads = {stream: (sequence, digest) for stream, sequence, digest in found}
            for stream in batch:
                self._heads.setdefault(stream, heads.get(stream, (0, GENESIS)))

    def keep(self, value: Any) -> str:
        """Stores what a person wrote, and gives the hash that events carry."""
        sealed = content.seal(value)
        self._unsent.append(sealed)
        self._contents[sealed.sha256] = sealed.value
        return sealed.sha256

    def content(self, sha256: str | None) -> Any:
        """What stands under a hash; None where nothing was named or it was erased."""
        return None if sha256 is None else self.contents((sha256,))[sha256]

    def contents(self, hashes: Iterable[str]) -> dict[str, Any]:
        """What stands under many hashes, each read once."""
        wanted = set(hashes)
        missing = wanted - self._contents.keys()
        if missing:
            self._contents |= dict.fromkeys(missing) | _read_contents(self.session, missing)
        return {one: self._contents[one] for one in wanted}

    def erase(self, hashes: Iterable[str]) -> list[str]:
        """Makes tombstones of these contents, by law; gives those that were not erased before."""
        self.flush()
        there = select(ContentRow.sha256).where(ContentRow.sha256.in_(set(hashes)), ContentRow.erased_at.is_(None))
        found = sorted(self.session.scalars(there))
        tombstone = update(ContentRow).where(ContentRow.sha256.in_(found))
        self.session.connection().execute(tombstone.values(data=None, salt=None, erased_at=self.at))
        self._contents |= dict.fromkeys(found)
        return found

    def get(self, model: type[Row], key: Any) -> Row:
        """A row as it is now, with all that this work has written; a missing one is an error of ours."""
        return self.known.get(model, key)

    def of(self, model: type[Row], request_id: str) -> list[Row]:
        """A request's rows of one table (stages, approvals, tasks, clocks, participants …), as they are now."""
        return self.known.of(model, request_id)

    def all(self, statement: Any) -> Sequence[Any]:
        """The rows of a select, fresh."""
        self.flush()
        return self.session.scalars(statement.execution_options(populate_existing=True)).all()

    def rows(self, statement: Any) -> Sequence[Any]:
        """The tuples of a select of columns."""
        self.flush()
        return self.session.execute(statement).all()

    def first(self, statement: Any) -> Any:
        self.flush()
        return self.session.scalars(statement.execution_options(populate_existing=True)).first()

    def flush(self) -> None:
        """Sends contents and rows, so that they can be read by a select of one's own."""
        if self._unsent:
            contents, self._unsent = self._unsent, []
            rows = [{"sha256": one.sha256, "salt": one.salt, "data": one.data} for one in contents]
            self.session.connection().execute(_KEEP, rows)
        self.writer.flush()

    def finish(self) -> None:
        """Sends all that is left; the events last, in one statement, since no verb reads them."""
        self.settle()
        self.flush()
        if self._events:
            events, self._events = self._events, []
            queued = [{"stream": one["stream"], "sequence": one["sequence"]} for one in events]
            self.session.connection().execute(_APPEND, events)
            self.session.connection().execute(_QUEUE, queued)

    def settle(self) -> None:
        """Lets `flow` answer everything recorded so far, and what that brings forth."""
        while self._unreacted:
            recorded = self._unreacted.popleft()
            for reaction in _reactions(recorded.event):
                reaction(self, recorded)

    def _send(self, model: type[Base]) -> None:
        """Before a read of a table: what waits for it."""
        if self.writer.waits_for(model):
            self.flush()

    def _head(self, stream: str) -> tuple[int, str]:
        row = self.session.connection().execute(_LAST, {"stream": stream}).first()
        return (row[0], row[1]) if row else (0, GENESIS)


_KEEP = insert(ContentRow.__table__)
_APPEND = insert(EventRow.__table__)
_QUEUE = insert(UnsealedEvent.__table__)
_LAST = (
    select(EventRow.__table__.c.sequence, EventRow.__table__.c.hash)
    .where(EventRow.__table__.c.stream == bindparam("stream"))
    .order_by(EventRow.__table__.c.sequence.desc())
    .limit(1)
)


_current: ContextVar[Work | None] = ContextVar("work", default=None)
_reactions: Callable[[Event], Sequence[Reaction]] = lambda event: ()  # noqa: E731 - replaced by `set_reactions`
_before_commit: Callable[[Session], None] = lambda session: None  # noqa: E731 - replaced by `set_before_commit`
_wake: Callable[[], None] = lambda: None  # noqa: E731 - replaced by `set_wake`


def set_reactions(reactions: Callable[[Event], Sequence[Reaction]]) -> None:
    """Wired once: the table that says what follows from an event (`flow`)."""
    global _reactions
    _reactions = reactions


def set_wake(waker: Callable[[], None]) -> None:
    """Wired once: how the workers learn that there is something to do. A hint only; they also look by themselves."""
    global _wake
    _wake = waker


def set_before_commit(hook: Callable[[Session], None]) -> None:
    """Wired once: what else belongs into the transaction of a work, such as the nonce of the form that asked for it."""
    global _before_commit
    _before_commit = hook


def current() -> Work | None:
    """The work that is under way here."""
    return _current.get()


def wake() -> None:
    """Tells the workers, after a commit, that there is something to do."""
    _wake()


@contextmanager
def work(family: str, *, actor: str, at: datetime, new: bool = False) -> Iterator[Work]:
    """Opens the transaction and locks the family; `new` where its first row is made within.

    `family` is `request/<root id>`, `person/<id>`, `documents/all` or `directory/all`.
    Errors: Conflict where somebody else recorded at the same moment; LookupError for a family that is not there.
    """
    outer = current()
    if outer is not None:
        if outer.family != family:
            raise RuntimeError(f"a work over {outer.family} cannot reach into {family}")
        yield outer
        return
    if not actor:
        raise ValueError("a work needs an actor")
    session: Session = db.session()
    begin_writing(session)
    made = Work(session, family=family, actor=actor, at=at)
    token = _current.set(made)
    try:
        if not new:
            _lock(made, family)
        yield made
        made.finish()
        _before_commit(session)
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise Conflict(_("Somebody else changed this at the same moment. Please look again.")) from error
    except BaseException:
        session.rollback()
        raise
    finally:
        _current.reset(token)
        made.known.forget()
    if made.awake:
        _wake()


def _lock(made: Work, family: str) -> None:
    """Holds the family's row until the end; one without a row (all documents, a department) by its name."""
    kind, identity = family.split("/", 1)
    model = _LOCKED.get(kind)
    if model is not None:
        made.known.get(model, identity, lock=True)
    elif made.session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(content.sha256(family.encode()).encode()[:7], "big")
        made.session.execute(select(func.pg_advisory_xact_lock(number)))


def rows_of(session: Session, model: type[Row], request_id: str) -> Sequence[Row]:
    """A request's rows of one table: as the work knows them that is under way, else read."""
    here = current()
    if here is not None and here.session is session:
        return here.of(model, request_id)
    return Rows(session, lambda table: None).of(model, request_id)


def read_content(session: Session, sha256: str) -> Any:
    """The value under a hash; None where it was erased."""
    return read_contents(session, (sha256,)).get(sha256)


def read_contents(session: Session, hashes: Iterable[str]) -> dict[str, Any]:
    """The values under many hashes in one query; erased ones are None."""
    here = current()
    if here is not None and here.session is session:
        return here.contents(hashes)
    return _read_contents(session, set(hashes))


def _read_contents(session: Session, hashes: Collection[str]) -> dict[str, Any]:
    if not hashes:
        return {}
    rows = session.connection().execute(_CONTENTS, {"hashes": list(hashes)})
    return {sha256: None if data is None else json.loads(data) for sha256, data in rows}


_CONTENTS = select(ContentRow.__table__.c.sha256, ContentRow.__table__.c.data).where(
    ContentRow.__table__.c.sha256.in_(bindparam("hashes", expanding=True))
)
