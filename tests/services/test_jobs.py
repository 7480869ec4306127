"""Jobs may run twice, in plural, and die at any point; what stands in the database is done all the same, once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests import databases
from tests.factories.small import Small
from tests.ports import free_port
from tests.proofs import KILLS, SEED

from servicehall import create_app, jobs
from servicehall.clock import now
from servicehall.jobs import housekeeping, outbox
from servicehall.jobs.claims import PAUSES, Claim, Fenced, GiveUp, Kind, claim, work_off
from servicehall.jobs.engine import make_huey
from servicehall.models.access import AccessLog
from servicehall.models.base import db
from servicehall.models.operations import (
    CANCELLED,
    DONE,
    OPEN,
    PARKED,
    FormNonce,
    IdempotencyKey,
    Outbox,
    Timers,
    insert_once,
)
from servicehall.services import parked
from servicehall.web.roles import upgrade_database

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def go(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


def put(session: Session, *keys: str, at: datetime = START, channel: str = "test") -> None:
    for key in keys:
        Outbox.add(session, channel=channel, dedupe_key=key, payload={"for": key}, at=at)
    session.commit()


def effect(one: Claim) -> None:
    """One row, in one transaction with the mark that it is done."""
    session = db.session()
    AccessLog.add(session, at=one.at, person_id="p", kind="effect", subject=one.key)
    one.settle(session)
    session.commit()


def effects(session: Session) -> Counter[str]:
    session.rollback()
    return Counter(session.scalars(select(AccessLog.subject)))


def states(session: Session, model: type[Outbox] | type[Timers] = Outbox) -> dict[str, str]:
    session.rollback()
    return dict(session.execute(select(model.dedupe_key, model.state)).all())


class TestClaims:
    def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(self, session: Session) -> None:
        put(session, "a", "b", "c")
        first = claim(session, Outbox, at=START, lease=timedelta(minutes=1), limit=2)
        second = claim(session, Outbox, at=START, lease=timedelta(minutes=1))
        assert ({one.key for one in first}, {one.key for one in second}) == ({"a", "b"}, {"c"})
        assert claim(session, Outbox, at=START) == []
        later = claim(session, Outbox, at=START + timedelta(minutes=1))
        assert {one.key for one in later} == {"a", "b", "c"}
        assert {one.attempts for one in later} == {2}

    def test_what_is_not_due_is_left_alone(self, session: Session) -> None:
        put(session, "later", at=START + timedelta(seconds=1))
        assert claim(session, Outbox, at=START) == []

    def test_the_same_key_twice_is_one_row(self, session: Session) -> None:
        put(session, "a", "a")
        assert len(claim(session, Outbox, at=START)) == 1

    @pytest.mark.proves("R12")
    def test_whoever_lost_the_lease_is_fenced_off(self, session: Session) -> None:
        """The slow worker's effect is undone, the other's stands."""
        put(session, "a")
        clock = Clock()

        def slow(one: Claim) -> None:
            AccessLog.add(session, at=one.at, person_id="slow", kind="effect", subject=one.key)
            session.flush()
            session.rollback()
            clock.go(minutes=5)
            [taken_over] = claim(session, Outbox, at=clock())
            session.commit()
            effect(taken_over)
            AccessLog.add(session, at=one.at, person_id="slow", kind="effect", subject=one.key)
            one.settle(session)
            session.commit()

        work_off(Kind(Outbox, slow), clock=clock)
        assert effects(session) == {"a": 1}
        assert states(session) == {"a": DONE}

    def test_a_late_failure_does_not_touch_what_another_did(self, session: Session) -> None:
        put(session, "a")
        [early] = claim(session, Outbox, at=START, lease=timedelta(seconds=1))
        [late] = claim(session, Outbox, at=START + timedelta(seconds=1))
        late.settle(session)
        session.commit()
        with pytest.raises(Fenced):
            early.fail(session, at=START, error=OSError("too late"), pauses=PAUSES)
        assert states(session) == {"a": DONE}

    def test_a_lease_that_runs_low_is_renewed_before_the_next_row(self, session: Session) -> None:
        put(session, *(f"{number}" for number in range(6)))
        clock = Clock()

        def slow(one: Claim) -> None:
            effect(one)
            clock.go(seconds=50)

        work_off(Kind(Outbox, slow, lease=timedelta(minutes=2)), clock=clock)
        assert set(effects(session).values()) == {1}
        assert len(effects(session)) == 6


class TestFailures:
    def test_pauses_grow_and_the_last_failure_parks(self, session: Session) -> None:
        put(session, "a", "b")
        clock = Clock()
        tried: list[tuple[str, datetime]] = []

        def run(one: Claim) -> None:
            tried.append((one.key, clock()))
            if one.key == "a":
                raise OSError("the mail server is down")

        for _ in range(len(PAUSES) + 3):
            work_off(Kind(Outbox, run), clock=clock)
            clock.go(hours=13)
        times = [at for key, at in tried if key == "a"]
        assert len(times) == len(PAUSES) + 1
        assert states(session) == {"a": PARKED, "b": DONE}
        row = session.scalars(select(Outbox).where(Outbox.dedupe_key == "a")).one()
        assert row.last_error == "OSError: the mail server is down"
        assert list(PAUSES) == sorted(PAUSES)

    def test_a_failed_row_waits_for_its_pause(self, session: Session) -> None:
        put(session, "a")
        clock = Clock()
        tried: list[datetime] = []

        def run(one: Claim) -> None:
            tried.append(clock())
            raise OSError

        for _ in range(15):
            work_off(Kind(Outbox, run), clock=clock)
            clock.go(seconds=1)
        assert [(at - START).seconds for at in tried] == [0, 10]

    def test_what_cannot_succeed_is_parked_at_once_and_can_be_tried_again(self, session: Session) -> None:
        put(session, "a", channel="carrier-pigeon")
        work_off(Kind(Outbox, outbox.run), clock=Clock())
        assert states(session) == {"a": PARKED}
        row = session.scalars(select(Outbox)).one()
        assert "carrier-pigeon" in (row.last_error or "")
        assert parked.retry(session, "outbox", row.id, at=START) == 1
        assert parked.retry(session, "outbox", row.id, at=START) == 0
        session.commit()
        work_off(Kind(Outbox, effect), clock=Clock())
        assert states(session) == {"a": DONE}

    def test_one_failure_does_not_stop_the_rest(self, session: Session) -> None:
        put(session, *(f"{number:02}" for number in range(45)))

        def run(one: Claim) -> None:
            if one.key == "07":
                raise GiveUp("no")
            effect(one)

        work_off(Kind(Outbox, run), clock=Clock())
        assert len(effects(session)) == 44


class TestTimers:
    def arm(self, session: Session, key: str, due: datetime) -> None:
        Timers.add(session, kind="k", dedupe_key=key, subject="request/1", due_at=due, at=START)
        session.commit()

    def test_the_same_key_again_moves_it_and_opens_it_anew(self, session: Session) -> None:
        self.arm(session, "a", START)
        self.arm(session, "a", START + timedelta(hours=1))
        assert claim(session, Timers, at=START) == []
        work_off(Kind(Timers, effect), clock=Clock(START + timedelta(hours=1)))
        self.arm(session, "a", START + timedelta(hours=2))
        work_off(Kind(Timers, effect), clock=Clock(START + timedelta(hours=2)))
        assert effects(session) == {"a": 2}

    @pytest.mark.parametrize("which", [{"dedupe_key": "clock/1/a"}, {"prefix": "clock/1/"}, {"subject": "request/1"}])
    def test_a_cancelled_one_never_rings(self, session: Session, which: dict[str, str]) -> None:
        self.arm(session, "clock/1/a", START)
        Timers.cancel(session, **which)
        session.commit()
        work_off(Kind(Timers, effect), clock=Clock())
        assert states(session, Timers) == {"clock/1/a": CANCELLED}

    def test_a_prefix_is_no_pattern(self, session: Session) -> None:
        self.arm(session, "clock/1", START)
        Timers.cancel(session, prefix="%")
        assert states(session, Timers) == {"clock/1": OPEN}
        with pytest.raises(ValueError, match="say which"):
            Timers.cancel(session)

    def test_one_that_arms_itself_again_rings_again(self, session: Session) -> None:
        self.arm(session, "a", START)
        clock = Clock()

        def run(one: Claim) -> None:
            one.settle(session)
            AccessLog.add(session, at=one.at, person_id="p", kind="effect", subject=one.key)
            if one.at < START + timedelta(hours=2):
                Timers.add(
                    session, kind="k", dedupe_key="a", subject="s", due_at=one.at + timedelta(hours=1), at=one.at
                )
            session.commit()

        for _ in range(5):
            work_off(Kind(Timers, run), clock=clock)
            clock.go(hours=1)
        assert effects(session) == {"a": 3}


def program(database: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `forking_worker.py` on this database."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"}
    settings = database.app.extensions["servicehall.settings"]
    script = str(Path(__file__).parent / "forking_worker.py")
    return subprocess.run(
        [sys.executable, script, settings.database_url, str(settings.data_dir), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class TestProcesses:
    @pytest.mark.proves("R1")
    def test_workers_that_are_killed_amid_their_work_do_it_once(self, database: Any, session: Session) -> None:
        """So many times SIGKILL between claim and done, before the effect, amid it and after it."""
        keys = [f"{number:02}" for number in range(KILLS)]
        put(session, *keys)
        session.rollback()
        ended = program(database, "die", str(KILLS), str(SEED))
        assert ended.returncode == 0, ended.stderr
        clock = Clock(now() + timedelta(hours=1))
        work_off(Kind(Outbox, effect), clock=clock)
        assert effects(session) == dict.fromkeys(keys, 1)
        assert set(states(session).values()) == {DONE}

    @pytest.mark.proves("R2")
    def test_what_was_committed_and_woke_nobody_is_swept_up(self, database: Any, session: Session) -> None:
        """SIGKILL between commit and wake."""
        ended = program(database, "commit")
        assert ended.returncode < 0
        assert states(session) == {"committed": OPEN}
        work_off(Kind(Outbox, effect), clock=now)
        assert effects(session) == {"committed": 1}

    @pytest.mark.proves("R6")
    def test_three_workers_at_once_have_one_effect_each(self, database: Any, session: Session) -> None:
        keys = [f"{number:03}" for number in range(120)]
        put(session, *keys)
        session.rollback()
        ended = program(database, "together", "3")
        assert ended.returncode == 0, ended.stderr
        assert effects(session) == dict.fromkeys(keys, 1)


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it came true in time."""
    waiting = threading.Event()
    deadline = now() + timedelta(seconds=seconds)
    while not condition():
        if now() > deadline:
            return False
        waiting.wait(0.02)
    return True


