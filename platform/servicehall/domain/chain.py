"""The hash chain of events, the Merkle tree over a period's events, and the chain of its seals.

A stream's event is hashed over its nine named fields, the hash before among them, as RFC 8785 JSON. A seal holds
the root of a tree (RFC 6962, sections 2.1 and 2.1.1) over all hashes of its period, and the hash of the seal before.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servicehall.content import canonical, sha256
from servicehall.texts import _

GENESIS = "0" * 64
SEALS = "seals"


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One row of the log; `at` is an instant as `clock.as_instant` writes it, hashes are 64 hex digits."""

    stream: str
    sequence: int
    kind: str
    schema: int
    at: str
    actor: str
    on_behalf_of: str | None
    body: Mapping[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that is not what it was: `what` is a sentence for a person, `code` the same for a program."""

    stream: str
    sequence: int | None
    what: str
    code: str

    def __str__(self) -> str:
        place = self.stream if self.sequence is None else f"{self.stream} {self.sequence}"
        return f"{place}: {self.what}"


def event_hash(
    stream: str,
    sequence: int,
    kind: str,
    schema: int,
    at: str,
    actor: str,
    on_behalf_of: str | None,
    body: Mapping[str, Any],
    prev_hash: str,
) -> str:
    """SHA-256 over the RFC 8785 JSON of exactly these names and values; `GENESIS` stands before sequence 1."""
    return sha256(
        canonical(
            {
                "stream": stream,
                "sequence": sequence,
                "kind": kind,
                "schema": schema,
                "at": at,
                "actor": actor,
                "on_behalf_of": on_behalf_of,
                "body": dict(body),
                "prev_hash": prev_hash,
            }
        )
    )


def hash_of(record: EventRecord, *, sequence: int | None = None) -> str:
    """What the record's hash must be; with `sequence`, what it would be at another place of its stream."""
    return event_hash(
        record.stream,
        record.sequence if sequence is None else sequence,
        record.kind,
        record.schema,
        record.at,
        record.actor,
        record.on_behalf_of,
        record.body,
        record.prev_hash,
    )


def verify_stream(
    events: Iterable[EventRecord], *, stream: str | None = None, known: Mapping[int, str] | None = None
) -> list[Finding]:
    """Every row of one stream that was edited, deleted, moved or cut off; empty when the stream is whole.

    `known` holds hashes by sequence that are known from elsewhere (the stream's head, a seal, a printed report):
    without one, a tail that was cut or rewritten to its end cannot be seen. `stream` names an empty stream.
    """
    rows = sorted(events, key=lambda event: event.sequence)
    name = stream if stream is not None else (rows[0].stream if rows else "")
    known = known or {}
    findings = [*_strangers(rows, name), *_places(rows, name, known), *_hashes(rows), *_links(rows)]
    named = {finding.sequence for finding in findings}
    findings += [finding for finding in _against(rows, name, known) if finding.sequence not in named]
    return sorted(findings, key=lambda finding: finding.sequence or 0)


def _strangers(rows: Sequence[EventRecord], name: str) -> Iterable[Finding]:
    for row in rows:
        if row.stream != name:
            what = _("This event says that it belongs to stream {stream}.", stream=row.stream)
            yield Finding(name, row.sequence, what, "moved")


def _places(rows: Sequence[EventRecord], name: str, known: Mapping[int, str]) -> Iterable[Finding]:
    counts = Counter(row.sequence for row in rows)
    last = max([0, *counts])
    for sequence, count in counts.items():
        if count > 1:
            yield Finding(name, sequence, _("This sequence number occurs {count} times.", count=count), "repeated")
        if sequence < 1:
            yield Finding(name, sequence, _("Sequence numbers start at 1."), "moved")
    for sequence in range(1, last):
        if sequence not in counts:
            yield Finding(name, sequence, _("This event is missing: it was deleted or moved."), "deleted")
    for sequence in range(last + 1, max([0, *known]) + 1):
        yield Finding(name, sequence, _("This event is missing: the end of the stream was cut off."), "cut")


def _hashes(rows: Sequence[EventRecord]) -> Iterable[Finding]:
    for row in rows:
        if hash_of(row) == row.hash:
            continue
        home = next((n for n in range(1, len(rows) + 2) if hash_of(row, sequence=n) == row.hash), None)
        if home is not None:
            what = _("This event was moved here; its place is sequence {sequence}.", sequence=home)
            yield Finding(row.stream, row.sequence, what, "moved")
        else:
            what = _("This event was edited: its fields do not give its hash.")
            yield Finding(row.stream, row.sequence, what, "edited")


def _links(rows: Sequence[EventRecord]) -> Iterable[Finding]:
    before = {row.sequence: row for row in rows}
    for row in rows:
        if hash_of(row) != row.hash:
            continue
        if row.sequence == 1:
            if row.prev_hash != GENESIS:
                what = _("This is not the first event of its stream: it names one before it.")
                yield Finding(row.stream, 1, what, "moved")
            continue
        previous = before.get(row.sequence - 1)
        if previous is not None and previous.hash != row.prev_hash and hash_of(previous) == previous.hash:
            what = _("This event was rewritten: the next one remembers another hash.")
            yield Finding(row.stream, previous.sequence, what, "rewritten")


def _against(rows: Sequence[EventRecord], name: str, known: Mapping[int, str]) -> Iterable[Finding]:
    for row in rows:
        if known.get(row.sequence, row.hash) != row.hash:
            what = _("This event was rewritten: its hash is not the one that was sealed or printed.")
            yield Finding(name, row.sequence, what, "rewritten")


@dataclass(frozen=True, slots=True)
class MerkleTree:
    """A tree over hashes, kept level by level so that each proof costs only its length."""

    levels: tuple[tuple[bytes, ...], ...]

    @property
    def root(self) -> str:
        return self.levels[-1][0].hex() if self.levels[0] else hashlib.sha256(b"").hexdigest()

    def proof(self, index: int) -> tuple[str, ...]:
        """The neighbours from the leaf up to the root, as hex."""
        if not 0 <= index < len(self.levels[0]):
            raise IndexError(f"no leaf {index} in a tree of {len(self.levels[0])}")
        path = []
        for level in self.levels[:-1]:
            neighbour = index ^ 1
            if neighbour < len(level):
                path.append(level[neighbour].hex())
            index //= 2
        return tuple(path)


def merkle_tree(leaves: Sequence[str]) -> MerkleTree:
    """The tree over event hashes (64 hex digits each), in the order given; a lone node rises as it is."""
    levels = [tuple(_leaf(leaf) for leaf in leaves)]
    while len(levels[-1]) > 1:
        level = levels[-1]
        pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        levels.append((*pairs, level[-1]) if len(level) % 2 else tuple(pairs))
    return MerkleTree(tuple(levels))


def merkle_root(leaves: Sequence[str]) -> str:
    return merkle_tree(leaves).root


def verify_inclusion(leaf: str, *, index: int, count: int, proof: Sequence[str], root: str) -> bool:
    """Whether the proof leads from this leaf, at this place of so many, to this root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < count:
        return False
    node, last = _leaf(leaf), count - 1
    for step in proof:
        if last == 0:
            return False
        neighbour = bytes.fromhex(step)
        if index % 2 or index == last:
            node = _node(neighbour, node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = _node(node, neighbour)
        index, last = index // 2, last // 2
    return last == 0 and node.hex() == root


def _leaf(leaf: str) -> bytes:
    return hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal of one period: its `number` counts from 1, `prev` is the hash of the seal before or `GENESIS`."""

    number: int
    period_from: str
    period_until: str
    root: str
    count: int
    prev: str
    hash: str = field(default="")


def seal_hash(period_from: str, period_until: str, root: str, count: int, prev: str) -> str:
    """SHA-256 over the RFC 8785 JSON of these names and values; the periods are instants as text."""
    value = {"period_from": period_from, "period_until": period_until, "root": root, "count": count, "prev": prev}
    return sha256(canonical(value))


def make_seal(leaves: Sequence[str], *, period_from: str, period_until: str, before: Seal | None) -> Seal:
    """The next seal over a period's event hashes."""
    prev = before.hash if before else GENESIS
    root = merkle_root(leaves)
    return Seal(
        number=before.number + 1 if before else 1,
        period_from=period_from,
        period_until=period_until,
        root=root,
        count=len(leaves),
        prev=prev,
        hash=seal_hash(period_from, period_until, root, len(leaves), prev),
    )


def verify_seals(
    seals: Iterable[Seal], *, leaves: Mapping[int, Sequence[str]] | None = None, whole: bool = True
) -> list[Finding]:
    """Every seal that was edited, deleted or does not follow the one before.

    `leaves` gives, by seal number, the event hashes that a seal was made over, in their order, to compare the roots.
    With `whole=False` a selection of the chain is checked: gaps between the numbers are no finding.
    """
    rows = sorted(seals, key=lambda seal: seal.number)
    findings: list[Finding] = []
    previous: Seal | None = None
    for seal in rows:
        findings += _seal_findings(seal, previous, whole=whole)
        if leaves is not None and seal.number in leaves:
            findings += _root_findings(seal, leaves[seal.number])
        previous = seal
    return findings


def _seal_findings(seal: Seal, previous: Seal | None, *, whole: bool) -> Iterable[Finding]:
    if seal_hash(seal.period_from, seal.period_until, seal.root, seal.count, seal.prev) != seal.hash:
        yield Finding(SEALS, seal.number, _("This seal was edited: its fields do not give its hash."), "edited")
    expected = previous.number + 1 if previous else 1
    if whole:
        for number in range(expected, seal.number):
            yield Finding(SEALS, number, _("This seal is missing."), "deleted")
    if seal.number == expected and seal.prev != (previous.hash if previous else GENESIS):
        yield Finding(SEALS, seal.number, _("This seal does not follow the one before it."), "moved")


def _root_findings(seal: Seal, leaves: Sequence[str]) -> Iterable[Finding]:
    if len(leaves) != seal.count:
        what = _("This seal was made over {count} events; {found} are here.", count=seal.count, found=len(leaves))
        yield Finding(SEALS, seal.number, what, "cut" if len(leaves) < seal.count else "repeated")
    elif merkle_root(leaves) != seal.root:
        yield Finding(SEALS, seal.number, _("The events of this period do not give its root."), "edited")
