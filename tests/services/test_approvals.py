"""Who is asked, how it is decided, and what may be decided: the section on approval, on a real database."""

from __future__ import annotations

from typing import Any

import pytest
from tests.factories.small import Small, refusal

from servicehall.domain import events as e
from servicehall.domain.conditions import RequestFacts
from servicehall.errors import Conflict, Invalid
from servicehall.models.base import db
from servicehall.services import cases, catalog, decisions, releases
from servicehall.services.people import record_person
from servicehall.services.work import read_content, work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

TOTAL = "[{key: total, type: money, label: Total}, {key: owner, type: person, label: Owner}]"
TEAM = "approvers: [person: dan@example.com, person: dora@example.com, person: lena@example.com]"


def chain(*stages: str, more: str = "") -> str:
    return "approval:\n  stages:\n" + "".join(f"    - {{{one}}}\n" for one in stages) + more


@pytest.mark.parametrize(
    ("decide", "acts", "outcome"),
    [
        ("all", "a", "pending_approval"),
        ("all", "aaa", "in_progress"),
        ("all", "ar", "rejected"),
        ("any", "a", "in_progress"),
        ("any", "rr", "pending_approval"),
        ("any", "rrr", "rejected"),
        ("{at_least: 2}", "ra", "pending_approval"),
        ("{at_least: 2}", "raa", "in_progress"),
        ("{at_least: 2}", "rr", "rejected"),
        ("{percent: 60}", "a", "pending_approval"),
        ("{percent: 60}", "aa", "in_progress"),
        ("{percent: 34}", "aa", "in_progress"),
        ("{percent: 33}", "a", "in_progress"),
    ],
)
def test_a_stage_closes_as_soon_as_its_outcome_is_certain(small: Small, decide: str, acts: str, outcome: str) -> None:
    small.publish(
        chain(f"key: team, decide: {decide}, {TEAM}") + "fulfilment: {tasks: [{key: a, title: A, group: desk}]}"
    )
    made = small.order()
    for name, act in zip(("dan", "dora", "lena"), acts, strict=False):
        small.decide(name, {"a": "approve", "r": "reject"}[act], made)
    assert small.state(made) == outcome
    left = {state for _, state in small.voices(made)} - {"approved", "rejected"}
    assert left <= ({"pending"} if outcome == "pending_approval" else {"superseded"})


def test_a_quorum_above_the_voices_is_the_fallbacks(small: Small) -> None:
    small.publish(chain(f"key: team, decide: {{at_least: 4}}, {TEAM}"))
    assert small.voices(small.order()) == [("leads", "pending")]


ASKED: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]]]] = {
    "manager": ("approvers: [manager: {}]", {}, [("boss", "pending")]),
    "two up": ("approvers: [manager: {level: 2}]", {}, [("chief", "pending")]),
    "group one": ("approvers: [group: desk]", {}, [("desk", "pending")]),
    "group each": ("approvers: [group: desk], group_counts: each", {}, [("dan", "pending"), ("dora", "pending")]),
    "twice": ("approvers: [person: dan@example.com, person: dan@example.com]", {}, [("dan", "pending")]),
    "head": ("approvers: [department_head: {of: requested_for}]", {}, [("sec", "pending")]),
    "role": ("approvers: [role: Finance Controller]", {}, [("fin", "pending")]),
    "field": ("approvers: [field: owner]", {"owner": "sec@example.com"}, [("sec", "pending")]),
    "field empty": ("approvers: [field: owner]", {}, [("leads", "pending")]),
    "limit 1": ("approvers: [manager_until: {limit: total}]", {"total": "900"}, [("boss", "pending")]),
    "limit at": ("approvers: [manager_until: {limit: total}]", {"total": "1000"}, [("boss", "pending")]),
    "limit 2": (
        "approvers: [manager_until: {limit: total}]",
        {"total": "1001"},
        [("boss", "pending"), ("chief", "pending")],
    ),
    "limit none": ("approvers: [manager_until: {limit: total}]", {"total": "50001"}, [("leads", "pending")]),
    "limit unknown": ("approvers: [manager_until: {limit: total}]", {}, [("leads", "pending")]),
    "when false": ("when: total > 100, approvers: [person: dan@example.com]", {"total": "1"}, []),
    "when true": ("when: total > 100, approvers: [person: dan@example.com]", {"total": "101"}, [("dan", "pending")]),
    "when in doubt": ("when: total > 100, approvers: [person: dan@example.com]", {}, [("dan", "pending")]),
}


