"""Two people at the same moment: one of them is first, the other is told, and nothing is ever stuck."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from tests.factories.small import Small, refusal

from servicehall.models.base import db
from servicehall.models.log import EventRow
from servicehall.services.requests import Order, order

ROUNDS = 6
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
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def advances(request_id: str) -> int:
    rows = db.session.query(EventRow).filter(
        EventRow.stream == f"request/{request_id}", EventRow.kind == "plan.started"
    )
    return rows.count()


def test_two_approvers_of_an_all_stage_advance_once(app: Flask, small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, decide: all, {TEAM}}}]}}\n{TASKS}")
    for _ in range(ROUNDS):
        made = small.order()
        answers = at_once(
            app, partial(small.decide, "dan", "approve", made), partial(small.decide, "dora", "approve", made)
        )
        assert (answers, small.state(made), advances(made)) == ([200, 200], "in_progress", 1)


def test_of_two_approvers_of_an_any_stage_one_decides(app: Flask, small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, decide: any, {TEAM}}}]}}\n{TASKS}")
    for _ in range(ROUNDS):
        made = small.order()
        first, second = (one.id for one in small.approvals(made))
        answers = at_once(
            app,
            partial(small.decide_id, "dan", "approve", first),
            partial(small.decide_id, "dora", "approve", second),
        )
        assert (sorted(answers), small.state(made), advances(made)) == ([200, 409], "in_progress", 1)


def test_approve_against_reject_ends_in_one_of_them(app: Flask, small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, decide: any, approvers: [group: desk]}}]}}\n{TASKS}")
    for _ in range(ROUNDS):
        made = small.order()
        (row,) = (one.id for one in small.approvals(made))
        answers = at_once(
            app, partial(small.decide_id, "dan", "approve", row), partial(small.decide_id, "dora", "reject", row)
        )
        assert sorted(answers) == [200, 409]
        assert small.state(made) == ("in_progress" if answers[0] == 200 else "rejected")


def test_of_two_who_claim_one_gets_it(app: Flask, small: Small) -> None:
    small.publish(TASKS)
    for _ in range(ROUNDS):
        made = small.order()
        answers = at_once(
            app, partial(small.do, "dan", "claim", made, "a"), partial(small.do, "dora", "claim", made, "a")
        )
        assert sorted(answers) == [200, 409]
        winner = "dan" if answers[0] == 200 else "dora"
        assert small.task(made, "a").assignee_id == small.ids[winner]


def test_recall_against_the_last_decision(app: Flask, small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, approvers: [manager: {{}}]}}]}}\n{TASKS}")
    for _ in range(ROUNDS):
        made = small.order()
        (row,) = (one.id for one in small.approvals(made))
        answers = at_once(
            app, partial(small.decide_id, "boss", "approve", row), partial(small.act, "asks", "recall", made)
        )
        assert sorted(answers) == [200, 409]
        assert small.state(made) == ("in_progress" if answers[0] == 200 else "returned")


def test_the_same_order_twice_is_made_once(app: Flask, small: Small) -> None:
    small.publish(TASKS)
    for index in range(ROUNDS):
        chosen = f"01a00000-0000-7000-8000-00000000000{index}"

        def once(identity: str = chosen) -> None:
            order(Order("it/thing", {}), viewer=small.viewer("asks"), at=small.at, request_id=identity)

        assert sorted(at_once(app, once, once)) == [200, 409]
        assert small.state(chosen) == "in_progress"
