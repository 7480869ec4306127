"""Clocks that run move to another calendar or policy only by an order that was seen before, one family at a time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.factories.small import START, Small, refusal

from servicehall.domain import events as e
from servicehall.models.base import db
from servicehall.models.clocks import Clock
from servicehall.models.log import EventRow
from servicehall.services import recomputation, recomputation_orders, timers
from servicehall.services.recomputation import Preview, Scope

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}\n"
EVERYTHING = Scope()
NINE, SEVEN = "09:00-17:00", "09:00-16:00"


def hours(day: str = NINE, more: str = "") -> str:
    return f"kind: calendar\ndepartment: it\nkey: hours\ntime_zone: UTC\nweek: {{mon-fri: ['{day}']}}\n{more}"


def sla(by: str = "{p3: 12 hours}", more: str = "", *, measure: str = "resolution", calendar: str = "hours") -> str:
    return (
        f"sla: {{calendar: {calendar}, priority: p3,"
        f" targets: [{{measure: {measure}, by_priority: {by}, pause: [on_hold]{more}}}]}}\n"
    )


def publish(small: Small, policy: str, calendar: str = NINE, more: str = "") -> None:
    small.publish(TASKS + policy, hours=hours(calendar, more))


def seen(small: Small, **scope: Any) -> Preview:
    db.session.expire_all()
    return recomputation.preview(db.session(), Scope(**scope), at=small.at)


def recompute(small: Small, **scope: Any) -> str:
    basis = seen(small, **scope).basis
    db.session.rollback()
    made, _preview = recomputation_orders.order(
        db.session(), Scope(**scope), basis=basis, actor=small.ids["root"], at=small.at, comment="New hours"
    )
    return made


def clock_of(small: Small, made: str, measure: str = "resolution") -> Clock:
    return small.clocks(made)[measure]


def changes(made: str) -> list[tuple[str, dict[str, Any]]]:
    """Who changed clocks of a request, and why, after they were started."""
    rows = db.session.scalars(select(EventRow).where(EventRow.stream == f"request/{made}").order_by(EventRow.sequence))
    return [
        (row.actor, event.why or {})
        for row in rows
        if isinstance(event := e.read_event(row.kind, row.schema, row.body), e.ClockChanged | e.ClockStopped)
    ]


def at(day: int, hour: int) -> Any:
    """An hour of November 2026; the 23rd, when everything starts at nine, is a Monday."""
    return START.replace(day=day, hour=hour)


def test_an_edited_calendar_moves_running_clocks_by_an_order_only(small: Small) -> None:
    publish(small, sla())
    made = small.order()
    assert clock_of(small, made).due_at == at(24, 13)
    publish(small, sla(), SEVEN)
    small.go(hours=1)
    small.act("dan", "hold", made)
    small.go(hours=1)
    small.act("dan", "release", made)
    assert clock_of(small, made).due_at == at(24, 14), "a pause goes by the hours that the clock was started with"
    [move] = seen(small).moves
    assert (move.because, move.clock.due_at, move.due_at) == (("calendar",), at(24, 14), at(24, 15))
    order = recompute(small)
    assert clock_of(small, made).due_at == at(24, 14), "until a job carries it"
    assert small.ring_due() == ["clock_recompute"]
    clock = clock_of(small, made)
    assert (clock.due_at, clock.calendar["version"], len(clock.pauses)) == (at(24, 15), 2, 1)
    actor, why = changes(made)[-1]
    assert actor == small.ids["root"]
    assert (why["code"], why["because"], why["order"]) == ("recomputed", ["calendar"], order)
    assert [one.due_at for one in small.armed("clock_due")] == [at(24, 15)]
    assert seen(small).moves == []


@on_sqlite
def test_a_breach_is_withdrawn_where_the_due_moment_moves_later(small: Small) -> None:
    publish(small, sla("{p3: 2 hours}"))
    made = small.order()
    small.go(hours=3)
    small.ring_due()
    assert clock_of(small, made).state == "breached"
    publish(small, sla("{p3: 2 hours}"), "10:00-17:00", "open: [{date: 2026-11-23, hours: ['11:30-17:00']}]\n")
    [move] = seen(small).moves
    assert (move.withdraws, move.misses, move.due_at) == (True, False, START.replace(hour=13, minute=30))
    recompute(small)
    small.ring_due()
    clock = clock_of(small, made)
    assert (clock.state, clock.breached_at) == ("running", None)
    assert changes(made)[-1][1]["withdrawn"] is True


STEPS = ", escalate: [{at: 25%, do: [{notify: [requester]}]}, {at: 50%, do: [{notify: [{person: sec@example.com}]}]}]"


@on_sqlite
def test_where_the_due_moment_moves_earlier_the_latest_step_acts_and_the_clock_is_missed(small: Small) -> None:
    publish(small, sla(more=STEPS))
    made = small.order()
    small.go(hours=2)
    publish(small, sla("{p3: 2 hours}", STEPS))
    [move] = seen(small).moves
    assert (move.because, move.acts, move.passes_over, move.misses) == (("policy",), ("50%",), ("25%",), True)
    recompute(small)
    small.ring_due(late=True)
    clock = clock_of(small, made)
    assert (clock.state, [one["state"] for one in clock.steps]) == ("breached", ["passed_over", "done"])
    assert (small.notices("asks"), small.notices("sec")) == ([], ["clock_breached"])


@on_sqlite
def test_a_policy_is_pinned_until_the_clock_is_moved_to_the_published_one(small: Small) -> None:
    publish(small, sla(more=STEPS))
    made = small.order()
    small.go(hours=3)
    small.ring_due()
    publish(small, sla("{p3: 20 hours, p2: 4 hours}", STEPS.replace("50%", "40%")))
    assert clock_of(small, made).due_at == at(24, 13)
    recompute(small)
    small.ring_due()
    clock = clock_of(small, made)
    assert (clock.due_at, clock.target) == (at(25, 13), "20 hours")
    assert [one["state"] for one in clock.steps] == ["done", "waiting"], "each step once, known by its moment"
    small.go(days=1)
    small.ring_due()
    assert small.notices("sec") == ["clock_due_soon"], "the step acts as the published policy says"
    assert small.notices("asks").count("clock_due_soon") == 1


@on_sqlite
def test_a_clock_whose_target_is_no_more_ends_and_says_why(small: Small) -> None:
    publish(small, sla())
    made = small.order()
    publish(small, sla(measure="response"))
    [move] = seen(small).moves
    assert (move.ends, move.due_at) == (True, None)
    recompute(small)
    small.ring_due()
    assert clock_of(small, made).state == "cancelled"
    assert changes(made)[-1][1]["code"] == "recomputed"
    assert "response" not in small.clocks(made), "a target that is new is for what is sent from now on"


@on_sqlite
def test_the_published_policy_says_whether_the_clock_stands_still_from_now_on(small: Small) -> None:
    publish(small, sla())
    made = small.order()
    small.go(hours=1)
    small.act("dan", "hold", made)
    small.go(hours=2)
    publish(small, sla().replace("pause: [on_hold]", "pause: [returned]"))
    recompute(small)
    small.ring_due()
    clock = clock_of(small, made)
    assert (clock.state, clock.due_at) == ("running", at(24, 15)), "the two hours so far are kept"
    small.act("dan", "release", made)
    assert len(clock_of(small, made).pauses) == 1


@on_sqlite
def test_a_target_that_starts_later_still_starts_after_another_was_moved(small: Small) -> None:
    """The clock that was moved stands first in the published policy, where the request's own has it second."""
    chain = "approval: {stages: [{key: one, approvers: [manager: {}]}]}\n"
    late, early = (
        "{measure: resolution, start: approved, by_priority: {p3: 4 hours}}",
        "{measure: response, by_priority: {p3: 4 hours}}",
    )
    policy = "sla: {{calendar: hours, priority: p3, targets: [{}, {}]}}\n"
    small.publish(chain + TASKS + policy.format(late, early), hours=hours())
    made = small.order()
    small.publish(chain + TASKS + policy.format(early.replace("4", "6"), late), hours=hours())
    recompute(small)
    small.ring_due()
    assert clock_of(small, made, "response").target == "6 hours"
    small.decide("boss", "approve", made)
    assert set(small.clocks(made)) == {"response", "resolution"}


