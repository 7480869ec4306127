"""The clock on the wall: put forward, put back, changed for summer and winter, and on 29 February."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy.orm import Session
from tests.factories.small import Small
from tests.services.test_deputies import holder
from tests.services.test_jobs import Clock, effect, effects, put

from servicehall.jobs.claims import Claim, Kind, claim, work_off
from servicehall.models.base import db
from servicehall.models.operations import Outbox
from servicehall.services import audit, delegations, sealing

pytestmark = [pytest.mark.parametrize("database", ["sqlite"], indirect=True), pytest.mark.proves("R7")]
CHAIN = "approval: {stages: [{key: one, approvers: [manager: {}], remind: {every: 30 minutes}}]}\n"
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}\n"
MEASURES = ("response", "resolution", "approval", "task")
TARGETS = ", ".join(f"{{measure: {one}, by_priority: {{p3: 4 hours}}}}" for one in MEASURES)
SLA = f"sla: {{calendar: 24x7, priority: p3, targets: [{TARGETS}]}}\n"
SECOND = timedelta(seconds=1)


JUMPS = {" ".join(names): names for names in product(("back", "forward"), repeat=3)}


@pytest.mark.parametrize("name", JUMPS)
def test_a_request_lives_through_a_clock_that_is_put_forward_and_back(small: Small, name: str) -> None:
    """Nothing is refused, nothing rings twice, no time is negative, and the record verifies."""
    small.publish(CHAIN + TASKS + SLA)
    made = small.order()
    acts: list[Callable[[], None]] = [
        lambda: small.decide("boss", "approve", made),
        lambda: small.do("dan", "claim", made, "a"),
        lambda: small.do("dan", "complete", made, "a"),
    ]
    for jump, act in zip(JUMPS[name], acts, strict=True):
        small.go(hours=1 if jump == "forward" else -1)
        small.ring_due()
        act()
        db.session.rollback()
        sealing.seal(small.at)
    assert small.state(made) == "resolved"
    assert {clock.state for clock in small.clocks(made).values()} == {"met"}
    assert all((clock.elapsed_seconds or 0) >= 0 for clock in small.clocks(made).values())
    assert small.notices("boss").count("approval_reminder") == (2 if name.startswith("forward") else 0)
    db.session.rollback()
    with audit.snapshot() as session:
        assert audit.verify_all(session).ok


def test_what_was_done_by_a_clock_that_was_ahead_is_not_done_again(session: Session) -> None:
    clock = Clock()
    put(session, "due in an hour", at=clock() + timedelta(hours=1))
    for hours in (1, -1, 1, 1):
        clock.go(hours=hours)
        work_off(Kind(Outbox, effect), clock=clock)
    assert effects(session) == {"due in an hour": 1}


def test_a_clock_put_forward_amid_a_lease_ends_it_and_the_slow_worker_is_fenced_off(session: Session) -> None:
    put(session, "a")
    clock = Clock()

    def slow(one: Claim) -> None:
        session.rollback()
        clock.go(hours=1)
        work_off(Kind(Outbox, effect), clock=clock)
        effect(one)

    work_off(Kind(Outbox, slow), clock=clock)
    assert effects(session) == {"a": 1}


def test_a_worker_that_died_with_its_clock_ahead_holds_nothing_up_for_longer_than_that(session: Session) -> None:
    put(session, "a")
    clock = Clock()
    clock.go(hours=1)
    assert len(claim(session, Outbox, at=clock(), lease=timedelta(minutes=2))) == 1
    session.commit()
    clock.go(hours=-1)
    work_off(Kind(Outbox, effect), clock=clock)
    assert effects(session) == {}
    clock.go(minutes=62)
    work_off(Kind(Outbox, effect), clock=clock)
    assert effects(session) == {"a": 1}


BERLIN = "kind: calendar\ndepartment: it\nkey: berlin\ntime_zone: Europe/Berlin\nweek: {mon-sun: ['%s']}\n"
DAY, NIGHT = "09:00-17:00", "00:00-24:00"
DUES = {
    "four hours over the hour that is skipped": (NIGHT, "4 hours", "2027-03-27T23:00", "2027-03-28T03:00"),
    "four hours over the hour that comes twice": (NIGHT, "4 hours", "2026-10-24T22:00", "2026-10-25T02:00"),
    "a business day into summer": (DAY, "1 business day", "2027-03-27T10:00", "2027-03-28T09:00"),
    "a business day into winter": (DAY, "1 business day", "2026-10-24T09:00", "2026-10-25T10:00"),
    "two days into summer": (DAY, "2 days", "2027-03-27T10:00", "2027-03-29T10:00"),
    "two days into winter": (DAY, "2 days", "2026-10-24T09:00", "2026-10-26T09:00"),
    "a business day to 29 February": (DAY, "1 business day", "2028-02-28T10:00", "2028-02-29T10:00"),
    "a business day from 29 February": (DAY, "1 business day", "2028-02-29T10:00", "2028-03-01T10:00"),
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", DUES)
def test_a_target_is_due_and_rings_at_its_moment(small: Small, name: str) -> None:
    hours, target, start, due = DUES[name]
    promise = f"{{measure: resolution, by_priority: {{p3: {target}}}}}"
    small.publish(f"{TASKS}sla: {{calendar: berlin, priority: p3, targets: [{promise}]}}\n", berlin=BERLIN % hours)
    small.at = utc(start)
    made = small.order()
    assert small.clocks(made)["resolution"].due_at == utc(due)
    small.at = utc(due) - SECOND
    assert small.ring_due() == []
    small.at = utc(due)
    assert small.ring_due() == ["clock_due"]
    assert small.clocks(made)["resolution"].state == "breached"


DAYS = {
    "the day of 23 hours": (date(2027, 3, 28), "2027-03-27T23:00", "2027-03-28T22:00"),
    "the day of 25 hours": (date(2026, 10, 25), "2026-10-24T22:00", "2026-10-25T23:00"),
    "29 February": (date(2028, 2, 29), "2028-02-28T23:00", "2028-02-29T23:00"),
}


@pytest.mark.parametrize("name", DAYS)
def test_a_deputy_stands_in_from_midnight_to_midnight(small: Small, name: str) -> None:
    day, since, until = DAYS[name]
    small.at = utc(since) - timedelta(days=1)
    small.person("berta", time_zone="Europe/Berlin")
    small.publish("approval: {stages: [{key: one, approvers: [person: berta@example.com]}]}")
    made = small.order()
    delegations.delegate(
        deputy="sec@example.com", since=day, until=day, departments=None, viewer=small.viewer("berta"), at=small.at
    )
    for moment, name_then in (
        (utc(since) - SECOND, "berta"),
        (utc(since), "sec"),
        (utc(until) - SECOND, "sec"),
        (utc(until), "berta"),
    ):
        small.at = moment
        small.ring_due()
        assert holder(small, made) == name_then, moment
