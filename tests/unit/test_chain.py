"""What was edited, deleted, moved or cut off in the log is named, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.reports import STREAM, edited, stream

from servicehall.content import canonical, sha256
from servicehall.domain.chain import (
    GENESIS,
    EventRecord,
    Seal,
    event_hash,
    hash_of,
    make_seal,
    merkle_root,
    merkle_tree,
    seal_hash,
    verify_inclusion,
    verify_seals,
    verify_stream,
)

Log = list[EventRecord]


def log(length: int = 6) -> Log:
    return stream({"number": number} for number in range(1, length + 1))


def test_an_event_hash_covers_the_nine_named_fields_as_canonical_json() -> None:
    record = log(1)[0]
    fields = {
        "actor": record.actor,
        "at": record.at,
        "body": {"number": 1},
        "kind": record.kind,
        "on_behalf_of": None,
        "prev_hash": GENESIS,
        "schema": 1,
        "sequence": 1,
        "stream": STREAM,
    }
    assert record.hash == sha256(canonical(fields))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stream", "request:other"),
        ("sequence", 2),
        ("kind", "request.closed"),
        ("schema", 2),
        ("at", "2026-11-16T01:12:08Z"),
        ("actor", "person:somebody"),
        ("on_behalf_of", "person:somebody"),
        ("body", {"number": 2}),
        ("prev_hash", "1" * 64),
    ],
)
def test_every_field_counts_in_the_hash(name: str, value: object) -> None:
    record = log(1)[0]
    assert hash_of(edited(record, **{name: value})) != record.hash


def test_the_hash_does_not_depend_on_the_order_of_the_body() -> None:
    one = event_hash(STREAM, 1, "k", 1, "2026-01-01T00:00:00Z", "a", None, {"a": 1, "b": 2}, GENESIS)
    two = event_hash(STREAM, 1, "k", 1, "2026-01-01T00:00:00Z", "a", None, {"b": 2, "a": 1}, GENESIS)
    assert one == two


def test_a_whole_stream_has_no_finding_in_whatever_order_it_is_read() -> None:
    rows = log()
    assert verify_stream(reversed(rows), known={6: rows[5].hash}) == []
    assert verify_stream([]) == []


def swap(rows: Log) -> Log:
    return [*rows[:1], edited(rows[2], sequence=2), edited(rows[1], sequence=3), *rows[3:]]


def rehash(row: EventRecord, **values: object) -> EventRecord:
    changed = edited(row, **values)
    return replace(changed, hash=hash_of(changed))


def rewrite_from(rows: Log, index: int) -> Log:
    """Somebody who knows the rule edits a row and recomputes all that follow."""
    done = rows[:index]
    for row in rows[index:]:
        body = {"number": 99} if row.sequence == index + 1 else row.body
        done.append(rehash(row, body=body, prev_hash=done[-1].hash if done else GENESIS))
    return done


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (lambda rows: [*rows[:2], edited(rows[2], body={"number": 7}), *rows[3:]], [(3, "edited")]),
        (lambda rows: [*rows[:2], edited(rows[2], actor="person:x"), *rows[3:]], [(3, "edited")]),
        (lambda rows: [*rows[:2], edited(rows[2], hash="0" * 64), *rows[3:]], [(3, "edited")]),
        (lambda rows: [*rows[:2], rehash(rows[2], body={"number": 7}), *rows[3:]], [(3, "rewritten")]),
        (lambda rows: [*rows[:2], *rows[3:]], [(3, "deleted")]),
        (lambda rows: rows[1:], [(1, "deleted")]),
        (lambda rows: rows[:4], [(5, "cut"), (6, "cut")]),
        (lambda rows: [], [(sequence, "cut") for sequence in range(1, 7)]),
        (swap, [(2, "moved"), (3, "moved")]),
        (lambda rows: [*rows[:5], edited(rows[5], sequence=8)], [(6, "deleted"), (7, "deleted"), (8, "moved")]),
        (lambda rows: [*rows, rows[2]], [(3, "repeated")]),
        (lambda rows: [*rows[:2], edited(rows[2], stream="request:other"), *rows[3:]], [(3, "moved"), (3, "edited")]),
        (lambda rows: rewrite_from(rows, 3), [(6, "rewritten")]),
        (lambda rows: rewrite_from(rows, 0), [(6, "rewritten")]),
    ],
)  # fmt: skip
def test_what_was_done_to_a_row_is_said_with_its_sequence(
    tamper: Callable[[Log], Log], expected: list[tuple[int, str]]
) -> None:
    rows = log()
    found = verify_stream(tamper(rows), stream=STREAM, known={6: rows[5].hash})
    assert [(finding.sequence, finding.code) for finding in found] == expected
    assert {finding.stream for finding in found} <= {STREAM, "request:other"}


def test_a_moved_row_is_told_where_it_belongs() -> None:
    rows = log()
    said = [str(finding) for finding in verify_stream(swap(rows))]
    assert said[0] == f"{STREAM} 2: This event was moved here; its place is sequence 3."


def test_a_first_event_that_names_another_before_it_is_the_rest_of_a_longer_stream() -> None:
    rows = log()
    first = rehash(rows[3], sequence=1)
    assert [finding.code for finding in verify_stream([first])] == ["moved"]


@given(st.integers(1, 12), st.data())
def test_any_single_change_is_found(length: int, data: st.DataObject) -> None:
    rows = log(length)
    place = data.draw(st.integers(0, length - 1))
    name, value = data.draw(
        st.sampled_from([("actor", "x"), ("at", "2020-01-01T00:00:00Z"), ("kind", "x"), ("body", {}), ("schema", 3)])
    )
    rows[place] = edited(rows[place], **{name: value})
    assert [finding.sequence for finding in verify_stream(rows)] == [place + 1]


hashes = st.lists(st.integers(0, 2**32).map(lambda number: sha256(str(number).encode())), max_size=24, unique=True)


def rfc6962(leaves: list[str]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word, to hold the quick tree against."""
    import hashlib

    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + bytes.fromhex(leaves[0])).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + rfc6962(leaves[:half]) + rfc6962(leaves[half:])).digest()