@pytest.mark.parametrize("name", ASKED)
def test_who_is_asked(small: Small, name: str) -> None:
    stage, answers, asked = ASKED[name]
    with work("directory/all", actor="system", at=small.at) as w:
        w.record("department/it", e.DepartmentRecorded(department="it", head=small.ids["sec"]))
    small.publish(chain(f"key: one, {stage}") + "fulfilment: {tasks: [{key: a, title: A, group: desk}]}", fields=TOTAL)
    made = small.order(**answers)
    assert small.voices(made) == asked
    assert small.state(made) == ("pending_approval" if asked else "in_progress")


def test_without_a_head_the_fallback_decides(small: Small) -> None:
    small.publish(chain("key: one, approvers: [department_head: {}]"))
    assert small.voices(small.order()) == [("leads", "pending")]


def test_a_limit_in_another_currency_covers_nothing(small: Small) -> None:
    small.publish(
        chain("key: one, approvers: [manager_until: {limit: total}]"),
        fields="[{key: total, type: money, currency: EUR, label: Total}]",
    )
    assert small.voices(small.order(total="5")) == [("leads", "pending")]


def test_where_no_limit_suffices_it_is_said(small: Small) -> None:
    small.publish(chain("key: one, approvers: [manager_until: {limit: total}]"), fields=TOTAL)
    (row,) = small.approvals(small.order(total="50001"))
    record = cases.approval_record(small.viewer("lena"), row)
    assert record["why"] == "The department's fallback decides: nobody in the line may approve this amount alone"


@pytest.mark.parametrize(("who", "asked"), [("asks", ["boss", "chief"]), ("chief", ["leads"])])
def test_whose_limit_covers_it_decides_or_the_fallback_never_those_below_alone(
    small: Small, who: str, asked: list[str]
) -> None:
    """The chief orders for somebody two levels down: nobody above could be asked in their place."""
    until = "key: one, approvers: [manager_until: {of: requested_for, limit: total}]"
    small.publish(chain(until), fields=TOTAL)
    made = small.order(who, total="5000", requested_for="asks@example.com")
    assert small.voices(made) == [(one, "pending") for one in asked]


@pytest.mark.parametrize(
    ("mode", "who", "rule", "asked", "state"),
    [
        ("forbid", "asks", "person: asks@example.com", [("leads", "pending")], "pending_approval"),
        ("forbid", "boss", "manager: {of: requested_for}", [("chief", "pending")], "pending_approval"),
        ("skip", "asks", "person: asks@example.com", [("asks", "skipped")], "in_progress"),
        ("allow", "asks", "person: asks@example.com", [("asks", "pending")], "pending_approval"),
        ("forbid", "dan", "group: desk", [("desk", "pending")], "pending_approval"),
        ("forbid", "lena", "group: leads", [("administrators", "pending")], "pending_approval"),
    ],
)
def test_nobody_approves_their_own(
    small: Small, mode: str, who: str, rule: str, asked: list[tuple[str, str]], state: str
) -> None:
    more = f"  self_approval: {mode}\nfulfilment: {{tasks: [{{key: a, title: A, group: desk}}]}}"
    small.publish(chain(f"key: one, approvers: [{rule}]", more=more))
    made = small.order(who, requested_for="asks@example.com" if who == "boss" else None)
    assert (small.voices(made), small.state(made)) == (asked, state)
    for row in small.approvals(made, state="pending"):
        assert mode == "allow" or small.ids[who] not in (row.members or [])


@pytest.mark.parametrize(("mode", "second"), [("skip", "skipped"), ("ask", "pending")])
def test_whoever_approved_the_same_content_is_not_asked_again(small: Small, mode: str, second: str) -> None:
    stages = [f"key: {key}, approvers: [person: dan@example.com]" for key in ("one", "two")]
    small.publish(chain(*stages, more=f"  repeat_approver: {mode}\n"))
    made = small.order()
    assert small.voices(made) == [("dan", "pending"), (None, "waiting")]
    small.decide("dan", "approve", made)
    assert small.voices(made, stage="two") == [("dan", second)]


