"""Fulfilment: tasks become ready in order, go to those who do them, and the last one resolves the request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.factories.small import Small, refusal

from servicehall.models.base import db
from servicehall.models.log import EventRow
from servicehall.models.requests import Request
from servicehall.services import automation, tasks

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def plan(*tasks: str, more: str = "") -> str:
    said = "".join(f"    - {{title: T, {one}}}\n" for one in tasks)
    return f"fulfilment:\n{more}  tasks:\n{said}"


ORDERS: dict[str, tuple[list[str], list[str], dict[str, str]]] = {
    "after all": (["key: a", "key: b", "key: c, after: [a, b]"], ["a"], {"a": "done", "b": "ready", "c": "blocked"}),
    "after all 2": (
        ["key: a", "key: b", "key: c, after: [a, b]"],
        ["a", "b"],
        {"a": "done", "b": "done", "c": "ready"},
    ),
    "any": (["key: a", "key: b", "key: c, after: {any: [a, b]}"], ["b"], {"a": "ready", "b": "done", "c": "ready"}),
    "skipped goes on": (
        ["key: a, when: what == 'no'", "key: b, after: [a]"],
        [],
        {"a": "skipped", "b": "ready"},
    ),
    "all of any skipped": (
        ["key: a, when: what == 'no'", "key: b, when: what == 'no'", "key: c, after: {any: [a, b]}"],
        [],
        {"a": "skipped", "b": "skipped", "c": "ready"},
    ),
    "any waits for one done": (
        ["key: a, when: what == 'no'", "key: b", "key: c, after: {any: [a, b]}"],
        [],
        {"a": "skipped", "b": "ready", "c": "blocked"},
    ),
    "doubt is no": (["key: a, when: what == 'x'", "key: b"], [], {"a": "skipped", "b": "ready"}),
}


@pytest.mark.parametrize("name", ORDERS)
def test_what_becomes_ready(small: Small, name: str) -> None:
    tasks, done, states = ORDERS[name]
    small.publish(plan(*(f"{one}, group: desk" for one in tasks)))
    made = small.order(**({} if name == "doubt is no" else {"what": "yes"}))
    for key in done:
        small.do("dan", "complete", made, key)
    assert small.tasks(made) == states


def test_the_last_required_task_resolves_and_optional_ones_go_with_the_closing(small: Small) -> None:
    small.publish(plan("key: a, group: desk", "key: b, group: desk, optional: true"))
    made = small.order()
    assert refusal(small.do, "dan", "skip", made, "a") == 409
    small.do("dan", "complete", made, "a")
    assert (small.state(made), small.tasks(made)["b"]) == ("resolved", "ready")
    small.act("asks", "close", made)
    assert small.tasks(made)["b"] == "cancelled"


def test_an_optional_gate_still_open_is_withdrawn_with_the_closing(small: Small) -> None:
    gate = "key: b, optional: true, approval: {stages: [{key: s, approvers: [person: sec@example.com]}]}"
    small.publish(plan("key: a, group: desk", gate))
    made = small.order()
    small.do("dan", "complete", made, "a")
    small.act("asks", "close", made)
    assert (small.tasks(made)["b"], small.voices(made)) == ("cancelled", [("sec", "cancelled")])


DUES = {
    "due: -1 business days": datetime(2026, 12, 3, 17, tzinfo=UTC),
    "due: 2 business days": datetime(2026, 12, 8, 17, tzinfo=UTC),
    "due: 3 hours": datetime(2026, 11, 23, 12, tzinfo=UTC),
    "due: 2 days": datetime(2026, 11, 25, 9, tzinfo=UTC),
}
HOURS = "kind: calendar\ndepartment: it\nkey: hours\ntime_zone: UTC\nweek: {mon-fri: ['09:00-17:00']}\n"


@pytest.mark.parametrize("due", DUES)
def test_business_days_count_from_the_anchor_and_all_else_from_readiness(small: Small, due: str) -> None:
    small.publish(
        plan(f"key: a, group: desk, {due}", more="  anchor: start\n  calendar: hours\n"),
        fields="[{key: start, type: date, label: Start}]",
        hours=HOURS,
    )
    assert small.task(small.order(start="2026-12-04"), "a").due_at == DUES[due]


def test_a_failed_task_blocks_until_it_is_tried_again_or_done_by_hand(small: Small) -> None:
    small.publish(plan("key: a, group: desk", "key: b, group: desk, after: [a]"))
    made = small.order()
    assert refusal(small.do, "dan", "fail", made, "a", comment=" ") == 422
    small.do("dan", "fail", made, "a")
    assert small.tasks(made) == {"a": "failed", "b": "blocked"}
    assert refusal(small.do, "dan", "skip", made, "a") == 409
    small.do("dan", "retry", made, "a")
    assert small.tasks(made)["a"] == "ready"
    small.do("dan", "fail", made, "a")
    small.do("dora", "complete", made, "a")
    assert small.tasks(made) == {"a": "done", "b": "ready"}


def test_tasks_are_held_and_released_and_belong_to_their_group(small: Small) -> None:
    small.publish(plan("key: a, group: desk"))
    made = small.order()
    assert refusal(small.do, "sec", "claim", made, "a") == 403
    assert refusal(small.do, "dan", "assign", made, "a", assignee="sec@example.com") == 422
    small.do("dan", "claim", made, "a")
    assert refusal(small.do, "dora", "claim", made, "a") == 409
    small.do("dan", "release", made, "a")
    small.do("dora", "assign", made, "a", assignee="dan@example.com")
    assert small.task(made, "a").assignee_id == small.ids["dan"]
    small.do("dan", "hold", made, "a")
    assert refusal(small.do, "dan", "complete", made, "a") == 409
    small.do("dan", "release", made, "a")
    assert small.tasks(made)["a"] == "ready"
    small.do("dan", "start", made, "a")
    small.do("dan", "hold", made, "a")
    small.do("dan", "release", made, "a")
    assert small.tasks(made)["a"] == "in_progress"
    small.act("dan", "hold", made)
    assert refusal(small.do, "dan", "complete", made, "a") == 409


def test_what_ends_while_the_request_is_on_hold_resolves_it_on_release(small: Small) -> None:
    small.publish(plan("key: a, approval: {stages: [{key: s, approvers: [person: sec@example.com]}]}"))
    made = small.order()
    small.act("dan", "hold", made)
    small.decide("sec", "approve", made)
    assert small.state(made) == "on_hold"
    small.act("dan", "release", made)
    assert small.state(made) == "resolved"


SPREAD: dict[str, tuple[str, str, list[str | None]]] = {
    "manual": ("how: manual", "", [None, None]),
    "round robin": ("how: round_robin", "", ["dan", "dora", "dan"]),
    "least loaded": ("how: least_loaded", "", ["dan", "dora", "dan"]),
    "skills": ("how: skills", "skills: [ad], ", ["dora", "dora"]),
    "nobody able": ("how: skills", "skills: [cobol], ", [None]),
}


@pytest.mark.parametrize("name", SPREAD)
def test_how_work_is_spread(small: Small, name: str) -> None:
    how, skills, people = SPREAD[name]
    small.person("ada", skills=["ad"])
    rule = f"kind: assignment_rule\ndepartment: it\nkey: default\nrules: [{{group: desk, {how}}}]\n"
    if name == "skills":
        small.ids["dora"] = small.ids["ada"]
    small.group("skilled", "ada", "dan")
    group = "skilled" if skills else "desk"
    rule = rule.replace("desk", group)
    small.publish(plan(f"{skills}key: a, group: {group}"), department="assignment: default", rule=rule)
    found = []
    for _ in people:
        assignee = small.task(small.order(), "a").assignee_id
        found.append(next((who for who, identity in reversed(small.ids.items()) if identity == assignee), None))
        small.go(hours=1)
    assert [("ada" if one == "dora" and skills else one) for one in people] == found
    events = db.session.query(EventRow).filter(EventRow.kind == "task.assigned")
    assert {one.body["why"]["code"] for one in events} == ({name.replace(" ", "_")} if any(people) else set())


@pytest.mark.parametrize("ruled", [True, False])
def test_without_a_plan_there_is_one_task_for_the_rules_group_else_the_first_agents(small: Small, ruled: bool) -> None:
    rule = "kind: assignment_rule\ndepartment: it\nkey: default\nrules: [{group: leads}]\n"
    small.publish("", department="assignment: default" if ruled else "", **({"rule": rule} if ruled else {}))
    made = small.order()
    assert list(small.tasks(made).values()) == ["ready"]
    row = small.task(made, next(iter(small.tasks(made))))
    assert row.group_id == small.groups["leads" if ruled else "desk"]
    small.do("lena" if ruled else "dan", "complete", made, row.key)
    assert small.state(made) == "resolved"


def test_answers_of_a_task_decide_about_later_ones(small: Small) -> None:
    form = "form: {fields: [{key: tag, type: text, label: Tag, required: true}]}"
    small.publish(
        plan(
            f"key: set-up, group: desk, {form}",
            "key: b, group: desk, after: [set-up], when: tasks.set_up.tag == 'x'",
            "key: c, group: desk, after: [set-up], when: tasks.set_up.tag == 'y'",
        )
    )
    made = small.order()
    assert refusal(small.do, "dan", "complete", made, "set-up") == 422
    assert refusal(small.do, "dan", "complete", made, "set-up", answers={"tag": "x", "other": 1}) == 422
    small.do("dan", "complete", made, "set-up", answers={"tag": "x"})
    assert small.tasks(made) == {"set-up": "done", "b": "ready", "c": "skipped"}


class TestChildren:
    CHILD = (
        "kind: service\ndepartment: it\nkey: part\ntitle: Part\nform: {pages: [{key: m, title: M, fields:"
        " [{key: model, type: text, label: M, required: true}]}]}\n"
        "approval: {stages: [{key: s, approvers: [person: sec@example.com]}]}\n"
        "fulfilment: {tasks: [{key: x, title: X, group: desk}]}\n"
    )
    PARENT = plan("key: c, request: it/part, answers: {model: what}", "key: d, group: desk, after: [c]")

    def ordered(self, small: Small, **answers: Any) -> tuple[str, str]:
        small.publish(self.PARENT, part=self.CHILD)
        made = small.order(**answers)
        child = db.session.query(Request.id).filter(Request.parent_id == made).scalar()
        return made, child

    def test_a_service_that_comes_to_itself_ends(self, small: Small) -> None:
        small.publish(plan("key: again, request: it/thing, answers: {what: what}, when: what == 'yes'"))
        made = small.order(what="yes")
        family = db.session.query(Request.id).filter(Request.root_id == made).order_by(Request.id).all()
        states = [small.tasks(one.id)["again"] for one in family]
        assert states == ["in_progress"] * 9 + ["failed"]

    def test_a_resolved_child_does_its_task_and_its_reopening_moves_nothing(self, small: Small) -> None:
        made, child = self.ordered(small, what="m1")
        assert small.tasks(made) == {"c": "in_progress", "d": "blocked"}
        small.decide("sec", "approve", child)
        small.do("dan", "complete", child, "x")
        assert small.tasks(made) == {"c": "done", "d": "ready"}
        small.act("asks", "reopen", child)
        assert small.tasks(made) == {"c": "done", "d": "ready"}

    @pytest.mark.parametrize("end", ["reject", "cancel"])
    def test_a_rejected_or_cancelled_child_fails_its_task(self, small: Small, end: str) -> None:
        made, child = self.ordered(small, what="m1")
        if end == "reject":
            small.decide("sec", "reject", child)
        else:
            small.act("asks", "cancel", child)
        assert small.tasks(made) == {"c": "failed", "d": "blocked"}
        small.do("dan", "retry", made, "c")
        assert small.tasks(made)["c"] == "in_progress"

    def test_a_child_whose_answers_are_refused_fails_its_task(self, small: Small) -> None:
        made, _ = self.ordered(small)
        assert small.tasks(made) == {"c": "failed", "d": "blocked"}


def test_a_rejected_gate_fails_its_task_and_asks_anew_when_it_is_tried_again(small: Small) -> None:
    gate = "key: g, approval: {stages: [{key: s, approvers: [person: sec@example.com]}]}"
    small.publish(plan(gate, "key: b, group: desk, after: [g]"))
    made = small.order()
    small.decide("sec", "reject", made)
    assert (small.tasks(made), small.state(made)) == ({"g": "failed", "b": "blocked"}, "in_progress")
    small.do("dan", "retry", made, "g")
    assert small.voices(made) == [("sec", "rejected"), ("sec", "pending")]
    small.decide("sec", "approve", made)
    assert small.tasks(made) == {"g": "done", "b": "ready"}


def test_a_rejected_gate_may_be_done_by_hand(small: Small) -> None:
    gate = "key: g, approval: {stages: [{key: s, approvers: [person: sec@example.com]}]}"
    small.publish(plan(gate, "key: b, group: desk, after: [g]"))
    made = small.order()
    assert refusal(small.do, "dan", "complete", made, "g") == 409
    small.decide("sec", "reject", made)
    small.do("dan", "complete", made, "g")
    assert small.tasks(made) == {"g": "done", "b": "ready"}


def test_who_lost_a_task_since_they_looked_does_nothing_with_it(small: Small) -> None:
    """What counts is whose it is when it is done, not when it was read."""
    small.publish(plan("key: a, assign: {person: sec@example.com}"))
    made = small.order()
    seen = small.task(made, "a")
    db.session.expunge(seen)
    small.do("dan", "assign", made, "a", assignee="dora@example.com")
    for verb, said in (("complete", {"answers": {}}), ("start", {}), ("release", {})):
        assert refusal(tasks.VERBS[verb], seen, viewer=small.viewer("sec"), at=small.at, **said) == 403
    assert small.tasks(made) == {"a": "ready"}


def test_an_automated_task_that_gives_up_is_its_groups(small: Small) -> None:
    small.publish(plan("key: a, group: desk, automate: {webhook: hr}"))
    made = small.order()
    row = small.task(made, "a")
    assert refusal(small.do, "dan", "complete", made, "a") == 409
    automation.give_up(row.id, reason="down", at=small.at, settle=lambda session: None)
    assert small.tasks(made)["a"] == "ready"
    automation.succeed(row.id, at=small.at, settle=lambda session: None)
    assert small.tasks(made)["a"] == "ready"
    small.do("dan", "complete", made, "a")
    assert small.state(made) == "resolved"


ASSIGN: dict[str, tuple[str, dict[str, str], str | None, str]] = {
    "person": ("{person: sec@example.com}", {}, "sec", "person"),
    "somebody who has left": ("{person: gone@example.com}", {}, None, ""),
    "field": ("{field: who}", {"who": "sec@example.com"}, "sec", "field"),
    "field without an answer": ("{field: who}", {}, None, ""),
    "manager": ("{manager: {of: requester}}", {}, "boss", "manager"),
    "manager of whom it is for": ("{manager: {of: requested_for, level: 2}}", {}, "chief", "manager"),
}


@pytest.mark.parametrize("name", ASSIGN)
def test_a_plan_says_whose_a_task_is_and_the_event_says_why(small: Small, name: str) -> None:
    """Where the rule finds nobody, the task waits in the queue of the department's agents."""
    rule, answers, who, code = ASSIGN[name]
    small.person("gone", active=False)
    small.publish(plan(f"key: a, assign: {rule}"), fields="[{key: who, type: person, label: Who}]")
    made = small.order(**answers)
    row = small.task(made, "a")
    assert (row.state, row.assignee_id) == ("ready", small.ids[who] if who else None)
    if who is None:
        assert row.group_id == small.groups["desk"]
        assert small.notices("dan") == ["task_ready"]
        small.do("dan", "claim", made, "a")
        return
    assert small.notices(who) == ["task_assigned"]
    event = db.session.query(EventRow).filter(EventRow.kind == "task.assigned").one()
    assert (event.body["assignee"], event.body["why"]["code"]) == (row.assignee_id, code)
    assert refusal(small.do, "lena", "complete", made, "a") == 403
    small.do(who, "complete", made, "a")
    assert small.state(made) == "resolved"


