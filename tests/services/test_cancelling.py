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