def test_apart_beats_all_and_nobody_decides_in_both(small: Small) -> None:
    stages = ["key: one, approvers: [person: dan@example.com]", "key: two, approvers: [group: desk]"]
    small.publish(chain(*stages, more="  apart: [[one, two]]\n"))
    made = small.order()
    small.decide("dan", "approve", made)
    assert small.approvals(made)[1].members == [small.ids["dora"]]


def test_apart_holds_between_stages_that_open_together(small: Small) -> None:
    stages = [f"key: {key}, approvers: [person: dan@example.com]" for key in ("one", "two")]
    small.publish(chain(*stages, more="  apart: [[one, two]]\n  parallel: [[one, two]]\n"))
    assert small.voices(small.order()) == [("dan", "pending"), ("leads", "pending")]


def test_whoever_is_left_in_a_stage_kept_apart_may_decide_away_the_last_of_the_other(small: Small) -> None:
    """Both members of `b` decide for groups of `a`, which is open beside it: then the fallback decides `b`."""
    for key, *names in (("one", "dan", "lena"), ("two", "lena", "sec"), ("three", "dan", "sec")):
        small.group(key, *names)
    stages = ["key: a, approvers: [group: one, group: two]", "key: b, approvers: [group: three]"]
    small.publish(chain(*stages, more="  apart: [[a, b]]\n  parallel: [[a, b]]\n"))
    made = small.order()
    small.decide("dan", "approve", made)
    small.decide_row("sec", "approve", small.approvals(made, state="pending")[0])
    assert small.voices(made, stage="b") == [("three", "expired"), ("leads", "pending")]


def test_a_stage_that_is_certain_as_it_opens_keeps_nobody_from_the_one_beside_it(small: Small) -> None:
    """`b` needs one voice, and that of the requester counts: so dan and dora are free for `a` at once."""
    stages = [
        "key: a, approvers: [group: desk]",
        "key: b, decide: any, group_counts: each, approvers: [person: asks@example.com, group: desk]",
    ]
    small.publish(chain(*stages, more="  self_approval: skip\n  apart: [[a, b]]\n  parallel: [[a, b]]\n"))
    made = small.order()
    assert small.voices(made, stage="a") == [("desk", "pending")]
    assert small.stages(made) == {"a": "open", "b": "passed"}


def test_parallel_stages_open_together_and_a_rejection_ends_both(small: Small) -> None:
    stages = [f"key: {name}, approvers: [person: {name}@example.com]" for name in ("fin", "sec", "boss")]
    small.publish(chain(*stages, more="  parallel: [[fin, sec]]\n"))
    made = small.order()
    assert small.voices(made) == [("fin", "pending"), ("sec", "pending"), (None, "waiting")]
    small.decide("sec", "approve", made)
    assert small.stages(made) == {"fin": "open", "sec": "passed", "boss": "waiting"}
    small.decide("fin", "reject", made)
    assert small.state(made) == "rejected"
    assert [state for _, state in small.voices(made)] == ["rejected", "approved", "superseded"]


@pytest.mark.parametrize(
    ("rule", "decision", "status"),
    [
        ("never", "reject", 200),
        ("on_reject", "approve", 200),
        ("on_reject", "reject", 422),
        ("always", "approve", 422),
        ("always", "return", 422),
    ],
)
def test_when_a_comment_is_needed(small: Small, rule: str, decision: str, status: int) -> None:
    small.publish(chain(f"key: one, comment: {rule}, approvers: [manager: {{}}]"))
    made = small.order()
    assert refusal(small.decide, "boss", decision, made, comment=" ") == status


def test_a_signed_decision_needs_the_password_and_keeps_name_time_and_meaning(small: Small) -> None:
    small.publish(chain("key: one, sign: true, approvers: [manager: {}]"))
    made = small.order()
    assert refusal(small.decide, "boss", "approve", made) == 422
    assert refusal(small.decide, "boss", "approve", made, password="wrong") == 422
    small.decide("boss", "approve", made, password="right")
    signature = read_content(db.session(), small.approvals(made)[0].signature or "")
    assert signature == {
        "name": "Boss",
        "at": "2026-11-23T09:00:00Z",
        "meaning": "approved",
        "content": small.request(made).content,
        "components": ["email", "password"],
    }


