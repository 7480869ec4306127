"""Verification of the whole record: chains, seals, contents and releases.

Everything is read as it is at one moment (`snapshot`), stream by stream, in memory that does not grow with the log.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import Row, func, literal, select, union
from sqlalchemy.orm import Session

from servicehall import config, content
from servicehall.clock import as_instant
from servicehall.domain import chain
from servicehall.domain.chain import EventRecord, Finding
from servicehall.models.base import db, reading
from servicehall.models.log import ContentRow, EventRow, ReleaseRow, SealLeaf, UnsealedEvent
from servicehall.models.requests import Request
from servicehall.reports.stamp import SigningKey
from servicehall.services import sealing
from servicehall.services.submission import stream_of
from servicehall.texts import _

STREAMS = 100
HASHES = 500
_HASH = re.compile(r"[0-9a-f]{64}")
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and every row that is not what it was; `erased` contents are tombstones, no finding."""

    findings: tuple[Finding, ...] = ()
    streams: int = 0
    events: int = 0
    sealed: int = 0
    contents: int = 0
    erased: int = 0
    seals: int = 0

    @property
    def ok(self) -> bool:
        return not self.findings

    def plus(self, other: Verification) -> Verification:
        counts = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        return Verification(findings=self.findings + other.findings, **counts)

    def as_dict(self) -> dict[str, Any]:
        found = [{"stream": f.stream, "sequence": f.sequence, "code": f.code, "what": f.what} for f in self.findings]
        return {"ok": self.ok, **{name: getattr(self, name) for name in COUNTS}, "findings": found}


COUNTS = ("streams", "events", "sealed", "contents", "erased", "seals")


