"""Cancelling: at once, with everything that is open, and what was done is undone in the reversed order."""

from __future__ import annotations

import pytest
from tests.factories.small import Small, refusal

from servicehall.models.base import db
from servicehall.models.requests import Request

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CHILD = (
    "kind: service\ndepartment: it\nkey: part\ntitle: Part\nform: {pages: [{key: m, title: M, fields:"
    " [{key: model, type: text, label: M}]}]}\nfulfilment: {tasks: [{key: x, title: X, group: desk}]}\n"
)
PLAN = """fulfilment:
  tasks:
    - {key: a, title: A, group: desk, undo: {title: Take A back, group: leads}}
    - {key: b, title: B, group: desk, after: [a], undo: {title: Take B back}}
    - {key: c, title: C, group: desk, after: [b]}
    - {key: d, title: D, request: it/part, answers: {}}
    - {key: e, title: E, approval: {stages: [{key: s, approvers: [person: sec@example.com]}]}}
"""


def test_what_is_open_ends_and_what_was_done_is_undone_backwards(small: Small) -> None:
    small.publish(PLAN, part=CHILD)
    made = small.order()
    child = db.session.query(Request.id).filter(Request.parent_id == made).scalar()
    small.do("dan", "complete", made, "a")
    small.do("dan", "complete", made, "b")
    assert refusal(small.act, "asks", "cancel", made) == 403
    small.act("dan", "cancel", made)
    assert (small.state(made), small.state(child)) == ("cancelled", "cancelled")
    assert small.voices(made) == [("sec", "cancelled")]
    assert small.tasks(made) == {
        "a": "done",
        "b": "done",
        "c": "cancelled",
        "d": "cancelled",
        "e": "cancelled",
        "undo-b": "ready",
        "undo-a": "blocked",
    }
    small.do("dan", "complete", made, "undo-b")
    assert small.tasks(made)["undo-a"] == "ready"
    assert small.task(made, "undo-a").group_id == small.groups["leads"]
    small.do("lena", "complete", made, "undo-a")
    assert small.state(made) == "cancelled"


def test_before_the_work_the_requester_cancels_and_votes_are_cancelled(small: Small) -> None:
    small.publish("approval: {stages: [{key: one, approvers: [manager: {}]}, {key: two, approvers: [group: desk]}]}")
    made = small.order()
    assert refusal(small.act, "dan", "cancel", made) == 403
    assert refusal(small.act, "asks", "cancel", made, " ") == 422
    small.act("asks", "cancel", made)
    assert small.voices(made) == [("boss", "cancelled"), (None, "cancelled")]
    assert refusal(small.act, "asks", "cancel", made) == 409


def test_a_child_that_was_opened_again_ends_with_its_parent(small: Small) -> None:
    small.publish(PLAN, part=CHILD)
    made = small.order()
    child = db.session.query(Request.id).filter(Request.parent_id == made).scalar()
    small.do("dan", "complete", child, "x")
    small.act("asks", "reopen", child)
    assert (small.tasks(made)["d"], small.state(child)) == ("done", "in_progress")
    small.act("dan", "cancel", made)
    assert (small.tasks(made)["d"], small.state(child)) == ("done", "cancelled")


def test_a_child_that_is_done_stays_done_and_is_undone_by_its_task_alone(small: Small) -> None:
    small.publish(
        PLAN.replace("answers: {}}", "answers: {}, undo: {title: Send the part back, group: leads}}"), part=CHILD
    )
    made = small.order()
    child = db.session.query(Request.id).filter(Request.parent_id == made).scalar()
    small.do("dan", "complete", child, "x")
    small.act("dan", "cancel", made)
    assert (small.state(child), small.tasks(made)["undo-d"]) == ("resolved", "ready")


BRANCHED = """fulfilment:
  tasks:
    - {key: a, title: A, group: desk, undo: {title: Back}}
    - {key: b, title: B, group: desk, after: [a], undo: {title: Back}}
    - {key: g, title: G, after: [a], undo: {title: Back}, approval: {stages: [{key: s, approvers: [group: leads]}]}}
    - {key: c, title: C, group: desk, after: {any: [b, g]}}
    - {key: d, title: D, group: desk, after: [c], undo: {title: Back}}
    - {key: o, title: O, group: desk, optional: true, undo: {title: Back}}
"""
BEFORE = {"a": "", "b": "a", "g": "a", "c": "bg", "d": "c", "o": ""}
ANY_OF = {"c"}


def prefixes() -> list[str]:
    """Every set of tasks that may be done while others are not, in an order in which they may be."""
    found, waiting = {""}, [""]
    while waiting:
        done = waiting.pop()
        for key, before in BEFORE.items():
            there = [one in done for one in before]
            may = key not in done and (any(there) if key in ANY_OF else all(there))
            if may and not any(set(one) == set(done + key) for one in found):
                found.add(done + key)
                waiting.append(done + key)
    return sorted(found, key=lambda one: (len(one), one))


@pytest.mark.parametrize("done", prefixes())
def test_after_every_prefix_of_a_plan_what_was_done_is_undone_last_first(small: Small, done: str) -> None:
    small.publish(BRANCHED)
    made = small.order()
    for key in done:
        if key == "g":
            small.decide("lena", "approve", made)
        else:
            small.do("dan", "complete", made, key)
    small.act("dan", "cancel", made)
    left, order = {key for key in done if key != "c"}, []
    assert {key for key in small.tasks(made) if key.startswith("undo-")} == {f"undo-{key}" for key in left}
    while left:
        ready = [key for key in sorted(left) if small.tasks(made)[f"undo-{key}"] == "ready"]
        assert ready
        small.do("dan", "complete", made, f"undo-{ready[0]}")
        left.remove(ready[0])
        order.append(ready[0])
    behind = {"a": "bgd", "b": "d", "g": "d"}
    assert all(
        order.index(later) < order.index(key) for key in order for later in behind.get(key, "") if later in order
    )
    assert set(small.tasks(made).values()) <= {"done", "cancelled"}
