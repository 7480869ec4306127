"""When somebody is deactivated: what is open in their hands is handed over, request by request."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.factories.small import Small
from tests.services.test_deputies import delegate, holder

from servicehall.models.base import db
from servicehall.models.log import EventRow
from servicehall.models.operations import DONE, OPEN, Timers
from servicehall.services import handovers
from servicehall.services.people import record_person

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CHAIN = "approval: {stages: [{key: one, approvers: [manager: {}]}]}"
TEAM = "approvers: [person: dan@example.com, person: dora@example.com]"


def leave(small: Small, name: str, *, active: bool = False) -> None:
    cells = {"email": f"{name}@example.com", "active": "yes" if active else "no"}
    record_person(cells, actor="system:tests", at=small.at)


def test_an_open_approval_goes_to_the_manager_with_the_time_it_had(small: Small) -> None:
    small.publish(
        "approval: {stages: [{key: one, approvers: [manager: {}], timeout: {after: 3 days, then: escalate}}]}"
    )
    made = small.order()
    due = small.approvals(made)[0].due_at
    small.go(hours=5)
    leave(small, "boss")
    assert small.voices(made) == [("boss", "pending")]
    small.ring_due()
    assert small.voices(made) == [("boss", "expired"), ("chief", "pending")]
    asked = small.approvals(made, state="pending")[0]
    assert (asked.due_at, (asked.why or {})["params"]["because"]) == (due, "inactive")
    assert small.notices("chief") == ["approval_requested"]
    small.decide("chief", "approve", made)
    assert small.state(made) == "in_progress"


def test_a_deputy_who_stands_in_has_it_and_then_the_manager(small: Small) -> None:
    small.publish(CHAIN)
    made = small.order()
    delegate(small, "boss", "sec", days=2)
    leave(small, "boss")
    small.ring_due()
    assert (small.voices(made), holder(small, made)) == ([("boss", "pending")], "sec")
    small.go(days=4)
    small.ring_due()
    assert small.voices(made)[-1] == ("chief", "pending")


def test_a_deputy_who_leaves_gives_it_back(small: Small) -> None:
    small.publish(CHAIN)
    made = small.order()
    delegate(small, "boss", "sec")
    small.ring_due()
    leave(small, "sec")
    small.ring_due()
    assert (small.voices(made), holder(small, made)) == ([("boss", "pending")], "boss")


@pytest.mark.parametrize(
    ("stage", "gone", "voices"),
    [
        ("approvers: [person: sec@example.com]", ["sec"], [("sec", "expired"), ("leads", "pending")]),
        (TEAM, ["dan"], [("dan", "expired"), ("dora", "pending")]),
        (TEAM, ["dan", "dora"], [("dan", "expired"), ("dora", "expired"), ("leads", "pending")]),
        ("approvers: [group: desk]", ["dan"], [("desk", "pending")]),
        ("approvers: [group: desk]", ["dan", "dora"], [("desk", "expired"), ("leads", "pending")]),
    ],
)
def test_without_a_manager_the_others_decide_and_at_last_the_fallback(
    small: Small, stage: str, gone: list[str], voices: list[tuple[str, str]]
) -> None:
    small.publish(f"approval: {{stages: [{{key: one, {stage}}}]}}")
    made = small.order()
    for name in gone:
        leave(small, name)
    small.ring_due()
    assert sorted(small.voices(made), key=str) == sorted(voices, key=str)


def test_nobody_leaving_passes_a_stage(small: Small) -> None:
    small.publish(f"approval: {{stages: [{{key: one, {TEAM}}}]}}")
    made = small.order()
    small.decide("dan", "approve", made)
    leave(small, "dora")
    small.ring_due()
    assert small.state(made) == "pending_approval"
    assert sorted(small.voices(made), key=str) == [("dan", "approved"), ("dora", "expired"), ("leads", "pending")]


def test_tasks_go_back_to_their_queue_and_the_lead_is_told(small: Small) -> None:
    small.publish("fulfilment: {tasks: [{key: a, title: A, group: desk}, {key: b, title: B, group: desk}]}")
    made = small.order()
    small.do("dan", "claim", made, "a")
    small.do("dan", "start", made, "b")
    before = small.notices("dora")
    leave(small, "dan")
    small.ring_due()
    for key, state in (("a", "ready"), ("b", "in_progress")):
        row = small.task(made, key)
        assert (row.assignee_id, row.state, row.group_id) == (None, state, small.groups["desk"])
        assert (row.why or {})["code"] == "assignee_inactive"
    assert small.notices("dora")[len(before) :] == ["task_returned", "task_returned"]
    small.do("dora", "complete", made, "b")


def test_it_is_recorded_with_its_cause_and_may_be_done_again(small: Small) -> None:
    small.publish(CHAIN + "\nfulfilment: {tasks: [{key: a, title: A, group: desk}]}")
    made = small.order()
    leave(small, "boss")
    (timer,) = small.armed(handovers.KIND)
    assert timer.payload == {"person": small.ids["boss"], "approvals": 1, "tasks": 0}
    said = handovers.standing(db.session(), small.ids["boss"])
    assert said is not None and (said.approvals, said.tasks, said.going) == (1, 0, True)
    small.ring_due()
    stream = select(EventRow.sequence).where(EventRow.stream == f"request/{made}")
    once = db.session.scalars(stream).all()
    db.session.rollback()
    handovers_again(small, "boss")
    assert db.session.scalars(stream).all() == once


def handovers_again(small: Small, name: str) -> None:
    """The same timer, rung once more."""
    timer = db.session.scalars(select(Timers).where(Timers.kind == handovers.KIND)).one()
    timer.state = OPEN
    db.session.commit()
    small.ring_due()


def test_whoever_comes_back_at_once_keeps_everything(small: Small) -> None:
    small.publish(CHAIN)
    made = small.order()
    leave(small, "boss")
    leave(small, "boss", active=True)
    small.ring_due()
    assert small.voices(made) == [("boss", "pending")]


def test_the_page_can_say_how_far_it_is(small: Small) -> None:
    small.publish(CHAIN)
    small.order()
    assert handovers.standing(db.session(), small.ids["boss"]) is None
    leave(small, "boss")
    timer = small.armed(handovers.KIND)[0]
    timer.state, timer.done_at = DONE, small.at
    db.session.commit()
    said = handovers.standing(db.session(), small.ids["boss"])
    assert said is not None and (said.going, said.stuck, said.done_at) == (False, False, small.at)