def test_an_optional_child_still_open_is_cancelled_with_the_closing(small: Small) -> None:
    """Its own approvals, tasks and clocks end with it; a child that is done stays as it is."""
    small.publish(
        plan(
            "key: a, group: desk",
            "key: b, request: it/part, optional: true",
            "key: c, request: it/done, optional: true",
        ),
        part="kind: service\ndepartment: it\nkey: part\ntitle: Part\nform: {pages: []}\n"
        "approval: {stages: [{key: s, approvers: [person: sec@example.com]}]}\n"
        "sla: {calendar: 24x7, priority: p3, targets: [{measure: resolution, by_priority: {p3: 4 hours}}]}\n",
        done="kind: service\ndepartment: it\nkey: done\ntitle: Done\nform: {pages: []}\n",
    )
    made = small.order()
    children = {
        one.service.split("/")[-1]: one.id for one in db.session.query(Request).filter(Request.parent_id == made)
    }
    for child, key in ((children["done"], next(iter(small.tasks(children["done"])))), (made, "a")):
        small.do("dan", "complete", child, key)
    assert (small.state(made), small.tasks(made)) == ("resolved", {"a": "done", "b": "in_progress", "c": "done"})
    small.act("asks", "close", made)
    assert small.tasks(made) == {"a": "done", "b": "cancelled", "c": "done"}
    assert {key: small.state(one) for key, one in children.items()} == {"part": "cancelled", "done": "resolved"}
    assert small.voices(children["part"]) == [("sec", "cancelled")]
    assert small.clocks(children["part"])["resolution"].state == "cancelled"
    assert small.armed("clock_due") == []