@on_sqlite
def test_each_request_is_moved_in_a_work_of_its_own_and_twice_is_once(small: Small) -> None:
    publish(small, sla())
    first, second = small.order(), small.order()
    publish(small, sla(), SEVEN)
    order = recompute(small)
    armed = small.armed("clock_recompute")
    assert {one.payload["request"] for one in armed} == {first, second}
    small.ring_due()
    before = changes(first)
    for one in armed:
        timers.ring(one.kind, dict(one.payload), at=small.at, settle=lambda session: None)
    assert changes(first) == before
    assert len(before) == 1
    standing = recomputation_orders.standing(db.session(), order)
    assert standing is None or not standing.is_going


@on_sqlite
def test_what_was_published_after_the_order_is_not_what_was_seen(small: Small) -> None:
    publish(small, sla())
    made = small.order()
    publish(small, sla(), SEVEN)
    basis = seen(small).basis
    publish(small, sla(), "09:00-15:00")
    assert refusal(recomputation_orders.order, db.session(), EVERYTHING, basis=basis, actor="x", at=small.at) == 409
    recompute(small)
    publish(small, sla(), "09:00-14:00")
    small.ring_due()
    assert clock_of(small, made).due_at == at(24, 13), "left alone: nobody saw these hours"
    assert len(seen(small).moves) == 1


