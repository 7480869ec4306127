"""Two people at the same moment: one of them is first, the other is told, and nothing is ever stuck."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from tests.factories.small import Small, refusal
from tests.proofs import ROUNDS, chance

from servicehall.models.base import db
from servicehall.models.log import EventRow
from servicehall.services.requests import Order, order
from servicehall.services.submission import next_number

WHOLE = ROUNDS // 4
GATES = 25
TEAM = "approvers: [person: dan@example.com, person: dora@example.com]"
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}"


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[int]:
    """What each of these acts, begun together, was answered."""
    barrier = threading.Barrier(len(acts))
    answers = [0] * len(acts)
    db.session.rollback()
    db.session.remove()

    def run(index: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            barrier.wait(timeout=30)
            answers[index] = refusal(act)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in chance.sample(threads, len(threads)):
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def recorded(request_id: str, kind: str) -> int:
    """How many events of a kind a request has."""
    rows = db.session.query(EventRow).filter(EventRow.stream == f"request/{request_id}", EventRow.kind == kind)
    return rows.count()


class Gates:
    """Rounds without the rest of a request: one request whose plan is many gates, all open from the start."""

    def __init__(self, app: Flask, small: Small, stage: str) -> None:
        self.app, self.small = app, small
        gates = [f"{{key: g{n}, title: G, approval: {{stages: [{{key: s, {stage}}}]}}}}" for n in range(GATES)]
        small.publish(f"fulfilment: {{tasks: [{', '.join(gates)}]}}")

    def requests(self) -> Iterator[str]:
        for _ in range(ROUNDS // GATES):
            yield self.small.order()

    def race(self, request_id: str, first: tuple[str, str], second: tuple[str, str]) -> list[list[int]]:
        """Both (name, decision) at once on each gate: dan's and dora's own voices, or the one that they share."""
        stages: dict[str, dict[str, str]] = {}
        for row in self.small.approvals(request_id):
            stages.setdefault(row.stage_id, {})[self.small.voice(row) or ""] = row.id
        return [
            at_once(
                self.app,
                *(
                    partial(self.small.decide_id, name, decision, voices.get(name) or voices["desk"])
                    for name, decision in (first, second)
                ),
            )
            for voices in stages.values()
        ]


@pytest.mark.proves("R3")
def test_two_approvers_of_an_all_stage_advance_once(app: Flask, small: Small) -> None:
    gates = Gates(app, small, f"decide: all, {TEAM}")
    for made in gates.requests():
        assert gates.race(made, ("dan", "approve"), ("dora", "approve")) == [[200, 200]] * GATES
        assert (small.state(made), recorded(made, "task.completed")) == ("resolved", GATES)


@pytest.mark.proves("R3")
def test_of_two_approvers_of_an_any_stage_one_decides(app: Flask, small: Small) -> None:
    gates = Gates(app, small, f"decide: any, {TEAM}")
    for made in gates.requests():
        answers = gates.race(made, ("dan", "approve"), ("dora", "approve"))
        assert [sorted(one) for one in answers] == [[200, 409]] * GATES
        assert (small.state(made), recorded(made, "task.completed")) == ("resolved", GATES)


@pytest.mark.proves("R4")
def test_of_approve_and_reject_by_one_voice_one_counts(app: Flask, small: Small) -> None:
    gates = Gates(app, small, "approvers: [group: desk]")
    for made in gates.requests():
        answers = gates.race(made, ("dan", "approve"), ("dora", "reject"))
        assert [sorted(one) for one in answers] == [[200, 409]] * GATES
        approved = answers.count([200, 409])
        states = list(small.tasks(made).values())
        assert (states.count("done"), states.count("failed")) == (approved, GATES - approved)


@pytest.mark.proves("R4")
def test_a_rejection_ends_an_all_stage_whoever_is_first(app: Flask, small: Small) -> None:
    gates = Gates(app, small, f"decide: all, {TEAM}")
    for made in gates.requests():
        answers = gates.race(made, ("dan", "approve"), ("dora", "reject"))
        assert all(one in ([200, 200], [409, 200]) for one in answers)
        assert list(small.tasks(made).values()) == ["failed"] * GATES


@pytest.mark.proves("R3")
def test_the_plan_of_a_request_that_two_approve_starts_once(app: Flask, small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, decide: all, {TEAM}}}]}}\n{TASKS}")
    for _ in range(WHOLE):
        made = small.order()
        answers = at_once(
            app, partial(small.decide, "dan", "approve", made), partial(small.decide, "dora", "approve", made)
        )
        assert (answers, small.state(made), recorded(made, "plan.started")) == ([200, 200], "in_progress", 1)


@pytest.mark.proves("R4")
def test_approve_against_reject_ends_in_one_of_them(app: Flask, small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, decide: any, approvers: [group: desk]}}]}}\n{TASKS}")
    for _ in range(WHOLE):
        made = small.order()
        (row,) = (one.id for one in small.approvals(made))
        answers = at_once(
            app, partial(small.decide_id, "dan", "approve", row), partial(small.decide_id, "dora", "reject", row)
        )
        assert sorted(answers) == [200, 409]
        assert small.state(made) == ("in_progress" if answers[0] == 200 else "rejected")


def test_of_two_who_claim_one_gets_it(app: Flask, small: Small) -> None:
    small.publish(TASKS)
    for _ in range(WHOLE):
        made = small.order()
        answers = at_once(
            app, partial(small.do, "dan", "claim", made, "a"), partial(small.do, "dora", "claim", made, "a")
        )
        assert sorted(answers) == [200, 409]
        winner = "dan" if answers[0] == 200 else "dora"
        assert small.task(made, "a").assignee_id == small.ids[winner]


def test_recall_against_the_last_decision(app: Flask, small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, approvers: [manager: {{}}]}}]}}\n{TASKS}")
    for _ in range(WHOLE):
        made = small.order()
        (row,) = (one.id for one in small.approvals(made))
        answers = at_once(
            app, partial(small.decide_id, "boss", "approve", row), partial(small.act, "asks", "recall", made)
        )
        assert sorted(answers) == [200, 409]
        assert small.state(made) == ("in_progress" if answers[0] == 200 else "returned")


def test_the_same_order_twice_is_made_once(app: Flask, small: Small) -> None:
    small.publish(TASKS)
    for index in range(WHOLE):
        chosen = f"01a00000-0000-7000-8000-{index:012}"

        def once(identity: str = chosen) -> None:
            order(Order("it/thing", {}), viewer=small.viewer("asks"), at=small.at, request_id=identity)

        assert sorted(at_once(app, once, once)) == [200, 409]
        assert small.state(chosen) == "in_progress"


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_number_is_never_taken_twice_and_waits_for_nobody(app: Flask) -> None:
    """On SQLite writers come one after another anyhow. Here a number that is taken back leaves a gap."""
    with app.app_context(), Session(db.engine) as first, Session(db.engine) as second, Session(db.engine) as third:
        held = next_number(first, "request")
        beside = next_number(second, "request")
        first.rollback()
        second.commit()
        assert len({held, beside, next_number(third, "request")}) == 3
