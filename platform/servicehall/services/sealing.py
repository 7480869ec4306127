"""Sealing: what was recorded since the last seal goes under one Merkle root, chained to the seal before.

The queue (`unsealed_events`) says what is unsealed, never "what is above the last id": ids do not follow the order of
commits. One transaction seals one batch, so a long backlog becomes several seals of the same period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, select
from sqlalchemy.orm import Session

from servicehall import content
from servicehall.clock import as_instant, parse_instant
from servicehall.domain import chain
from servicehall.models.base import own_transaction
from servicehall.models.log import EventRow, Seal, SealLeaf, UnsealedEvent
from servicehall.reports.case import Inclusion

BATCH = 10_000
_LOCK = int.from_bytes(content.sha256(b"servicehall seals").encode()[:7], "big")


def seal(at: datetime, *, batch: int = BATCH) -> int:
    """Seals all that waits, batch by batch; gives how many events. May run twice, or at once on several machines."""
    sealed = 0
    while count := _seal_batch(at, batch):
        sealed += count
    return sealed


def _seal_batch(at: datetime, limit: int) -> int:
    with own_transaction() as session:
        _lock(session)
        rows = _waiting(session, limit)
        if not rows:
            return 0
        before = last_seal(session)
        since, until = _period(before, at, min(row.at for row in rows))
        made = chain.make_seal(
            [row.hash for row in rows], period_from=as_instant(since), period_until=as_instant(until), before=before
        )
        _store(session, made, rows, at)
        return len(rows)


def _lock(session: Session) -> None:
    """One sealer at a time; SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _waiting(session: Session, limit: int) -> Sequence[Any]:
    """Rows of stream, sequence, hash and at; one whose event is gone stays queued, and verification finds it."""
    there = and_(EventRow.stream == UnsealedEvent.stream, EventRow.sequence == UnsealedEvent.sequence)
    columns = (EventRow.stream, EventRow.sequence, EventRow.hash, EventRow.at)
    statement = select(*columns).select_from(UnsealedEvent).join(EventRow, there)
    return session.execute(statement.order_by(UnsealedEvent.stream, UnsealedEvent.sequence).limit(limit)).all()


def _period(before: chain.Seal | None, at: datetime, first: datetime) -> tuple[datetime, datetime]:
    """From the end of the period before until now; batches of one run share their period."""
    if before is None:
        return min(first, at), at
    until = parse_instant(before.period_until)
    return (until, at) if until < at else (parse_instant(before.period_from), until)


def _store(session: Session, made: chain.Seal, rows: Sequence[Any], at: datetime) -> None:
    seal_row = {
        "number": made.number,
        "period_from": parse_instant(made.period_from),
        "period_until": parse_instant(made.period_until),
        "count": made.count,
        "root": made.root,
        "prev_hash": made.prev,
        "hash": made.hash,
        "sealed_at": at,
    }
    leaves = [
        {"seal": made.number, "position": place, "stream": row.stream, "sequence": row.sequence, "hash": row.hash}
        for place, row in enumerate(rows)
    ]
    session.execute(insert(Seal), [seal_row])
    session.execute(insert(SealLeaf), leaves)
    sealed_now = select(SealLeaf.position).where(
        SealLeaf.seal == made.number,
        SealLeaf.stream == UnsealedEvent.stream,
        SealLeaf.sequence == UnsealedEvent.sequence,
    )
    session.execute(delete(UnsealedEvent).where(sealed_now.exists()), execution_options={"synchronize_session": False})


def as_seal(row: Seal) -> chain.Seal:
    """A stored seal as the rules of the chain know it."""
    return chain.Seal(
        number=row.number,
        period_from=as_instant(row.period_from),
        period_until=as_instant(row.period_until),
        root=row.root,
        count=row.count,
        prev=row.prev_hash,
        hash=row.hash,
    )


def last_seal(session: Session) -> chain.Seal | None:
    row = session.scalars(select(Seal).order_by(Seal.number.desc()).limit(1)).first()
    return as_seal(row) if row is not None else None


def seals(session: Session, numbers: Sequence[int] | None = None) -> list[chain.Seal]:
    """All seals, or those of these numbers, in their order."""
    statement = select(Seal).order_by(Seal.number)
    if numbers is not None:
        statement = statement.where(Seal.number.in_(numbers))
    return [as_seal(row) for row in session.scalars(statement)]


def seals_before(session: Session, number: int | None, *, limit: int) -> list[Seal]:
    """A page of seals, the newest first; `number` is the last one of the page before."""
    statement = select(Seal).order_by(Seal.number.desc()).limit(limit)
    return list(session.scalars(statement if number is None else statement.where(Seal.number < number)))


def waiting(session: Session) -> bool:
    """Whether anything waits for a seal."""
    return session.execute(select(UnsealedEvent.stream).limit(1)).first() is not None


class Leaves(Mapping[int, Sequence[str]]):
    """The event hashes of each seal in their order, read when asked for: one seal in memory at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __getitem__(self, number: int) -> Sequence[str]:
        return self.session.scalars(
            select(SealLeaf.hash).where(SealLeaf.seal == number).order_by(SealLeaf.position)
        ).all()

    def __contains__(self, number: object) -> bool:
        return True

    def __iter__(self) -> Iterator[int]:
        return iter(self.session.scalars(select(Seal.number).order_by(Seal.number)))

    def __len__(self) -> int:
        return self.session.scalar(select(func.count()).select_from(Seal)) or 0


def seals_of(session: Session, stream: str) -> tuple[list[chain.Seal], int]:
    """The seals that a stream's events stand under, and how many events do."""
    rows = session.execute(
        select(SealLeaf.seal, func.count()).where(SealLeaf.stream == stream).group_by(SealLeaf.seal)
    ).all()
    return seals(session, [number for number, _count in rows]), sum(count for _number, count in rows)


def proofs(session: Session, stream: str) -> tuple[tuple[chain.Seal, ...], tuple[Inclusion, ...]]:
    """The seals that a stream's events stand under, and the proof for each of those events."""
    leaves = session.scalars(select(SealLeaf).where(SealLeaf.stream == stream).order_by(SealLeaf.sequence)).all()
    numbers = sorted({leaf.seal for leaf in leaves})
    hashes = Leaves(session)
    trees = {number: chain.merkle_tree(hashes[number]) for number in numbers}
    found = tuple(
        Inclusion(event=one.hash, seal=one.seal, index=one.position, proof=trees[one.seal].proof(one.position))
        for one in leaves
    )
    return tuple(seals(session, numbers)), found