@on_sqlite
def test_only_what_an_order_is_about_moves(small: Small) -> None:
    other = "kind: calendar\ndepartment: it\nkey: other\ntime_zone: UTC\nweek: {mon-fri: ['09:00-17:00']}\n"
    small.publish(TASKS + sla(), hours=hours(), other=other)
    small.publish(TASKS + sla(calendar="other"), key="second", hours=hours(), other=other)
    first, second = small.order(), small.order(service="it/second")
    shorter = other.replace("17:00", "15:00")
    small.publish(TASKS + sla(), hours=hours(SEVEN), other=shorter)
    small.publish(TASKS + sla(calendar="other"), key="second", hours=hours(SEVEN), other=shorter)
    assert len(seen(small).moves) == 2
    assert [move.row.id for move in seen(small, calendar="it/hours").moves] == [first]
    assert [move.row.id for move in seen(small, service="it/second").moves] == [second]
    assert seen(small, departments=frozenset({"hr"})).moves == []


@on_sqlite
def test_clocks_that_are_over_or_go_by_what_holds_do_not_move(small: Small) -> None:
    publish(small, sla())
    done, cancelled = small.order(), small.order()
    small.do("dan", "complete", done, "a")
    small.act("dan", "cancel", cancelled)
    publish(small, sla(), SEVEN)
    small.order()
    assert seen(small).moves == []
    assert refusal(recomputation_orders.order, db.session(), EVERYTHING, basis="x", actor="x", at=small.at) == 409


@on_sqlite
def test_catalog_administrators_move_the_clocks_of_their_own_department(small: Small) -> None:
    small.person("author", roles=["catalog_admin"])
    assert recomputation.scope_for(small.viewer("author")).departments == {"it"}
    assert recomputation.scope_for(small.viewer("root")).departments is None
    for name in ("dan", "aud", "asks"):
        assert refusal(recomputation.scope_for, small.viewer(name)) == 403


@on_sqlite
def test_steps_of_one_moment_act_both(small: Small) -> None:
    both = (
        ", escalate: [{at: 50%, when: what == 'x', do: [{notify: [requester]}]},"
        " {at: 50%, do: [{notify: [{person: sec@example.com}]}]}]"
    )
    publish(small, sla(more=both))
    small.order(what="x")
    small.go(hours=6)
    small.ring_due()
    assert (small.notices("asks"), small.notices("sec")) == (["clock_due_soon"], ["clock_due_soon"])
