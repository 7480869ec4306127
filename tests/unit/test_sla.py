"""Policies, priorities and clocks: what is read, what is refused, and what pauses and steps come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehall.clock import as_instant, parse_instant
from servicehall.domain.business_time import add_working, due, elapsed
from servicehall.domain.calendars import TWENTY_FOUR_SEVEN, compile_calendar
from servicehall.domain.durations import Duration, Unit
from servicehall.domain.escalation import CallWebhook, Notify, Point, RaisePriority, Reassign, Recipient, Step
from servicehall.domain.lifecycle import RequestState
from servicehall.domain.priorities import check_matrix, priority_of, raised
from servicehall.domain.schedules import Clock, Pause, read_clock, schedule
from servicehall.domain.sla import Measure, Start, check_policy, choose_policy, parse_policy
from servicehall.errors import Invalid
from servicehall.services.clock_terms import due_steps, steps_said

OFFICE = compile_calendar({"time_zone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}})
POLICY = {
    "calendar": "it/office-hours-shanghai",
    "priority": {"matrix": "it/impact-urgency"},
    "targets": [
        {
            "measure": "response",
            "by_priority": {"p1": "1 hour", "p3": "1 business day"},
            "start": "approved",
            "pause": ["returned", "on_hold"],
            "escalate": [
                {"at": "75%", "do": [{"notify": ["assignee", {"group": "it-leads"}]}], "working_hours": True},
                {"at": "100%", "do": [{"notify": [{"person": "ana@example.com"}]}, {"raise_priority": 1}]},
                {
                    "at": "100% + 2 hours",
                    "when": "request.priority == 'p1'",
                    "do": [{"reassign": {"group": "it-duty"}}, {"webhook": "pager"}],
                },
            ],
        }
    ],
}
MATRIX = {
    "impact": ["company", "department", "person"],
    "urgency": ["blocked", "hindered", "minor"],
    "priority": [["p1", "p2", "p3"], ["p2", "p3", "p4"], ["p3", "p4", "p4"]],
}


def at(text):
    """Shanghai clock time of November 2026; the 23rd is a Monday."""
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00").astimezone(UTC)


def minutes(count):
    return timedelta(minutes=count)


def clock(target, start, *pauses, calendar=OFFICE):
    spans = tuple(Pause(at(since), until and at(until), "on_hold") for since, until in pauses)
    return Clock(Duration.parse(target), calendar, at(start), spans)


def steps(*points, working_hours=False):
    return [Step(Point.parse(point), (), working_hours=working_hours) for point in points]


# Policies


def test_a_policy_is_read_whole():
    policy = parse_policy(POLICY)
    assert (policy.calendar, policy.priority, policy.matrix) == ("it/office-hours-shanghai", None, "it/impact-urgency")
    [target] = policy.targets_of("response")
    assert target.measure is Measure.RESPONSE
    assert target.start is Start.APPROVED
    assert target.pause == {RequestState.RETURNED, RequestState.ON_HOLD}
    assert target.duration("p3") == Duration(1, Unit.BUSINESS_DAY)
    assert target.duration("p2") is None, "without a target for the priority there is no clock"
    first, second, third = target.escalate
    assert first == Step(
        Point(75), (Notify((Recipient("assignee"), Recipient("group", "it-leads"))),), working_hours=True
    )
    assert second.do == (Notify((Recipient("person", "ana@example.com"),)), RaisePriority(1))
    assert third == Step(
        Point(100, Duration(2, Unit.HOUR)), (Reassign("it-duty"), CallWebhook("pager")), "request.priority == 'p1'"
    )


def test_what_is_left_out_has_its_default():
    policy = parse_policy({"priority": "p3", "targets": [{"measure": "task", "by_priority": {"p3": "2 days"}}]})
    [target] = policy.targets
    assert (policy.calendar, policy.priority, policy.when) == (None, "p3", True)
    assert (target.start, target.pause, target.escalate) == (Start.CREATED, frozenset(), ())


def changed(**change):
    return {**POLICY, "targets": [{**POLICY["targets"][0], **change}]}


def escalating(**change):
    return changed(escalate=[{"at": "75%", "do": [{"notify": ["assignee"]}], **change}])


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], ""),
        (POLICY | {"targets": []}, "targets"),
        (POLICY | {"targets": {"measure": "response"}}, "targets"),
        (POLICY | {"targets": ["response"]}, "targets[0]"),
        (POLICY | {"calendar": {"time_zone": "UTC"}}, "calendar"),
        (POLICY | {"priority": "urgent"}, "priority"),
        (POLICY | {"priority": {"matrix": None}}, "priority.matrix"),
        (POLICY | {"when": 5}, "when"),
        (POLICY | {"goals": []}, "goals"),
        (changed(measure="delivery"), "targets[0].measure"),
        (changed(by_priority={}), "targets[0].by_priority"),
        (changed(by_priority={"p6": "1 hour"}), "targets[0].by_priority.p6"),
        (changed(by_priority={"p1": "one hour"}), "targets[0].by_priority.p1"),
        (changed(by_priority={"p1": "-1 business day"}), "targets[0].by_priority.p1"),
        (changed(start="opened"), "targets[0].start"),
        (changed(measure="approval"), "targets[0].start"),
        (changed(pause=["asleep"]), "targets[0].pause[0]"),
        (changed(pause="on_hold"), "targets[0].pause"),
        (escalating(at="three quarters"), "targets[0].escalate[0].at"),
        (escalating(at=75), "targets[0].escalate[0].at"),
        (escalating(at="100% + soon"), "targets[0].escalate[0].at"),
        (escalating(at="100% + -2 business days"), "targets[0].escalate[0].at"),
        (escalating(do=[]), "targets[0].escalate[0].do"),
        (escalating(do=[{"page": "somebody"}]), "targets[0].escalate[0].do[0].page"),
        (escalating(do=[{"notify": ["assignee"], "webhook": "x"}]), "targets[0].escalate[0].do[0]"),
        (escalating(do=[{"notify": []}]), "targets[0].escalate[0].do[0].notify"),
        (escalating(do=[{"notify": ["boss"]}]), "targets[0].escalate[0].do[0].notify[0]"),
        (escalating(do=[{"notify": [{"role": "boss"}]}]), "targets[0].escalate[0].do[0].notify[0]"),
        (escalating(do=[{"raise_priority": 0}]), "targets[0].escalate[0].do[0].raise_priority"),
        (escalating(do=[{"raise_priority": True}]), "targets[0].escalate[0].do[0].raise_priority"),
        (escalating(do=[{"reassign": {"person": "x"}}]), "targets[0].escalate[0].do[0].reassign.person"),
        (escalating(do=[{"webhook": ""}]), "targets[0].escalate[0].do[0].webhook"),
        (escalating(working_hours="yes"), "targets[0].escalate[0].working_hours"),
        (escalating(when=[]), "targets[0].escalate[0].when"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_with_its_place(document, path):
    assert path in [problem.path for problem in check_policy(document)]
    with pytest.raises(Invalid):
        parse_policy(document)


def test_a_good_policy_has_no_problem():
    assert check_policy(POLICY | {"kind": "sla_policy", "department": "it", "key": "x", "title": {"en": "X"}}) == []


def test_the_first_policy_whose_condition_holds_counts():
    policies = [parse_policy(POLICY | {"when": when}) for when in ("a", "b", False, True)]
    assert choose_policy(policies, lambda condition: condition == "b") is policies[1]
    assert choose_policy(policies, lambda condition: False) is policies[3]
    assert choose_policy(policies[:3], lambda condition: False) is None


# Priorities


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [("company", "blocked", "p1"), ("person", "minor", "p4"), ("department", "hindered", "p3")],
)
def test_the_matrix_gives_the_priority(impact, urgency, priority):
    assert priority_of(MATRIX, impact=impact, urgency=urgency) == priority


def test_unknown_impact_and_urgency_are_refused_together():
    with pytest.raises(Invalid) as refused:
        priority_of(MATRIX, impact="galaxy", urgency="yesterday")
    assert [problem.path for problem in refused.value.problems] == ["impact", "urgency"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"impact": []}, "impact"),
        ({"impact": ["a", "b", "a"]}, "impact[2]"),
        ({"urgency": "all"}, "urgency"),
        ({"priority": MATRIX["priority"][:2]}, "priority"),
        ({"priority": [["p1", "p2"], *MATRIX["priority"][1:]]}, "priority[0]"),
        ({"priority": [["p1", "p2", "p9"], *MATRIX["priority"][1:]]}, "priority[0][2]"),
        ({"levels": 3}, "levels"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said_with_its_place(change, path):
    assert check_matrix(MATRIX) == []
    assert path in [problem.path for problem in check_matrix(MATRIX | change)]


@pytest.mark.parametrize(("priority", "levels", "expected"), [("p3", 1, "p2"), ("p2", 4, "p1"), ("p1", 1, "p1")])
def test_raising_a_priority_stops_at_the_highest(priority, levels, expected):
    assert raised(priority, levels) == expected


# Clocks


@pytest.mark.parametrize(
    ("running", "expected", "because"),
    [
        (clock("4 hours", "23T10:00"), "23T15:00", "no pause"),
        (clock("4 hours", "23T10:00", ("23T11:00", "23T14:00")), "23T17:00", "two working hours of pause"),
        (clock("4 hours", "23T10:00", ("23T12:00", "23T13:00")), "23T15:00", "a pause over lunch moves nothing"),
        (clock("4 hours", "23T14:00", ("23T17:00", "24T10:00")), "24T11:00", "one hour is left"),
        (clock("4 hours", "23T14:00", ("23T18:00", "24T09:30")), "23T18:00", "due before the pause began"),
        (clock("4 hours", "23T10:00", ("23T09:00", "23T11:00")), "23T16:00", "only what lies after the start counts"),
        (clock("4 hours", "23T10:00", ("23T13:00", "23T14:00"), ("23T11:00", "23T12:00")), "23T17:00", "any order"),
        (clock("4 hours", "23T10:00", ("23T11:00", "23T13:30"), ("23T11:30", "23T14:00")), "23T17:00", "overlap once"),
        (clock("2 days", "23T10:00", ("23T20:00", "24T08:00")), "25T22:00", "days go by the clock, pauses too"),
        (clock("1 business day", "23T10:00"), "24T10:00", "the clock time"),
        (clock("1 business day", "23T10:00", ("23T17:00", "24T09:30")), "24T11:30", "two working hours remain"),
        (clock("1 business day", "23T08:00", ("23T20:00", "23T22:00")), "24T09:00", "a pause at night moves nothing"),
        (clock("1 business day", "23T08:00", ("23T20:00", "24T09:30")), "24T09:30", "nothing left: due on resuming"),
        (clock("1 business day", "20T17:00", ("21T10:00", "22T10:00")), "23T17:00", "a weekend's pause moves nothing"),
        (clock("4 hours", "23T10:00", ("23T11:00", None)), None, "not known while it stands still"),
        (clock("4 hours", "23T10:00", ("23T15:00", None)), "23T15:00", "was due when it stopped"),
    ],
)
def test_a_pause_keeps_what_remains_as_working_time(running, expected, because):
    assert schedule(running).due_at == (expected and at(expected)), because


@pytest.mark.parametrize(
    ("running", "points", "expected"),
    [
        (clock("4 hours", "23T10:00"), ["0%", "50%", "75%", "100%"], ["23T10:00", "23T12:00", "23T14:00", "23T15:00"]),
        (clock("4 hours", "23T10:00"), ["150%", "100% + 2 hours", "75% + 1 hour"], ["23T17:00"] * 2 + ["23T15:00"]),
        (clock("4 hours", "23T14:00"), ["100% + 1 day", "100% + 1 business day"], ["24T18:00", "25T09:00"]),
        (clock("1 business day", "23T10:00"), ["50%", "100%", "200%"], ["23T15:00", "24T10:00", "25T10:00"]),
        (clock("2 days", "20T18:00"), ["50%", "100%", "100% + 2 hours"], ["21T18:00", "22T18:00", "23T11:00"]),
        (clock("4 hours", "23T10:00", ("23T11:00", "23T14:00")), ["25%", "75%"], ["23T11:00", "23T16:00"]),
        (clock("4 hours", "23T10:00", ("23T15:30", "23T16:00")), ["100%", "100% + 1 hour"], ["23T15:00", "23T16:30"]),
        (clock("4 hours", "23T10:00", ("23T11:00", None)), ["25%", "50%", "100%"], ["23T11:00", None, None]),
    ],
)
def test_steps_are_at_percentages_of_the_time_between_start_and_due(running, points, expected):
    found = schedule(running, steps=steps(*points)).steps
    assert [step.at for step in found] == [moment and at(moment) for moment in expected]
    assert [step.index for step in found] == list(range(len(points)))


def test_a_step_for_working_hours_waits_for_the_next_opening():
    found = schedule(clock("2 days", "20T12:00"), steps=steps("25%", "75%", "100%", working_hours=True))
    assert [step.at for step in found.steps] == [at("23T09:00"), at("23T09:00"), at("23T09:00")]
    [step] = schedule(clock("4 hours", "23T14:00"), steps=steps("100%", working_hours=True)).steps
    assert step.at == at("24T09:00"), "a closing is outside"


@pytest.mark.parametrize(
    ("moment", "acting", "earlier"),
    [("11:59", [], []), ("12:00", [0], []), ("14:30", [1, 2], [0]), ("15:00", [3], [0, 1, 2])],
)
def test_of_steps_that_have_passed_those_of_the_latest_moment_act(moment, acting, earlier):
    plan = schedule(clock("4 hours", "23T10:00"), steps=steps("50%", "75%", "75%", "100%"))
    found = due_steps(steps_said(plan, {}), at(f"23T{moment}"))
    assert [[one["index"] for one in each] for each in found] == [acting, earlier]


def test_a_change_of_target_recomputes_from_the_start_and_keeps_the_pauses():
    pause = ("23T11:00", "23T14:00")
    assert schedule(clock("2 hours", "23T10:00", pause)).due_at == at("23T15:00")
    assert schedule(clock("8 hours", "23T10:00", pause)).due_at == at("24T12:00")


def test_a_reading_says_what_passed_and_what_remains():
    running = clock("4 hours", "23T10:00", ("23T11:00", "23T14:00"))
    table = {
        "23T10:00": (0, 240, False),
        "23T11:00": (60, 180, True),
        "23T13:59": (60, 180, True),
        "23T14:00": (60, 180, False),
        "23T17:00": (240, 0, False),
        "24T10:00": (360, -120, False),
    }
    for moment, (passed, left, paused) in table.items():
        reading = read_clock(running, at(moment))
        assert (reading.elapsed, reading.remaining, reading.paused) == (minutes(passed), minutes(left), paused)


MONDAY = parse_instant("2026-11-23T00:00:00Z")
moments = st.integers(0, 20_000).map(lambda count: MONDAY + minutes(count))
pauses = st.lists(
    st.tuples(moments, st.integers(0, 3000)).map(lambda pair: Pause(pair[0], pair[0] + minutes(pair[1]))), max_size=4
)
calendars = st.sampled_from([OFFICE, TWENTY_FOUR_SEVEN])


@given(st.sampled_from(["30 minutes", "4 hours", "20 hours", "2 days"]), calendars, moments, pauses)
@settings(max_examples=150)
def test_at_the_due_moment_the_target_is_used_up(target, calendar, started, held):
    running = Clock(Duration.parse(target), calendar, started, tuple(held))
    plan = schedule(running)
    reading = read_clock(running, plan.due_at)
    assert reading.elapsed == plan.total
    assert reading.remaining == timedelta(0)


@given(st.integers(1, 8), moments, moments, st.integers(1, 2000))
@settings(max_examples=150)
def test_one_pause_before_due_moves_business_days_by_its_working_time(count, started, since, length):
    target = Duration(count, Unit.BUSINESS_DAY)
    unpaused = due(OFFICE, started, target)
    pause = Pause(since, since + minutes(length))
    plan = schedule(Clock(target, OFFICE, started, (pause,)))
    held = elapsed(OFFICE, max(since, started), max(pause.until, started))
    if since >= unpaused or not held:
        assert plan.due_at == unpaused
    else:
        left = elapsed(OFFICE, max(since, started), unpaused)
        assert plan.due_at == add_working(OFFICE, pause.until, left)


def test_times_are_written_in_utc():
    assert as_instant(schedule(clock("4 hours", "23T10:00")).due_at) == "2026-11-23T07:00:00Z"