@contextmanager
def snapshot() -> Iterator[Session]:
    """A session beside the caller's that sees one moment of the whole database, and only reads."""
    with reading(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with Session(connection) as session:
            yield session


def public_key() -> str:
    """The key that reports of this installation are signed with, 64 hex digits: what auditors compare."""
    return SigningKey.from_secret(config.current().secret_key).public


def verify_request(session: Session, row: Request) -> Verification:
    """One request: its chain, its contents, and that its events stand under the seals; use a `snapshot`."""
    stream = stream_of(row.id)
    found = _verify_streams(session, [stream])
    numbers = session.scalars(select(SealLeaf.seal).where(SealLeaf.stream == stream).distinct()).all()
    findings = chain.verify_seals(sealing.seals(session, numbers), leaves=sealing.Leaves(session), whole=False)
    return found.plus(Verification(findings=tuple(findings), seals=len(numbers)))


def verify_seals(session: Session, *, roots: bool = True) -> Verification:
    """The chain of all seals; with `roots` each is computed again from the hashes that it was made over."""
    rows = sealing.seals(session)
    findings = chain.verify_seals(rows, leaves=sealing.Leaves(session) if roots else None)
    last = max((row.number for row in rows), default=0)
    named = session.scalar(select(func.max(SealLeaf.seal))) or 0
    findings += [Finding(chain.SEALS, n, _("This seal is missing."), "cut") for n in range(last + 1, named + 1)]
    return Verification(findings=tuple(findings), seals=len(rows))


def verify_all(session: Session, progress: Progress = lambda streams: None) -> Verification:
    """Every stream and every seal; `progress` is told how many streams are done since it was last told."""
    found = verify_seals(session)
    for batch in batches(stream_names(session), STREAMS):
        found = found.plus(_verify_streams(session, batch))
        progress(len(batch))
    return found


def verify_page(session: Session, *, after: str = "", limit: int) -> tuple[Verification, str | None]:
    """A part of `verify_all` that is bounded: the seals at the beginning, then so many streams at a time.

    `after` is the last stream of the part before; gives also what to go on after, None at the end.
    """
    found = verify_seals(session) if not after else Verification()
    names = list(islice(stream_names(session, after), limit + 1))
    for batch in batches(names[:limit], STREAMS):
        found = found.plus(_verify_streams(session, batch))
    return found, names[limit - 1] if len(names) > limit else None


def count_streams(session: Session) -> int:
    return session.scalar(select(func.count(EventRow.stream.distinct()))) or 0


def stream_names(session: Session, last: str = "") -> Iterator[str]:
    """Every stream after `last` that any of log, seals and queue knows, a page at a time."""
    while page := _names_after(session, last):
        yield from page
        last = page[-1]


def _names_after(session: Session, last: str) -> Sequence[str]:
    tables = (EventRow, SealLeaf, UnsealedEvent)
    parts = [
        select(select(one.stream).where(one.stream > last).distinct().order_by(one.stream).limit(STREAMS).subquery())
        for one in tables
    ]
    names = union(*parts).subquery()
    return session.scalars(select(names.c.stream).order_by(names.c.stream).limit(STREAMS)).all()


# --- streams -------------------------------------------------------------------------------------------------


def read_stream(session: Session, stream: str) -> list[EventRecord]:
    """The events of a stream as they are hashed, in their order."""
    rows = session.scalars(select(EventRow).where(EventRow.stream == stream).order_by(EventRow.sequence))
    return [as_record(row) for row in rows]


def as_record(row: EventRow | Row[Any]) -> EventRecord:
    return EventRecord(
        stream=row.stream,
        sequence=row.sequence,
        kind=row.kind,
        schema=row.schema,
        at=as_instant(row.at),
        actor=row.actor,
        on_behalf_of=row.on_behalf_of,
        body=row.body,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def _verify_streams(session: Session, streams: Sequence[str]) -> Verification:
    events: dict[str, list[EventRecord]] = defaultdict(list)
    columns = [getattr(EventRow, name) for name in EventRecord.__dataclass_fields__]
    for row in session.execute(select(*columns).where(EventRow.stream.in_(streams))):
        events[row.stream].append(as_record(row))
    sealed = _places(session, select(SealLeaf.stream, SealLeaf.sequence, SealLeaf.hash), SealLeaf.stream, streams)
    queued = _places(
        session,
        select(UnsealedEvent.stream, UnsealedEvent.sequence, literal("")),
        UnsealedEvent.stream,
        streams,
    )
    findings = [
        finding
        for stream in streams
        for finding in _stream_findings(session, stream, events[stream], sealed[stream], queued[stream])
    ]
    contents = _verify_contents(session, [event for found in events.values() for event in found])
    counts = Verification(
        findings=tuple(findings),
        streams=len(streams),
        events=sum(map(len, events.values())),
        sealed=sum(map(len, sealed.values())),
    )
    return counts.plus(contents)


def _places(session: Session, statement: Any, column: Any, streams: Sequence[str]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for stream, sequence, digest in session.execute(statement.where(column.in_(streams))):
        found[stream][sequence] = digest
    return found


def _stream_findings(
    session: Session, stream: str, events: list[EventRecord], sealed: Mapping[int, str], queued: Mapping[int, str]
) -> Iterator[Finding]:
    """The chain against itself and the seals; then that each event is sealed or waits, and each that waits is there."""
    named: set[int | None] = set()
    for finding in chain.verify_stream(events, stream=stream, known=sealed):
        named.add(finding.sequence)
        yield _with_origin(session, finding, events)
    there = {event.sequence for event in events}
    for sequence in sorted((queued.keys() - there) - named):
        yield Finding(stream, sequence, _("This event is missing: it waits for its seal and is not there."), "cut")
    for sequence in sorted(there - sealed.keys() - queued.keys() - named):
        yield Finding(stream, sequence, _("This event is neither sealed nor does it wait for a seal."), "unsealed")


def _with_origin(session: Session, finding: Finding, events: Sequence[EventRecord]) -> Finding:
    """An event that was moved here from another stream is told by the place that its hash was sealed for."""
    if finding.code != "edited":
        return finding
    digest = next(event.hash for event in events if event.sequence == finding.sequence)
    home = session.execute(select(SealLeaf.stream, SealLeaf.sequence).where(SealLeaf.hash == digest).limit(1)).first()
    if home is None or (home[0], home[1]) == (finding.stream, finding.sequence):
        return finding
    what = _("This event was moved here; its place is {stream} {sequence}.", stream=home[0], sequence=home[1])
    return replace(finding, what=what, code="moved")


# --- contents and releases -----------------------------------------------------------------------------------


def named_hashes(value: Any) -> Iterator[str]:
    """Every hash of content or of a release in an event's body."""
    if isinstance(value, str):
        if _HASH.fullmatch(value):
            yield value
        return
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from named_hashes(one)


def _verify_contents(session: Session, events: Iterable[EventRecord]) -> Verification:
    """Each content gives its hash, or was erased; each release gives its own."""
    first: dict[str, EventRecord] = {}
    for event in sorted(events, key=lambda one: one.sequence):
        for digest in named_hashes(event.body):
            first.setdefault(digest, event)
    found = Verification()
    for batch in batches(first, HASHES):
        found = found.plus(_contents_of(session, {digest: first[digest] for digest in batch}))
    return found


def _contents_of(session: Session, named: Mapping[str, EventRecord]) -> Verification:
    missing, findings, erased, good = set(named), [], 0, 0
    for row in session.execute(
        select(ContentRow.sha256, ContentRow.salt, ContentRow.data, ContentRow.erased_at).where(
            ContentRow.sha256.in_(named)
        )
    ):
        missing.discard(row.sha256)
        if row.erased_at is not None and row.data is None:
            erased += 1
        elif _gives_its_hash(row.sha256, row.salt, row.data):
            good += 1
        else:
            findings.append(_content_finding(named, row.sha256, "edited"))
    for digest, data in session.execute(select(ReleaseRow.sha256, ReleaseRow.data).where(ReleaseRow.sha256.in_(named))):
        missing.discard(digest)
        good += 1
        if content.sha256(data.encode()) != digest:
            findings.append(_content_finding(named, digest, "edited"))
    findings += [_content_finding(named, digest, "deleted") for digest in sorted(missing)]
    return Verification(findings=tuple(findings), contents=good, erased=erased)


def _gives_its_hash(digest: str, salt: str | None, data: str | None) -> bool:
    try:
        return content.content_hash(json.loads(data or ""), salt or "") == digest
    except ValueError:
        return False


def _content_finding(named: Mapping[str, EventRecord], digest: str, code: str) -> Finding:
    texts = {
        "edited": _("Content {hash}, which this event names, was edited.", hash=digest[:12]),
        "deleted": _("Content {hash}, which this event names, was deleted.", hash=digest[:12]),
    }
    event = named[digest]
    return Finding(event.stream, event.sequence, texts[code], f"content_{code}")


def batches(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """The values in lists of at most `size`."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
