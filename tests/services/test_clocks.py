"""Clocks: when they start, stand still, stop and escalate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.factories.small import START, Small, refusal

from servicehall.models.base import db
from servicehall.models.clocks import Clock
from servicehall.models.operations import Outbox
from servicehall.services import catalog, priorities, releases, requests, timers
from servicehall.services.submission import new_facts

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

CHAIN = "approval: {stages: [{key: one, approvers: [manager: {}]}]}\n"
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}\n"


def target(measure: str, more: str = "", *, by: str = "{p1: 1 hour, p3: 4 hours}") -> str:
    return f"{{measure: {measure}, by_priority: {by}{more}}}"


def sla(*targets: str, priority: str = "p3") -> str:
    return f"sla: {{calendar: 24x7, priority: {priority}, targets: [{', '.join(targets)}]}}\n"


def hours(count: float) -> Any:
    return START + timedelta(hours=count)


def states(small: Small, made: str) -> dict[str, str]:
    return {measure: clock.state for measure, clock in small.clocks(made).items()}


def test_each_measure_starts_and_stops_where_the_language_says(small: Small) -> None:
    small.publish(CHAIN + TASKS + sla(*map(target, ("response", "resolution", "approval", "task"))))
    made = small.order()
    assert states(small, made) == {"response": "running", "resolution": "running", "approval": "running"}
    small.go(hours=1)
    small.decide("boss", "approve", made)
    assert states(small, made)["approval"] == "met"
    assert (states(small, made)["task"], small.clocks(made)["task"].due_at) == ("running", hours(5))
    small.go(hours=1)
    small.do("dan", "claim", made, "a")
    assert (states(small, made)["response"], states(small, made)["resolution"]) == ("met", "running")
    small.go(hours=1)
    small.do("dan", "complete", made, "a")
    assert set(states(small, made).values()) == {"met"}
    assert small.clocks(made)["resolution"].elapsed_seconds == 3 * 3600
    assert small.armed("clock_due") == []


@pytest.mark.parametrize(
    ("act", "met"),
    [
        (lambda s, m: s.do("dora", "assign", m, "a", assignee="dan@example.com"), False),
        (lambda s, m: requests.comment(s.request(m), body="x", internal=True, viewer=s.viewer("dan"), at=s.at), False),
        (
            lambda s, m: requests.comment(s.request(m), body="x", internal=False, viewer=s.viewer("asks"), at=s.at),
            False,
        ),
        (lambda s, m: requests.comment(s.request(m), body="x", internal=False, viewer=s.viewer("dan"), at=s.at), True),
        (lambda s, m: s.do("dan", "claim", m, "a"), True),
        (lambda s, m: s.do("dan", "start", m, "a"), True),
        (lambda s, m: s.do("dan", "complete", m, "a"), True),
    ],
    ids=["assign", "internal", "requester", "comment", "claim", "start", "done"],
)
def test_a_response_is_the_first_public_comment_claim_or_start(small: Small, act: Any, met: bool) -> None:
    """A task that is done without a claim is one too."""
    small.publish(TASKS.replace("]}", ", {key: b, title: B, group: desk}]}") + sla(target("response")))
    made = small.order()
    act(small, made)
    assert states(small, made)["response"] == ("met" if met else "running")


@pytest.mark.parametrize(
    ("start", "found"), [("created", [0, 0, 0]), ("approved", [None, 1, 1]), ("assigned", [None, None, 2])]
)
def test_where_a_clock_starts(small: Small, start: str, found: list[float | None]) -> None:
    small.publish(CHAIN + TASKS + sla(target("resolution", f", start: {start}")))
    made = small.order()
    seen = []
    for act in (
        lambda: None,
        lambda: small.decide("boss", "approve", made),
        lambda: small.do("dan", "claim", made, "a"),
    ):
        act()
        clock = small.clocks(made).get("resolution")
        seen.append(clock and clock.started_at)
        small.go(hours=1)
    assert seen == [None if one is None else hours(one) for one in found]


def test_a_pause_keeps_what_remains_and_a_tasks_clock_pauses_with_its_own_hold(small: Small) -> None:
    pause = ", pause: [on_hold, returned]"
    small.publish(TASKS + sla(target("resolution", pause), target("task", pause)))
    made = small.order()
    small.go(hours=1)
    small.act("dan", "hold", made)
    assert states(small, made) == {"resolution": "paused", "task": "running"}
    assert len(small.armed("clock_due")) == 1
    small.go(hours=2)
    small.act("dan", "release", made)
    small.do("dan", "hold", made, "a")
    assert states(small, made) == {"resolution": "running", "task": "paused"}
    assert small.clocks(made)["resolution"].due_at == hours(6)
    small.go(hours=1)
    small.do("dan", "release", made, "a")
    assert small.clocks(made)["task"].due_at == hours(5)


def test_a_late_clock_is_breached_and_keeps_its_time_of_completion(small: Small) -> None:
    small.publish(TASKS + sla(target("resolution")))
    made = small.order()
    small.go(hours=5)
    assert small.ring_due() == ["clock_due"]
    assert (states(small, made), small.clocks(made)["resolution"].breached_at) == ({"resolution": "breached"}, hours(4))
    small.do("dan", "complete", made, "a")
    clock = small.clocks(made)["resolution"]
    assert (clock.state, clock.completed_at) == ("breached", hours(5))


ESCALATE = """, escalate: [
  {at: 50%, do: [{notify: [assignee, group_lead, requester]}]},
  {at: 100%, do: [{notify: [{person: sec@example.com}, {group: leads}]}, {raise_priority: 1}]},
  {at: 100% + 1 hour, do: [{reassign: {group: leads}}, {webhook: pager}]}]"""


def test_steps_act_at_their_moments(small: Small) -> None:
    small.publish(TASKS + sla(target("resolution", ESCALATE, by="{p2: 4 hours, p3: 4 hours}")))
    made = small.order()
    small.do("dan", "claim", made, "a")
    small.go(hours=2)
    assert small.ring_due() == ["clock_step"]
    assert [small.notices(who)[-1:] for who in ("dan", "dora", "asks")] == [["clock_due_soon"]] * 3
    small.go(hours=2)
    small.ring_due()
    assert small.request(made).priority == "p2"
    assert (small.notices("sec"), small.notices("lena")) == (["clock_breached"], ["clock_breached"])
    small.go(hours=1)
    small.ring_due()
    row = small.task(made, "a")
    assert (row.group_id, row.assignee_id) == (small.groups["leads"], None)
    assert [one["state"] for one in small.clocks(made)["resolution"].steps] == ["done"] * 3
    assert "task_ready" in small.notices("lena")
    assert small.viewer("dan").session.query(Outbox).filter(Outbox.channel == "webhook").count() == 1


def test_a_priority_recomputes_from_the_start_and_withdraws_a_breach(small: Small) -> None:
    small.publish(TASKS + sla(target("resolution", by="{p1: 1 hour, p3: 4 hours, p4: 9 hours}")))
    made = small.order()
    small.go(hours=5)
    small.ring_due()
    priorities.set_priority(small.request(made), priority="p4", viewer=small.viewer("dan"), at=small.at)
    clock = small.clocks(made)["resolution"]
    assert (clock.state, clock.due_at, clock.breached_at) == ("running", hours(9), None)
    priorities.set_priority(small.request(made), priority="p1", viewer=small.viewer("dan"), at=small.at)
    small.ring_due()
    assert small.clocks(made)["resolution"].state == "breached"
    assert (
        refusal(priorities.set_priority, small.request(made), priority="p1", viewer=small.viewer("sec"), at=START)
        == 403
    )


def test_whoever_asks_does_not_answer_themselves(small: Small) -> None:
    """An agent of the department who orders something is not its fulfilling side by writing a comment."""
    small.publish(TASKS + sla(target("response")))
    made = small.order("dan")
    requests.comment(small.request(made), body="x", internal=False, viewer=small.viewer("dan"), at=small.at)
    assert states(small, made) == {"response": "running"}
    requests.comment(small.request(made), body="x", internal=False, viewer=small.viewer("dora"), at=small.at)
    assert states(small, made) == {"response": "met"}


def set_priority(small: Small, made: str, priority: str) -> None:
    priorities.set_priority(small.request(made), priority=priority, viewer=small.viewer("dan"), at=small.at)


def test_a_priority_that_has_a_time_starts_clocks_where_they_would_have_started_with_every_pause(small: Small) -> None:
    """There is none for p3. Raised to p1, it is as if it had run from the submission, but for the hour on hold."""
    pause = ", pause: [on_hold]"
    each = [target("resolution", pause, by="{p1: 9 hours}"), target("task", by="{p1: 9 hours}")]
    small.publish(TASKS + sla(*each, target("response", by="{p1: 9 hours}")))
    made = small.order()
    small.go(hours=1)
    small.act("dan", "hold", made)
    small.go(hours=1)
    small.act("dan", "release", made)
    small.do("dan", "claim", made, "a")
    small.go(hours=1)
    assert small.clocks(made) == {}
    set_priority(small, made, "p1")
    clocks = small.clocks(made)
    assert {measure: (one.started_at, one.due_at) for measure, one in clocks.items()} == {
        "resolution": (hours(0), hours(10)),
        "task": (hours(0), hours(9)),
    }, "the response was given already"
    small.go(hours=7)
    small.ring_due()
    assert states(small, made) == {"resolution": "breached", "task": "breached"}


@pytest.mark.parametrize(("start", "began"), [("approved", 1), ("assigned", 2)])
def test_such_a_clock_starts_by_its_own_start(small: Small, start: str, began: float) -> None:
    small.publish(CHAIN + TASKS + sla(target("resolution", f", start: {start}", by="{p1: 9 hours}")))
    made = small.order()
    small.go(hours=1)
    small.decide("boss", "approve", made)
    small.go(hours=1)
    small.do("dan", "claim", made, "a")
    small.go(hours=1)
    set_priority(small, made, "p1")
    assert small.clocks(made)["resolution"].started_at == hours(began)


def test_a_start_that_has_not_come_yet_starts_no_clock(small: Small) -> None:
    small.publish(
        CHAIN + TASKS + sla(target("resolution", ", start: approved", by="{p1: 9 hours}"), target("approval"))
    )
    made = small.order()
    set_priority(small, made, "p1")
    assert set(small.clocks(made)) == {"approval"}
    small.decide("boss", "approve", made)
    assert states(small, made) == {"approval": "met", "resolution": "running"}
    set_priority(small, made, "p3")
    assert states(small, made) == {"approval": "met", "resolution": "cancelled"}, "what is over does not run again"


def test_a_clock_that_a_priority_ended_runs_on_with_the_pauses_in_between(small: Small) -> None:
    small.publish(TASKS + sla(target("resolution", ", pause: [on_hold]")))
    made = small.order()
    small.go(hours=1)
    set_priority(small, made, "p5")
    assert states(small, made) == {"resolution": "cancelled"}
    small.act("dan", "hold", made)
    small.go(hours=2)
    small.act("dan", "release", made)
    set_priority(small, made, "p3")
    clock = small.clocks(made)["resolution"]
    assert (clock.state, clock.due_at, clock.stopped_at) == ("running", hours(6), None)


def test_reopening_runs_on(small: Small) -> None:
    small.publish(TASKS + sla(target("resolution")))
    made = small.order()
    small.go(hours=1)
    small.do("dan", "complete", made, "a")
    small.go(hours=10)
    small.act("asks", "reopen", made)
    clock = small.clocks(made)["resolution"]
    assert (clock.state, clock.due_at, clock.completed_at) == ("running", hours(14), None)


def test_without_a_target_for_the_priority_there_is_no_clock(small: Small) -> None:
    small.publish(TASKS + sla(target("resolution", by="{p1: 1 hour}")))
    assert small.clocks(small.order()) == {}


@pytest.mark.parametrize(("what", "target_"), [("fast", "1 hour"), ("slow", "8 hours"), ("other", None)])
def test_the_first_policy_that_holds_counts(small: Small, what: str, target_: str | None) -> None:
    policies = [
        f"{{when: \"what == '{name}'\", calendar: 24x7, priority: p3, targets: [{target('resolution', by=by)}]}}"
        for name, by in (("fast", "{p3: 1 hour}"), ("slow", "{p3: 8 hours}"))
    ]
    small.publish(f"{TASKS}sla: [{', '.join(policies)}]\n")
    clock = small.clocks(small.order(what=what)).get("resolution")
    assert (clock.target if clock else None) == target_


POLICIES = (
    "sla: [{when: \"what == 'fast'\", calendar: 24x7, priority: p1, targets: ["
    + target("resolution", by="{p1: 1 hour}")
    + "]}, {when: \"what == 'slow'\", calendar: 24x7, priority: p4, targets: ["
    + target("resolution", by="{p4: 8 hours}")
    + "]}]\n"
)


@pytest.mark.parametrize(
    ("what", "priority", "due"), [("fast", "p1", 1), ("slow", "p4", 8), ("other", None, None)], ids=str
)
@pytest.mark.parametrize("draft", [False, True])
def test_the_priority_is_that_of_the_policy_that_counts(
    small: Small, what: str, priority: str | None, due: float | None, draft: bool
) -> None:
    small.publish(TASKS + POLICIES)
    made = small.order(what="fast" if draft else what, draft=draft)
    if draft:
        small.amend(made, what=what)
        small.submit(made)
    clock = small.clocks(made).get("resolution")
    assert (small.request(made).priority, clock and clock.due_at) == (priority, hours(due) if due else None)
    release = releases.current(db.session(), "it/thing")
    viewer = small.viewer("asks")
    facts = new_facts(release, at=small.at)
    seen = catalog.preview(viewer, release, {"what": what}, beneficiary=viewer.person, at=small.at, facts=facts)
    assert seen.clocks == ([("resolution", hours(due))] if due else [])


def test_a_priority_that_was_said_stays_whatever_policy_counts(small: Small) -> None:
    small.publish(TASKS + POLICIES)
    made = small.order(what="slow", priority="p1")
    assert (small.request(made).priority, small.clocks(made)) == ("p1", {})


MATRIX = """
kind: priority_matrix
key: levels
department: it
title: {en: Levels, zh: 等级}
impact: [company, person]
urgency: [blocked, minor]
priority: [[p1, p2], [p3, p4]]
"""


@pytest.mark.parametrize(("what", "priority"), [("fast", "p1"), ("slow", "p2")])
def test_impact_and_urgency_go_through_the_matrix_of_the_policy_that_counts(
    small: Small, what: str, priority: str
) -> None:
    """The first policy has a priority of its own, whatever was said of impact and urgency; the second a matrix."""
    policies = POLICIES.replace("priority: p4", "priority: {matrix: levels}").replace("{p4: 8 hours}", "{p2: 8 hours}")
    small.publish(TASKS + policies, levels=MATRIX)
    made = small.order(what=what)
    priorities.set_priority(small.request(made), viewer=small.viewer("dan"), at=small.at, impact="company")
    assert (small.request(made).priority, small.request(made).impact) == (priority, "company")
    assert set(small.clocks(made)) == {"resolution"}


@pytest.mark.parametrize("end", ["reject", "cancel", "return"])
def test_an_ended_request_leaves_no_clock_running(small: Small, end: str) -> None:
    small.publish(CHAIN + TASKS + sla(*map(target, ("response", "resolution", "approval"))))
    made = small.order()
    if end == "cancel":
        small.act("asks", "cancel", made)
    else:
        small.decide("boss", end, made)
    left = {"reject": {"met", "cancelled"}, "cancel": {"cancelled"}, "return": {"running"}}[end]
    assert set(states(small, made).values()) == left
    assert bool(small.armed("clock_due")) is (end == "return")


@pytest.mark.proves("R14")
def test_an_escalation_that_meets_an_ended_request_does_nothing(small: Small) -> None:
    small.publish(TASKS + sla(target("resolution", ESCALATE)))
    made = small.order()
    clock: Clock = small.clocks(made)["resolution"]
    payload = {"request": made, "clock": clock.id}
    small.go(hours=4)
    small.ring_due()
    small.act("dan", "cancel", made)
    before = small.notices("sec")
    small.go(hours=9)
    for kind, more in (("clock_due", {}), ("clock_step", {"step": 2})):
        timers.ring(kind, payload | more, at=small.at, settle=lambda session: None)
    assert (small.notices("sec"), small.task(made, "a").group_id) == (before, small.groups["desk"])
    assert small.clocks(made)["resolution"].steps[2]["state"] == "waiting"
    assert db.session.query(Outbox).filter(Outbox.channel == "webhook").count() == 0