def test_fields_of_a_stage_are_asked_of_its_approver_alone_and_later_conditions_know_them(small: Small) -> None:
    fields = "[{key: what, type: text, label: W}, {key: code, type: text, label: C, required: true}]"
    plan = (
        "fulfilment: {tasks: [{key: a, title: A, group: desk, when: code == '42'},"
        " {key: b, title: B, group: desk, when: code == '43'}]}"
    )
    second = "key: two, when: code == '42', approvers: [person: fin@example.com]"
    small.publish(chain("key: one, fields: [code], approvers: [manager: {}]", second) + plan, fields=fields)
    made = small.order(what="x", code="43")
    assert read_content(db.session(), small.request(made).content) == {"what": "x"}
    assert refusal(small.decide, "boss", "approve", made) == 422
    assert refusal(small.decide, "boss", "approve", made, answers={"what": "y", "code": "42"}) == 422
    content = small.request(made).content
    small.decide("boss", "approve", made, answers={"code": "42"})
    assert small.voices(made, stage="two") == [("fin", "pending")]
    small.decide("fin", "approve", made)
    assert small.request(made).content == content
    assert small.tasks(made) == {"a": "ready", "b": "skipped"}


def test_all_that_a_decision_lacks_is_said_at_once(small: Small) -> None:
    fields = "[{key: what, type: text, label: W}, {key: code, type: text, label: C, pattern: '[0-9]+'}]"
    small.publish(
        chain("key: one, fields: [code], comment: always, sign: true, approvers: [manager: {}]"), fields=fields
    )
    made = small.order(what="x")
    with pytest.raises(Invalid) as refused:
        small.decide("boss", "approve", made, comment="", answers={"code": "x", "what": "y", "foo": 1})
    assert [one.path for one in refused.value.problems] == ["comment", "password", "what", "foo", "code"]


@pytest.mark.parametrize(("units", "asked"), [(3, [("fin", "pending")]), (2, [])])
def test_what_is_computed_from_an_approver_s_answer_decides_later_stages(small: Small, units: int, asked: Any) -> None:
    fields = (
        "[{key: units, type: integer, label: U}, {key: half, type: computed, as: integer, label: H, value: total - 1},"
        " {key: total, type: computed, as: integer, label: T, value: units * 2}]"
    )
    second = "key: two, when: has(answers.half) && half > 4, approvers: [person: fin@example.com]"
    plan = "fulfilment: {tasks: [{key: a, title: A, group: desk, when: half < 4}]}"
    small.publish(chain("key: one, fields: [units], approvers: [manager: {}]", second) + plan, fields=fields)
    made = small.order()
    small.decide("boss", "approve", made, answers={"units": units})
    assert [one for one in small.voices(made, stage="two") if one[1] == "pending"] == asked
    assert small.state(made) == ("pending_approval" if asked else "in_progress")
    assert small.tasks(made) == ({} if asked else {"a": "ready"})


def test_a_decision_is_final_on_one_content_and_by_those_who_are_asked(small: Small) -> None:
    small.publish(chain("key: one, decide: any, approvers: [person: dan@example.com, person: dora@example.com]"))
    made = small.order()
    first, second = small.approvals(made)
    assert refusal(small.decide_row, "dora", "approve", first) == 403
    assert refusal(small.decide_row, "dan", "approve", first, content="0" * 64) == 409
    assert refusal(small.decide_row, "dan", "maybe", first) == 422
    assert refusal(small.decide_row, "dan", "approve", first, comment="x" * (decisions.LONGEST + 1)) == 422
    assert refusal(small.decide_row, "dan", "approve", first, answers={"what": "another"}) == 422
    small.decide_row("dan", "approve", first)
    assert refusal(small.decide_row, "dan", "reject", first) == 409
    assert refusal(small.decide_row, "dora", "approve", second) == 409


def test_a_member_of_two_groups_speaks_once_and_in_one_of_two_stages_kept_apart(small: Small) -> None:
    """Both voices were asked before either decided: what keeps people apart counts at the decision too."""
    small.group("night", "dan", "lena")
    small.publish(chain("key: one, decide: all, approvers: [group: desk, group: night]"))
    twice = small.order()
    stages = "{key: one, approvers: [group: desk]}, {key: two, approvers: [group: night]}"
    small.publish(f"approval: {{apart: [[one, two]], parallel: [[one, two]], stages: [{stages}]}}")
    for made in (twice, small.order()):
        first, second = small.approvals(made)
        small.decide_row("dan", "approve", first)
        assert refusal(small.decide_row, "dan", "approve", second) == 403
        small.decide_row("lena", "approve", second)
        assert small.state(made) == "in_progress"