class TestWorkers:
    @pytest.fixture
    def parked(self, app: Flask) -> Callable[[], bool]:
        def look() -> bool:
            with app.app_context():
                return db.session.scalar(select(func.count()).where(Outbox.state == PARKED)) == 1

        return look

    def put_one(self, app: Flask, key: str = "a") -> None:
        with app.app_context():
            put(db.session(), key, channel="carrier-pigeon", at=now())

    def workers(self, app: Flask, url: str, sweep: float) -> tuple[jobs.Workers, Callable[[], None]]:
        huey = make_huey(url, databases.SECRET)
        huey.storage.flush_queue()

        @huey.task(name="work_off")
        def woken() -> None:
            jobs.do_all(app)

        return jobs.Workers(app=app, huey=huey, threads=1, sweep_seconds=sweep), woken

    @pytest.mark.parametrize("queue", ["sqlite", pytest.param("redis", marks=pytest.mark.redis), "postgresql"])
    def test_a_wake_is_enough(self, app: Flask, parked: Callable[[], bool], queue: str, request: Any) -> None:
        url = {
            "sqlite": lambda: app.extensions["servicehall.settings"].queue_url,
            "redis": lambda: request.getfixturevalue("redis"),
            "postgresql": lambda: app.extensions["servicehall.settings"].database_url,
        }[queue]()
        if queue == "postgresql" and not url.startswith("postgresql"):
            pytest.skip("this database is SQLite")
        workers, woken = self.workers(app, url, sweep=3600)
        workers.start()
        try:
            self.put_one(app)
            woken()
            assert until(parked)
        finally:
            workers.stop(patience=5)

    def test_no_wake_is_needed(self, app: Flask, parked: Callable[[], bool]) -> None:
        workers, _ = self.workers(app, app.extensions["servicehall.settings"].queue_url, sweep=0.05)
        workers.start()
        try:
            self.put_one(app)
            assert until(parked)
        finally:
            workers.stop(patience=5)

    @pytest.mark.proves("R9")
    @pytest.mark.redis
    def test_redis_that_is_away_holds_nobody_up_and_work_drains_when_it_is_back(self, tmp_path: Path) -> None:
        server = shutil.which("redis-server")
        if server is None:
            pytest.skip("Redis's server is not installed")
        port = free_port()
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
        redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        settings = databases.settings_for(tmp_path, queue_url=f"redis://127.0.0.1:{port}/0", sweep_seconds=3600)
        ours = create_app(settings)
        with ours.app_context():
            upgrade_database()
        wake, workers = ours.extensions["servicehall.wake"], ours.extensions["servicehall.workers"]

        def queue() -> str:
            return str(ours.test_client().get("/readyz").get_json()["queue"])

        def parked() -> int:
            with ours.app_context():
                return db.session.scalar(select(func.count()).where(Outbox.state == PARKED)) or 0

        try:
            assert until(lambda: queue() == "ok")
            workers.start()
            self.put_one(ours, "a")
            wake()
            assert until(lambda: parked() == 1)
            redis.kill()
            redis.wait(10)
            assert queue() != "ok"
            self.put_one(ours, "b")
            wake()
            assert parked() == 1
            redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            assert until(lambda: queue() == "ok")
            self.put_one(ours, "c")
            wake()
            assert until(lambda: parked() == 3)
        finally:
            workers.stop(patience=5)
            redis.kill()
            redis.wait(10)

    @pytest.mark.proves("R9")
    def test_where_nothing_listens_the_sweep_does_it(self, tmp_path: Path) -> None:
        lonely = create_app(databases.settings_for(tmp_path, queue_url="redis://127.0.0.1:1/0", sweep_seconds=1))
        with lonely.app_context():
            upgrade_database()
        lonely.extensions["servicehall.wake"]()
        workers = lonely.extensions["servicehall.workers"]
        workers.start()
        try:
            self.put_one(lonely)

            def is_parked() -> bool:
                with lonely.app_context():
                    return db.session.scalar(select(Outbox.state)) == PARKED

            assert until(is_parked)
        finally:
            workers.stop(patience=5)

    @pytest.mark.proves("R6")
    def test_three_consumers_send_one_reminder(self, app: Flask, small: Small) -> None:
        """The whole way: a timer of a real request, three sweepers, three schedulers with their periodic tasks."""
        small.publish("approval: {stages: [{key: s, approvers: [manager: {}], remind: {every: 1 hour}}]}")
        small.at = now() - timedelta(minutes=90)
        small.order()
        db.session.remove()
        url = app.extensions["servicehall.settings"].queue_url
        consumers = [self.workers(app, url, sweep=0.1)[0] for _ in range(3)]
        for one in consumers:
            one.start()

        def reminded() -> int:
            db.session.rollback()
            return small.notices("boss").count("approval_reminder")

        try:
            assert until(lambda: reminded() > 0)
        finally:
            for one in consumers:
                one.stop(patience=5)
        assert reminded() == 1
        (again,) = small.armed("approval_reminder")
        assert again.due_at > now()

    def test_a_message_with_a_wrong_signature_is_not_read(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'queue.db'}"
        ours, theirs = make_huey(url, databases.SECRET), make_huey(url, databases.SECRET[::-1])
        theirs.task(name="work_off")(lambda: None)()
        with pytest.raises(ValueError, match="mismatch"):
            ours.dequeue()


def test_what_is_old_is_forgotten_and_what_waits_is_kept(session: Session) -> None:
    at = START + timedelta(days=60)
    put(session, "done", "open", "parked")
    for one in claim(session, Outbox, at=START):
        if one.key == "done":
            one.settle(session)
        elif one.key == "parked":
            one.fail(session, at=START, error=GiveUp("no"), pauses=PAUSES)
    for created in (START, at):
        name = created.isoformat()
        session.execute(
            insert_once(session, FormNonce, {"person_id": "p", "nonce": name, "outcome": None, "created_at": created})
        )
        key = {"person_id": "p", "key": name, "fingerprint": "f", "created_at": created}
        session.execute(insert_once(session, IdempotencyKey, key))
    session.commit()
    housekeeping.run(at)
    assert states(session) == {"open": OPEN, "parked": PARKED}
    assert session.scalars(select(FormNonce.nonce)).all() == [at.isoformat()]
    assert session.scalars(select(IdempotencyKey.key)).all() == [at.isoformat()]