@given(hashes)
def test_the_tree_is_that_of_rfc_6962(leaves: list[str]) -> None:
    assert merkle_root(leaves) == rfc6962(leaves).hex()


@given(hashes)
def test_each_leaf_is_proved_at_its_place_and_nowhere_else(leaves: list[str]) -> None:
    root = merkle_root(leaves)
    tree = merkle_tree(leaves)
    for index, leaf in enumerate(leaves):
        proof = tree.proof(index)
        assert verify_inclusion(leaf, index=index, count=len(leaves), proof=proof, root=root)
        for other in range(len(leaves)):
            proven = verify_inclusion(leaf, index=other, count=len(leaves), proof=proof, root=root)
            assert proven == (other == index)


def test_a_proof_for_another_leaf_root_or_length_fails() -> None:
    leaves = [sha256(bytes([number])) for number in range(7)]
    tree = merkle_tree(leaves)
    root, proof = tree.root, tree.proof(3)
    assert not verify_inclusion(leaves[2], index=3, count=7, proof=proof, root=root)
    assert not verify_inclusion(leaves[3], index=3, count=7, proof=proof, root=sha256(b""))
    assert not verify_inclusion(leaves[3], index=3, count=7, proof=proof[:-1], root=root)
    assert not verify_inclusion(leaves[3], index=3, count=7, proof=(*proof, root), root=root)
    assert not verify_inclusion(leaves[3], index=7, count=7, proof=proof, root=root)
    with pytest.raises(IndexError, match="no leaf 7"):
        tree.proof(7)


def test_an_inner_node_cannot_stand_for_a_leaf() -> None:
    leaves = [sha256(bytes([number])) for number in range(4)]
    inner = merkle_tree(leaves).levels[1]
    assert merkle_root([node.hex() for node in inner]) != merkle_root(leaves)


PERIODS = [[sha256(f"{period}.{number}".encode()) for number in range(period)] for period in (3, 0, 5, 1)]


def seals() -> list[Seal]:
    made: list[Seal] = []
    for number, leaves in enumerate(PERIODS):
        before = made[-1] if made else None
        start, end = f"2026-11-{number + 1:02}T00:00:00Z", f"2026-11-{number + 2:02}T00:00:00Z"
        made.append(make_seal(leaves, period_from=start, period_until=end, before=before))
    return made


LEAVES = dict(enumerate(PERIODS, start=1))


def test_a_whole_chain_of_seals_has_no_finding() -> None:
    chain = seals()
    assert [seal.number for seal in chain] == [1, 2, 3, 4]
    assert chain[0].prev == GENESIS
    assert verify_seals(reversed(chain), leaves=LEAVES) == []


def resealed(seal: Seal, **values: object) -> Seal:
    """The seal with other fields and the hash that they give."""
    other = replace(seal, **values)  # type: ignore[arg-type]
    made = seal_hash(other.period_from, other.period_until, other.root, other.count, other.prev)
    return replace(other, hash=made)


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (lambda rows: [rows[0], replace(rows[1], count=2), *rows[2:]], [(2, "edited"), (2, "cut")]),
        (lambda rows: [rows[0], *rows[2:]], [(2, "deleted")]),
        (lambda rows: rows[1:], [(1, "deleted")]),
        (lambda rows: [*rows[:2], resealed(rows[2], root="0" * 64), rows[3]], [(3, "edited"), (4, "moved")]),
        (lambda rows: [resealed(rows[0], prev="1" * 64), *rows[1:]], [(1, "moved"), (2, "moved")]),
    ],
)
def test_a_broken_seal_is_named(tamper: Callable[[list[Seal]], list[Seal]], expected: list[tuple[int, str]]) -> None:
    found = verify_seals(tamper(seals()), leaves=LEAVES)
    assert [(finding.sequence, finding.code) for finding in found] == expected


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [(PERIODS[2][:4], "cut"), ([*PERIODS[2], PERIODS[0][0]], "repeated"), (PERIODS[2][::-1], "edited")],
)
def test_events_that_a_seal_was_not_made_over_are_found(leaves: list[str], expected: str) -> None:
    found = verify_seals(seals(), leaves={**LEAVES, 3: leaves})
    assert [(finding.sequence, finding.code) for finding in found] == [(3, expected)]


def test_some_seals_of_a_chain_can_be_checked_alone() -> None:
    chain = seals()
    assert verify_seals([chain[1], chain[3]], whole=False) == []
    assert [finding.code for finding in verify_seals([chain[1], chain[3]])] == ["deleted", "deleted"]
