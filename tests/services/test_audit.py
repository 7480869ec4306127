"""The whole record on real tables: sealed, verified, and every hand that was laid on it named."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session
from tests.factories import company
from tests.factories.onboardings import Onboarding, make_sealed_onboarding, run_onboarding

from servicehall.clock import now
from servicehall.domain.chain import SEALS, hash_of
from servicehall.models.base import db
from servicehall.models.log import ContentRow, EventRow, ReleaseRow, Seal, SealLeaf, UnsealedEvent
from servicehall.models.requests import Participant, Request
from servicehall.services import audit, rebuilding, sealing


@pytest.fixture
def app(app: Flask, world: Callable[..., Any]) -> Flask:
    """The application in the demo company."""
    world(company.make_company)
    return app


@pytest.fixture
def case(app: Flask, world: Callable[..., Any]) -> Iterator[Onboarding]:
    """An onboarding whose events are sealed, within the application's context."""
    made = world(make_sealed_onboarding)
    with app.app_context():
        yield made


# --- sealing -------------------------------------------------------------------------------------------------


def test_everything_goes_under_seals_that_follow_one_another(app: Flask) -> None:
    with app.app_context():
        session = db.session()
        made = run_onboarding()
        events = session.scalar(select(func.count()).select_from(EventRow))
        session.rollback()
        assert sealing.seal(now(), batch=50) == events
        assert sealing.seal(now()) == 0
        assert not sealing.waiting(session)
        leaves = session.execute(select(SealLeaf.stream, SealLeaf.sequence)).all()
        assert len(set(leaves)) == len(leaves) == events
        numbers = [one.number for one in sealing.seals(session)]
        assert numbers == list(range(1, -(-(events or 0) // 50) + 1))
        found, sealed = sealing.seals_of(session, made.stream)
        assert sealed == session.scalar(select(func.count()).where(EventRow.stream == made.stream))
        assert found


def test_sealers_at_once_seal_each_event_once(app: Flask) -> None:
    with app.app_context():
        run_onboarding()
        events = db.session().scalar(select(func.count()).select_from(EventRow))
        db.session.remove()
    together = threading.Barrier(3)
    sealed: list[int] = []

    def run() -> None:
        with app.app_context():
            together.wait()
            sealed.append(sealing.seal(now(), batch=40))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert sum(sealed) == events
        assert db.session().scalar(select(func.count()).select_from(SealLeaf)) == events
        with audit.snapshot() as session:
            assert audit.verify_all(session).ok


# --- verification --------------------------------------------------------------------------------------------


def test_a_record_that_nobody_touched_is_whole(case: Onboarding) -> None:
    told: list[int] = []
    with audit.snapshot() as session:
        found = audit.verify_all(session, told.append)
        assert found.findings == ()
        assert sum(told) == found.streams == audit.count_streams(session)
        assert found.sealed == found.events
        one = audit.verify_request(session, session.get_one(Request, case.id))
        assert (one.ok, one.streams) == (True, 1)
        assert one.contents > 5
        assert rebuilding.replay_check(session) == []


def test_parts_add_up_to_the_whole(case: Onboarding) -> None:
    with audit.snapshot() as session:
        whole = audit.verify_all(session)
        parts = audit.Verification()
        place: str | None = ""
        while place is not None:
            part, place = audit.verify_page(session, after=place, limit=70)
            parts = parts.plus(part)
        assert parts == whole


def test_events_that_wait_for_a_seal_are_whole_too(app: Flask) -> None:
    with app.app_context():
        run_onboarding()
        with audit.snapshot() as session:
            found = audit.verify_all(session)
        assert found.ok
        assert found.sealed == 0


@contextmanager
def behind_the_log() -> Iterator[Session]:
    """A hand in the database: triggers off, and everything undone at the end."""
    db.session.rollback()
    with db.engine.connect() as connection:
        session = Session(connection)
        if connection.dialect.name == "postgresql":
            session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            for name in names:
                session.execute(text(f"DROP TRIGGER {name}"))
        try:
            yield session
        finally:
            session.rollback()
            connection.rollback()


def at(case: Onboarding, sequence: int) -> Any:
    return (EventRow.stream == case.stream) & (EventRow.sequence == sequence)


def event(session: Session, case: Onboarding, sequence: int) -> EventRow:
    return session.scalars(select(EventRow).where(at(case, sequence))).one()


def last(session: Session, case: Onboarding) -> int:
    return session.scalar(select(func.max(EventRow.sequence)).where(EventRow.stream == case.stream)) or 0


Hand = Callable[[Session, Onboarding], None]


def edit(session: Session, case: Onboarding) -> None:
    body = {**event(session, case, 5).body, "quorum": 7}
    session.execute(update(EventRow).where(at(case, 5)).values(body=body))


def edit_who(session: Session, case: Onboarding) -> None:
    session.execute(update(EventRow).where(at(case, 5)).values(actor="system:somebody"))


def edit_and_hash(session: Session, case: Onboarding) -> None:
    row = event(session, case, 5)
    record = replace(audit.as_record(row), actor="system:somebody")
    session.execute(update(EventRow).where(at(case, 5)).values(actor=record.actor, hash=hash_of(record)))


def rewrite_to_the_end(session: Session, case: Onboarding) -> None:
    """Everything from the fifth on anew, with hashes that agree."""
    rows = session.scalars(
        select(EventRow).where(EventRow.stream == case.stream, EventRow.sequence >= 5).order_by(EventRow.sequence)
    ).all()
    records = [audit.as_record(row) for row in rows]
    prev = records[0].prev_hash
    for record in records:
        made = replace(record, actor="system:somebody", prev_hash=prev)
        prev = hash_of(made)
        changed = {"actor": made.actor, "prev_hash": made.prev_hash, "hash": prev}
        session.execute(update(EventRow).where(at(case, record.sequence)).values(changed))


def remove(session: Session, case: Onboarding) -> None:
    session.execute(delete(EventRow).where(at(case, 5)))


def remove_first(session: Session, case: Onboarding) -> None:
    session.execute(delete(EventRow).where(at(case, 1)))


def swap(session: Session, case: Onboarding) -> None:
    for old, new in ((5, 9_005), (6, 5), (9_005, 6)):
        session.execute(update(EventRow).where(at(case, old)).values(sequence=new))


def move_elsewhere(session: Session, case: Onboarding) -> None:
    other = session.scalar(select(EventRow.stream).where(EventRow.stream.startswith("group/")).limit(1))
    session.execute(update(EventRow).where(at(case, 5)).values(stream=other, sequence=2))


def cut(session: Session, case: Onboarding) -> None:
    end = last(session, case)
    session.execute(delete(EventRow).where(EventRow.stream == case.stream, EventRow.sequence > end - 2))


def remove_all(session: Session, case: Onboarding) -> None:
    session.execute(delete(EventRow).where(EventRow.stream == case.stream))


def edit_content(session: Session, case: Onboarding) -> None:
    row = event(session, case, 1)
    session.execute(update(ContentRow).where(ContentRow.sha256 == row.body["content"]).values(data='{"full_name":"X"}'))


def remove_content(session: Session, case: Onboarding) -> None:
    session.execute(delete(ContentRow).where(ContentRow.sha256 == event(session, case, 1).body["content"]))


def edit_release(session: Session, case: Onboarding) -> None:
    digest = event(session, case, 1).body["release"]
    session.execute(update(ReleaseRow).where(ReleaseRow.sha256 == digest).values(data="{}"))


def unseal(session: Session, case: Onboarding) -> None:
    session.execute(delete(SealLeaf).where(SealLeaf.stream == case.stream, SealLeaf.sequence == 5))


NAMED: dict[str, tuple[Hand, tuple[int, ...], str]] = {
    "edited": (edit, (5,), "edited"),
    "another actor": (edit_who, (5,), "edited"),
    "edited with its hash": (edit_and_hash, (5,), "rewritten"),
    "deleted": (remove, (5,), "deleted"),
    "the first deleted": (remove_first, (1,), "deleted"),
    "swapped": (swap, (5, 6), "moved"),
    "content edited": (edit_content, (1,), "content_edited"),
    "content deleted": (remove_content, (1,), "content_deleted"),
    "release edited": (edit_release, (1,), "content_edited"),
    "taken from its seal": (unseal, (5,), "unsealed"),
}


@pytest.mark.proves("R13")
def test_what_was_done_to_an_event_is_said_of_it(case: Onboarding) -> None:
    for done, (hand, sequences, code) in NAMED.items():
        with behind_the_log() as session:
            row = session.get_one(Request, case.id)
            hand(session, case)
            for found in (audit.verify_all(session), audit.verify_request(session, row)):
                of_case = [one for one in found.findings if one.stream == case.stream]
                assert tuple(one.sequence for one in of_case) == sequences, done
                assert {one.code for one in of_case} == {code}, done
                assert not found.ok


def test_a_tail_that_was_rewritten_is_held_against_its_seals(case: Onboarding) -> None:
    with behind_the_log() as session:
        rewrite_to_the_end(session, case)
        findings = audit.verify_all(session).findings
        assert [one.sequence for one in findings] == list(range(5, last(session, case) + 1))
        assert {one.code for one in findings} == {"rewritten"}


@pytest.mark.proves("R13")
def test_an_event_in_another_stream_is_told_by_its_place(case: Onboarding) -> None:
    with behind_the_log() as session:
        move_elsewhere(session, case)
        codes = {(one.stream, one.sequence): one for one in audit.verify_all(session).findings}
        assert codes[case.stream, 5].code == "deleted"
        (moved,) = [one for place, one in codes.items() if place[0].startswith("group/")]
        assert (moved.sequence, moved.code) == (2, "moved")
        assert f"{case.stream} 5" in moved.what


@pytest.mark.proves("R13")
def test_a_tail_that_was_cut_off_is_missed(case: Onboarding) -> None:
    with behind_the_log() as session:
        end = last(session, case)
        cut(session, case)
        findings = audit.verify_all(session).findings
        assert [(one.sequence, one.code) for one in findings] == [(end - 1, "cut"), (end, "cut")]


def test_a_whole_stream_that_is_gone_is_missed(case: Onboarding) -> None:
    with behind_the_log() as session:
        end = last(session, case)
        remove_all(session, case)
        findings = audit.verify_all(session).findings
        assert [(one.stream, one.sequence) for one in findings] == [(case.stream, n) for n in range(1, end + 1)]


def test_what_waits_for_its_seal_is_missed_when_it_is_gone(app: Flask) -> None:
    with app.app_context():
        case = run_onboarding()
        with behind_the_log() as session:
            end = last(session, case)
            cut(session, case)
            findings = audit.verify_all(session).findings
            assert [(one.sequence, one.code) for one in findings] == [(end - 1, "cut"), (end, "cut")]
            of_tail = (UnsealedEvent.stream == case.stream) & (UnsealedEvent.sequence > end - 2)
            session.execute(delete(UnsealedEvent).where(of_tail))
            assert audit.verify_all(session).ok, "an unsealed end without its queue leaves no trace in the log"
            assert rebuilding.replay_check(session), "but the tables remember it"


def test_a_seal_that_was_edited_or_removed_is_named(case: Onboarding) -> None:
    with behind_the_log() as session:
        session.execute(update(Seal).where(Seal.number == 2).values(root="0" * 64))
        assert {(one.stream, one.sequence) for one in audit.verify_seals(session).findings} == {(SEALS, 2)}
    with behind_the_log() as session:
        session.execute(delete(Seal).where(Seal.number == 2))
        assert (SEALS, 2, "deleted") in _places(audit.verify_seals(session, roots=False))
    with behind_the_log() as session:
        newest = session.scalar(select(func.max(Seal.number)))
        session.execute(delete(Seal).where(Seal.number == newest))
        assert _places(audit.verify_seals(session)) == {(SEALS, newest, "cut")}
    with behind_the_log() as session:
        session.execute(delete(SealLeaf).where(SealLeaf.seal == 2, SealLeaf.position == 3))
        assert _places(audit.verify_seals(session)) == {(SEALS, 2, "cut")}
    with behind_the_log() as session:
        session.execute(update(SealLeaf).where(SealLeaf.seal == 2, SealLeaf.position == 3).values(hash="0" * 64))
        assert _places(audit.verify_seals(session)) == {(SEALS, 2, "edited")}


def _places(found: audit.Verification) -> set[tuple[str, int | None, str]]:
    return {(one.stream, one.sequence, one.code) for one in found.findings}


def test_what_the_law_erased_is_no_finding(case: Onboarding) -> None:
    with behind_the_log() as session:
        digest = event(session, case, 1).body["content"]
        erased = {"data": None, "salt": None, "erased_at": now()}
        session.execute(update(ContentRow).where(ContentRow.sha256 == digest).values(erased))
        found = audit.verify_request(session, session.get_one(Request, case.id))
        assert (found.ok, found.erased) == (True, 1)


# --- the tables against the log ------------------------------------------------------------------------------


def test_a_state_that_was_changed_behind_the_log_is_named(case: Onboarding) -> None:
    with behind_the_log() as session:
        session.execute(update(Request).where(Request.id == case.id).values(state="closed"))
        assert audit.verify_all(session).ok
        (line,) = rebuilding.replay_check(session)
        assert f"requests {case.id}.state" in line
        assert "closed" in line


def test_a_row_that_no_event_made_is_named(case: Onboarding) -> None:
    with behind_the_log() as session:
        stranger = {"request_id": "0" * 36, "person_id": "1" * 36, "role": "watcher", "at": now()}
        session.execute(insert(Participant).values(stranger))
        (line,) = rebuilding.replay_check(session)
        assert line.startswith(f"participants {'0' * 36}")


def test_an_event_that_cannot_be_replayed_is_named_and_the_others_are_compared(case: Onboarding) -> None:
    with behind_the_log() as session:
        session.execute(update(EventRow).where(at(case, 5)).values(kind="approval.unheard_of"))
        lines = rebuilding.replay_check(session)
        assert len(lines) == 1
        assert lines[0].startswith(case.stream)


# --- the command ---------------------------------------------------------------------------------------------

Run = Callable[..., Result]


def test_the_command_verifies_everything_one_request_and_the_tables(app: Flask, run: Run) -> None:
    with app.app_context():
        number = run_onboarding().number
        db.session.rollback()
        sealing.seal(now())
        db.session.remove()
    whole = run("audit", "verify", "--all", "--json")
    assert whole.exit_code == 0, whole.output
    assert json.loads(whole.stdout)["ok"] is True
    one = run("audit", "verify", "--request", number)
    assert one.exit_code == 0, one.output
    tables = run("audit", "replay", "--check", "--json")
    assert tables.exit_code == 0, tables.output
    assert json.loads(tables.stdout)["differences"] == []
    assert run("audit", "verify", "--request", "REQ-999999").exit_code == 1
    assert run("audit", "verify").exit_code == 2


def test_the_command_says_what_is_broken_and_where(app: Flask, run: Run) -> None:
    """A content's salt is no part of any row, so that the replay after the test is not disturbed."""
    with app.app_context():
        case = run_onboarding()
        digest = event(db.session(), case, 1).body["content"]
        with behind_the_log() as session:
            session.execute(update(ContentRow).where(ContentRow.sha256 == digest).values(salt="00" * 16))
            found = audit.verify_request(session, session.get_one(Request, case.id))
        db.session.remove()
        (finding,) = found.findings
        assert str(finding) == f"{case.stream} 1: Content {digest[:12]}, which this event names, was edited."