class TestGates:
    PLAN = (
        "fulfilment: {tasks: [{key: ok, title: Ok, group: desk, OPTIONAL approval:"
        " {stages: [{key: sec, approvers: [person: sec@example.com]}]}}, {key: b, title: B, group: desk, after: [ok]}]}"
    )

    def test_a_gate_is_not_returned_and_a_passed_one_does_its_task(self, small: Small) -> None:
        small.publish(self.PLAN.replace("OPTIONAL", ""))
        made = small.order()
        with pytest.raises(Conflict, match="A gate inside the plan"):
            small.decide("sec", "return", made)
        small.decide("sec", "approve", made)
        assert small.tasks(made) == {"ok": "done", "b": "ready"}

    def test_a_rejected_gate_fails_its_task_which_may_be_tried_again(self, small: Small) -> None:
        small.publish(self.PLAN.replace("OPTIONAL", ""))
        made = small.order()
        small.decide("sec", "reject", made)
        assert (small.state(made), small.tasks(made)) == ("in_progress", {"ok": "failed", "b": "blocked"})
        small.do("dan", "retry", made, "ok")
        assert small.voices(made) == [("sec", "rejected"), ("sec", "pending")]
        small.decide("sec", "approve", made)
        assert small.tasks(made) == {"ok": "done", "b": "ready"}

    def test_a_gate_whose_task_is_skipped_asks_nobody(self, small: Small) -> None:
        small.publish(self.PLAN.replace("OPTIONAL", "optional: true,"))
        made = small.order()
        small.do("dan", "skip", made, "ok")
        assert small.voices(made) == [("sec", "superseded")]
        assert small.tasks(made) == {"ok": "skipped", "b": "ready"}


def test_a_preview_foresees_who_need_not_say_it_again_and_who_is_kept_apart(small: Small) -> None:
    more = "  parallel: [[two, three]]\n  apart: [[two, three]]\n"
    small.publish(
        chain(
            "key: one, approvers: [manager: {}, person: fin@example.com]",
            "key: two, approvers: [manager: {}, person: dan@example.com]",
            "key: three, approvers: [person: dan@example.com, person: dora@example.com]",
            "key: four, decide: any, approvers: [person: lena@example.com, person: sec@example.com]",
            "key: five, approvers: [person: lena@example.com]",
            more=more,
        )
    )
    viewer = small.viewer("asks")
    facts = RequestFacts(type="request", priority=None, created_at=small.at, department="it")
    release = releases.orderable(viewer, "it/thing", at=small.at)
    said = catalog.preview(viewer, release, {}, beneficiary=viewer.person, at=small.at, facts=facts)
    names = {identity: name for name, identity in small.ids.items()}
    foreseen = {
        stage.key: [(names[one["person"].id], "skipped" if "skipped" in one else "pending") for one in stage.approvers]
        for stage in said.stages
    }
    assert foreseen["five"] == [("lena", "pending")]  # nobody knows whose word it will be before
    made, asked = small.order(), {}
    while small.state(made) == "pending_approval":
        for stage, state in small.stages(made).items():
            if state == "open":
                asked.setdefault(stage, small.voices(made, stage=stage))
        waiting = small.approvals(made, state="pending")[-1]
        small.decide_row(str(small.voice(waiting)), "approve", waiting)
    assert {key: foreseen[key] for key in asked} == asked
    assert set(asked) == set(foreseen)


def test_where_nobody_at_all_may_decide_the_stage_waits(small: Small) -> None:
    """No manager, an empty fallback group, no administrator: the request stays open, and the asking comes to an end."""
    small.person("alone")
    for name in ("lena", "root"):
        record_person({"email": f"{name}@example.com", "active": "no"}, actor="system:tests", at=small.at)
    small.publish(chain("key: team, approvers: [manager: {}]"))
    made = small.order("alone")
    assert small.state(made) == "pending_approval"
    assert [state for _voice, state in small.voices(made)] == ["pending"]
