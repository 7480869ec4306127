"""What a step of a target does: only where its condition holds, in working hours if it says so, to whom it names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from tests.factories.small import START, Small

from servicehall.domain import events as e
from servicehall.models.base import db
from servicehall.models.operations import Outbox
from servicehall.services import delegations
from servicehall.services.work import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}\n"
HOURS = "kind: calendar\ndepartment: it\nkey: hours\ntime_zone: UTC\nweek: {mon-fri: ['09:00-17:00']}\n"
NIGHT = START + timedelta(hours=12)
MORNING = START + timedelta(days=1)


def sla(step: str, *, measure: str = "resolution", calendar: str = "hours") -> str:
    target = f"{{measure: {measure}, by_priority: {{p3: 2 days}}, escalate: [{{at: 25%, {step}}}]}}"
    return f"sla: {{calendar: {calendar}, priority: p3, targets: [{target}]}}\n"


def steps(small: Small, made: str, measure: str = "resolution") -> list[str]:
    return [one["state"] for one in small.clocks(made)[measure].steps]


@pytest.mark.parametrize(("more", "at"), [("", NIGHT), (", working_hours: true", MORNING)])
def test_a_step_in_working_hours_waits_for_the_next_opening(small: Small, more: str, at: object) -> None:
    """A quarter of two days after Monday 9:00 is Monday 21:00."""
    small.publish(TASKS + sla(f"do: [{{notify: [requester]}}]{more}"), hours=HOURS)
    made = small.order()
    assert [one.due_at for one in small.armed("clock_step")] == [at]
    small.go(hours=12)
    small.ring_due()
    assert small.notices("asks") == (["clock_due_soon"] if at == NIGHT else [])
    small.go(hours=12)
    small.ring_due()
    assert (small.notices("asks"), steps(small, made)) == (["clock_due_soon"], ["done"])


def test_a_pause_moves_a_step_in_working_hours_to_an_opening_again(small: Small) -> None:
    step = sla("do: [{notify: [requester]}], working_hours: true").replace("escalate:", "pause: [on_hold], escalate:")
    small.publish(TASKS + step, hours=HOURS)
    made = small.order()
    small.act("dan", "hold", made)
    small.go(days=1)
    small.act("dan", "release", made)
    assert [one.due_at for one in small.armed("clock_step")] == [MORNING + timedelta(days=1)]


def test_a_step_in_working_hours_whose_timer_rings_too_late_waits_for_the_next_opening(small: Small) -> None:
    """Its moment was in the afternoon of Monday; the worker comes at 19:00."""
    step = sla("do: [{notify: [requester]}], working_hours: true").replace("25%", "10%")
    small.publish(TASKS + step, hours=HOURS)
    made = small.order()
    small.go(hours=10)
    assert small.ring_due(late=True) == ["clock_step"]
    assert (small.notices("asks"), steps(small, made)) == ([], ["waiting"])
    assert [one.due_at for one in small.armed("clock_step")] == [MORNING]
    small.go(hours=14)
    small.ring_due()
    assert (small.notices("asks"), steps(small, made)) == (["clock_due_soon"], ["done"])


@pytest.mark.parametrize(
    ("what", "state", "told"), [("loud", "done", ["clock_due_soon"]), ("quiet", "passed_over", [])]
)
def test_a_step_acts_where_its_condition_holds_at_its_moment(
    small: Small, what: str, state: str, told: list[str]
) -> None:
    small.publish(
        TASKS + sla("when: what == 'loud', do: [{notify: [requester]}, {reassign: {group: leads}}]"), hours=HOURS
    )
    made = small.order(what=what)
    small.go(hours=12)
    small.ring_due()
    assert (steps(small, made), small.notices("asks")) == ([state], told)
    assert small.task(made, "a").group_id == small.groups["leads" if told else "desk"]


def test_a_step_whose_condition_cannot_be_told_does_nothing(small: Small) -> None:
    small.publish(TASKS + sla("when: what == 'loud', do: [{notify: [requester]}]"), hours=HOURS)
    made = small.order()
    small.go(hours=12)
    small.ring_due()
    assert (steps(small, made), small.notices("asks")) == (["passed_over"], [])


@pytest.mark.parametrize("active", [True, False])
def test_the_department_head_is_told_who_is_head_then_and_still_there(small: Small, active: bool) -> None:
    small.publish(TASKS + sla("do: [{notify: [department_head]}]"), hours=HOURS)
    small.person("head", active=active)
    for head in ("sec", "head"):
        with work("directory/all", actor="system", at=small.at) as w:
            w.record("department/it", e.DepartmentRecorded(department="it", head=small.ids[head]))
    small.order()
    small.go(hours=12)
    small.ring_due()
    assert (small.notices("sec"), small.notices("head")) == ([], ["clock_due_soon"] if active else [])


def test_without_a_head_nobody_is_told_and_the_step_is_done(small: Small) -> None:
    small.publish(TASKS + sla("do: [{notify: [department_head]}]"), hours=HOURS)
    made = small.order()
    small.go(hours=12)
    small.ring_due()
    assert steps(small, made) == ["done"]


def test_a_tasks_clock_speaks_of_its_own_task_alone(small: Small) -> None:
    """Two tasks are open; dan has the one whose clock acts, and that one goes to the other queue."""
    both = "fulfilment: {tasks: [{key: a, title: A, group: desk}, {key: b, title: B, group: desk, after: [a]}]}\n"
    act = "do: [{notify: [assignee, group_lead]}, {reassign: {group: leads}}, {webhook: pager}]"
    small.publish(both.replace(", after: [a]", "") + sla(act, measure="task"), hours=HOURS)
    made = small.order()
    small.do("dan", "claim", made, "a")
    small.do("dora", "complete", made, "b")
    small.go(hours=12)
    small.ring_due()
    assert (small.notices("dan")[-1:], "clock_due_soon" in small.notices("dora")) == (["clock_due_soon"], True)
    assert (small.task(made, "a").group_id, small.task(made, "b").group_id) == (
        small.groups["leads"],
        small.groups["desk"],
    )
    [call] = db.session.scalars(select(Outbox).where(Outbox.channel == "webhook")).all()
    assert (call.payload["name"], call.payload["clock"]) == ("pager", "task")


def test_approvers_are_those_who_can_decide_now_deputies_and_members_of_groups(small: Small) -> None:
    """Whoever decided already is left in peace; a deputy stands for whom they stand in for."""
    stage = "{key: one, decide: all, approvers: [manager: {}, group: desk, person: sec@example.com]}"
    small.publish(
        f"approval: {{stages: [{stage}]}}\n" + TASKS + sla("do: [{notify: [approvers]}]", measure="approval"),
        hours=HOURS,
    )
    delegations.delegate(
        deputy="fin@example.com",
        since=date(2026, 11, 23),
        until=date(2026, 11, 27),
        departments=None,
        viewer=small.viewer("boss"),
        at=small.at,
    )
    made = small.order()
    small.decide("sec", "approve", made)
    small.go(hours=12)
    small.ring_due()
    told = [name for name in small.ids if "clock_due_soon" in small.notices(name)]
    assert (sorted(told), steps(small, made, "approval")) == (["dan", "dora", "fin"], ["done"])
