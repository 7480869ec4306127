"""For whom nobody decides: what is said of everybody at once is what the chain says of each of them alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.small import Small
from tests.proofs import LONG, SAMPLE_SEED

from servicehall.documents.document import Document
from servicehall.documents.examination import PlacedProblem
from servicehall.documents.source import read_yaml
from servicehall.domain import events as e
from servicehall.domain.conditions import RequestFacts
from servicehall.models.base import db, new_id
from servicehall.models.directory import Person
from servicehall.services import amounts, checking, contexts, deciders, delegations, directory, releases
from servicehall.services.company import read_company
from servicehall.services.foreseeing import Foreseen, foresee
from servicehall.services.releases import may_order
from servicehall.services.remembering import standing_still
from servicehall.services.shelf import Shelf
from servicehall.services.work import work

pytestmark = on_sqlite
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHAINS = 60 if LONG else 12
FIELDS = "[{key: total, type: money, label: Total, min: '500'}, {key: who, type: person, label: Who}]"


def lint(session: Session, key: str = "thing") -> list[PlacedProblem]:
    document = Shelf(session).published["service", "it", key]
    found = [one for one in checking.check_draft(session, document) if one.code in CODES]
    return [one for one in found if one.path.endswith(("approvers", ".use"))]


CODES = ("nobody_decides", "always_fallback", "fallback", "not_asked", "undecided")


def told(found: list[PlacedProblem]) -> list[tuple[str, str, list[str]]]:
    return [
        (one.severity, one.code, [email.split("@")[0] for email in (one.witness or {}).get("people", ())])
        for one in found
    ]


def test_the_chief_has_no_manager_and_the_fallback_decides(small: Small) -> None:
    small.publish("approval: {stages: [{key: boss, title: Boss, approvers: [{manager: {}}]}]}")
    found = lint(db.session())
    assert {(one.path, one.severity, one.code) for one in found} == {
        ("approval.stages[0].approvers", "note", "fallback")
    }
    people = {one.email for one in db.session.scalars(select(Person).where(Person.manager_id.is_(None), Person.active))}
    assert {email for one in found for email in (one.witness or {})["people"]} == people
    assert counted_in(found) == len(people)


def test_whoever_is_asked_for_everything_cannot_decide_for_herself(small: Small) -> None:
    stage = "{key: dan, title: Dan, approvers: [{person: dan@example.com}]}"
    small.publish(f"approval: {{self_approval: forbid, stages: [{stage}]}}")
    assert told(lint(db.session())) == [("note", "fallback", ["dan"])]
    small.publish(f"approval: {{self_approval: allow, stages: [{stage}]}}", key="other")
    assert told(lint(db.session(), "other")) == []


@pytest.mark.parametrize(
    "fact",
    [
        'requester.grade == "{}"',
        '[requester].exists(p, p.grade == "{}")',
        'requester.start_date == timestamp("{}T00:00:00Z")',
    ],
)
@pytest.mark.parametrize("rule", ["audience", "excluded", "when"])
def test_nobody_is_named_for_what_a_colleague_may_not_know(small: Small, fact: str, rule: str) -> None:
    """Whoever writes a condition over it would else read off the finding who it is true of."""
    small.person("sam", manager="boss", grade="2020-02-01", start_date="2020-02-01")
    said = fact.format("2020-02-01")
    stage = "{key: s, title: S, approvers: [{manager: {level: 3}}]%s}" % (f", when: '{said}'" if rule == "when" else "")
    more = f"{rule}: '{said}'\n" if rule != "when" else ""
    small.publish(f"{more}approval: {{stages: [{stage}]}}")
    (guessed,) = lint(db.session())
    small.publish(f"approval: {{stages: [{stage.replace(said, 'true')}]}}", key="other")
    (anyhow,) = lint(db.session(), "other")
    assert guessed.witness == anyhow.witness


def test_a_quorum_above_the_members_of_a_group_is_never_reached(small: Small) -> None:
    stage = "{key: desk, title: Desk, approvers: [{group: desk}], group_counts: each, decide: {at_least: 3}}"
    small.publish(f"approval: {{stages: [{stage}]}}")
    (found,) = lint(db.session())
    assert (found.severity, found.code) == ("warning", "always_fallback")
    assert found.witness
    assert found.witness["count"] == found.witness["of"]


def test_a_group_of_people_who_have_left_decides_nothing(small: Small) -> None:
    small.person("gone", active=False)
    small.group("ghosts", "gone")
    small.publish("approval: {stages: [{key: g, title: G, approvers: [{group: ghosts}]}]}")
    assert {one.code for one in lint(db.session())} == {"always_fallback"}


def test_where_nobody_at_all_is_left_it_is_a_warning_with_names(small: Small) -> None:
    small.group("alone", "lena")
    apart = "apart: [[dan, group]]"
    stages = "{key: dan, title: Dan, approvers: [{person: lena@example.com}]}, "
    stages += "{key: group, title: Group, approvers: [{group: alone}]}"
    small.publish(f"approval: {{{apart}, stages: [{stages}]}}", department="", key="thing")
    found = {one.code: one for one in lint(db.session())}
    everybody = db.session.scalars(select(Person.id).where(Person.active)).all()
    assert found["nobody_decides"].severity == "warning"
    assert (found["nobody_decides"].witness or {})["of"] == len(everybody)


BY_ANSWER = "[{key: who, type: person, label: Who}, {key: team, type: group, label: Team}]"
ANSWERED = ("note", "not_asked", [])


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("approvers: [{field: who}]", [ANSWERED]),
        ("approvers: [{field: who}], decide: {at_least: 2}", [("warning", "always_fallback", None)]),
        (
            "approvers: [{field: who}, {person: dan@example.com}], decide: {at_least: 2}",
            [("note", "fallback", ["dan"]), ANSWERED],
        ),
        ("approvers: [{field: team}, {field: who}], decide: {at_least: 3}", [("warning", "always_fallback", None)]),
        ("approvers: [{field: team}], decide: {at_least: 3}, group_counts: each", [ANSWERED]),
    ],
)
def test_whom_an_answer_names_is_taken_for_somebody_who_may_decide_and_that_is_said(
    small: Small, stage: str, expected: list[tuple[str, str, list[str] | None]]
) -> None:
    small.publish(f"approval: {{stages: [{{key: s, title: S, {stage}}}]}}", fields=BY_ANSWER)
    found = told(lint(db.session()))
    assert [(*one[:2], None if one[1] == "always_fallback" else one[2]) for one in found] == expected


def test_one_note_names_all_stages_of_which_an_answer_says_who_decides(small: Small) -> None:
    stages = ", ".join(f"{{key: {key}, title: Stage {key}, approvers: [{{field: who}}]}}" for key in "ab")
    small.publish(f"approval: {{stages: [{stages}]}}", fields=BY_ANSWER)
    (found,) = lint(db.session())
    assert (found.path, (found.witness or {})["stages"]) == ("approval.stages[0].approvers", ["a", "b"])
    assert "“Stage a”, stage “Stage b”" in found.message


def test_the_same_answer_in_stages_kept_apart_leaves_the_second_to_the_fallback(small: Small) -> None:
    stages = ", ".join(f"{{key: {key}, title: {key}, approvers: [{{field: who}}]}}" for key in "ab")
    small.publish(f"approval: {{apart: [[a, b]], stages: [{stages}]}}", fields=BY_ANSWER)
    found = lint(db.session())
    assert [(one.code, one.path) for one in found] == [
        ("always_fallback", "approval.stages[1].approvers"),
        ("not_asked", "approval.stages[0].approvers"),
    ]
    others = stages.replace("who", "team", 1)
    small.publish(f"approval: {{apart: [[a, b]], stages: [{others}]}}", fields=BY_ANSWER, key="other")
    assert [one.code for one in lint(db.session(), "other")] == ["not_asked"]


MONEY = "{key: total, type: money, label: Total, required: true"
UNTIL = "{key: s, title: S, WHENapprovers: [{manager_until: {limit: total}}]}"
FIRST = "{key: f, title: F, approvers: [{manager: {}}]}"
TABLE = (
    "[{key: total, type: computed, as: money, label: T, value: 'sum(rows.map(r, r.cost))'},"
    " {key: rows, type: table, label: R, max_rows: 2, columns: [{key: cost, type: money, label: C, max: '9'}]}]"
)


@pytest.mark.parametrize(
    ("fields", "stages", "expected"),
    [
        (f"[{MONEY}}}]", UNTIL, {("50000 CNY", None): ["asks", "boss"]}),
        (f"[{MONEY}, max: '50000'}}]", UNTIL, {}),
        (f"[{MONEY}}}]", UNTIL.replace("WHEN", "when: total < 40000, "), {}),
        (f"[{MONEY}, max: '50000'}}]", f"{FIRST}, {UNTIL}", {(None, "1000 CNY"): ["asks"]}),
        (f"[{MONEY}, min: '2000', max: '50000'}}]", f"{FIRST}, {UNTIL}", {}),
        (TABLE, UNTIL, {"undecided": []}),
    ],
)
def test_for_which_amounts_others_decide_is_told_where_an_order_can_come_to_them(
    small: Small, fields: str, stages: str, expected: dict[Any, list[str]]
) -> None:
    apart = "apart: [[f, s]], " if FIRST in stages else ""
    small.publish(f"approval: {{{apart}stages: [{stages.replace('WHEN', '')}]}}", fields=fields)
    found = lint(db.session())
    said: dict[Any, list[str]] = {one.code: [] for one in found if one.code == "undecided"}
    for one in found:
        witness = one.witness or {}
        if span := witness.keys() & {"above", "up_to"}:
            said[witness.get("above"), witness.get("up_to")] = told([one])[0][2]
            total = witness["answers"]["total"]
            assert (float(total) > float(witness[span.pop()].split()[0])) is ("above" in witness)
            assert one.said.endswith(f"(for example: total = {total})")
    assert said == expected


def test_what_is_above_everybodys_limit_from_the_least_amount_on_is_never_decided_by_those_who_are_named(
    small: Small,
) -> None:
    small.publish(f"approval: {{stages: [{UNTIL.replace('WHEN', '')}]}}", fields=f"[{MONEY}, min: '50001'}}]")
    assert [one.code for one in lint(db.session())] == ["always_fallback"]


def test_without_the_solver_nobody_can_tell_which_amounts_there_are(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amounts, "is_installed", lambda: False)
    small.publish(f"approval: {{stages: [{UNTIL.replace('WHEN', '')}]}}", fields=f"[{MONEY}}}]")
    assert [one.code for one in lint(db.session())] == ["fallback", "fallback", "undecided"]


GATED = "fulfilment: {tasks: [{key: sign, title: Sign, WHENapproval: CHAIN}]}"
CHAIN = "{stages: [{key: boss, title: Boss, approvers: [{manager: {}}]}]}"
LINE = f"kind: approval_chain\ndepartment: it\nkey: line\ntitle: Line\n{CHAIN[1:-1]}\n"
PLAN = (
    "kind: fulfilment_plan\ndepartment: it\nkey: plan\ntitle: Plan\n"
    + GATED.replace("WHEN", "").replace("CHAIN", CHAIN)[len("fulfilment: {") : -1]
    + "\n"
)


@pytest.mark.parametrize(
    ("parts", "path", "named"),
    [
        (GATED.replace("CHAIN", CHAIN), "fulfilment.tasks[0].approval.stages[0].approvers", "for "),
        (GATED.replace("CHAIN", "{use: line}"), "fulfilment.tasks[0].approval.use", "task “Sign”, stage “Boss”: for "),
        ("fulfilment: {use: plan}", "fulfilment.use", "task “Sign”, stage “Boss”: for "),
    ],
)
def test_gates_of_a_plan_are_asked_like_stages_of_the_chain(small: Small, parts: str, path: str, named: str) -> None:
    small.publish(parts.replace("WHEN", ""), line=LINE, plan=PLAN)
    found = lint(db.session())
    assert {(one.severity, one.code, one.path) for one in found} == {("note", "fallback", path)}
    assert all(one.message.startswith(named) for one in found)
    people = db.session.scalars(select(Person.email).where(Person.manager_id.is_(None), Person.active)).all()
    assert {email for one in found for email in (one.witness or {})["people"]} == set(people)
    assert counted_in(found) == len(people)


def test_a_gate_is_asked_for_those_whose_task_it_is(small: Small) -> None:
    when = "when: requester.is_manager, "
    small.publish(GATED.replace("CHAIN", CHAIN).replace("WHEN", when))
    assert told(lint(db.session())) == [("note", "fallback", ["chief"])]


def test_of_a_large_company_it_is_said_for_how_many_it_was_not_asked(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.publish("approval: {stages: [{key: desk, title: Desk, approvers: [{group: desk}]}]}")
    document, find = Shelf(db.session()).published["service", "it", "thing"], Shelf(db.session()).find
    total = db.session.query(Person).where(Person.active).count()
    for most, said in ((total, []), (total - 2, [{"asked": total - 2, "total": total}])):
        monkeypatch.setattr(deciders, "MOST_PEOPLE", most)
        found = deciders.problems_of(db.session(), [document], find, currency="CNY")
        assert [one.witness for one in found] == said
        assert all(str(one).startswith("directory: note: ") and str(total) in one.message for one in found)


def counted_in(found: list[PlacedProblem]) -> int:
    return sum((one.witness or {})["count"] for one in found)


WHENS = (", when: requester.is_manager", ", when: '\"desk\" in requester.groups'", ", when: total <= 900")
AMOUNTS = ("500.00", "900.00", "900.01", "1000.01", "50000.01")
"""On both sides of everybody's limit."""


def random_chain(dice: random.Random) -> str:
    rules = (
        "{manager: {}}", "{manager: {level: 2}}", "{department_head: {}}", "{group: desk}", "{group: leads}",
        "{group: few}",
        "{person: dan@example.com}", "{person: gone@example.com}", "{role: Controller}",
        "{manager_until: {limit: total}}",
        "{field: who}",
    )  # fmt: skip
    stages = []
    apart = dice.random() < 0.4
    for number in range(dice.randint(1, 3)):
        approvers = ", ".join(dice.sample(rules, dice.randint(1, 2)))
        decide = dice.choice(("all", "any", "{at_least: 2}", "{percent: 60}"))
        counts = dice.choice(("one", "each"))
        when = dice.choice(("", "", *WHENS[: 2 if apart else 3]))  # other answers are taken to ask for both
        stages.append(
            f"{{key: s{number}, title: S{number}, approvers: [{approvers}],"
            f" decide: {decide}, group_counts: {counts}{when}}}"
        )
    kept = "apart: [[s0, s1]], " if len(stages) > 1 and apart else ""
    own = dice.choice(("forbid", "skip", "allow"))
    return f"approval: {{{kept}self_approval: {own}, stages: [{', '.join(stages)}]}}"


def alone(session: Session, key: str, person: Person, total: str) -> dict[str, str]:
    """What becomes of each stage for one person whomever the answer names, by the very chain that a request goes
    through: `another`, `nobody`, or nothing where those decide whom it names; nothing outside the audience."""
    release = releases.current(session, f"it/{key}")
    context = contexts.for_people(session, person, person, RequestFacts(department="it"), at=AT)
    if not may_order(release, context):
        return {}
    found: dict[str, str] | None = None
    for who in session.scalars(select(Person.email).where(Person.active).order_by(Person.id.desc())):
        told = fallen_back(foresee(session, release, context, {"total": total, "who": who}))
        found = told if found is None else {stage: min(told[stage], how) for stage, how in found.items()}
        if not any(found.values()):
            break
    return found or {}


def fallen_back(stages: Sequence[Foreseen]) -> dict[str, str]:
    voices = {stage.key: (stage.asked.fallback, stage.asked.voices[0]) for stage in stages if stage.asked}
    return {
        key: ("another" if voice.members else "nobody") if fallback else "" for key, (fallback, voice) in voices.items()
    }


@pytest.mark.proves("C2")
def test_of_random_chains_everybody_is_told_as_each_is_alone(
    small: Small, record_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(SAMPLE_SEED)
    small.person("gone", active=False)
    small.person("cara", manager="chief", roles=["Controller"], approval_limit="900", currency="CNY")
    small.group("few", "cara", "asks", "gone")
    left = 0
    for number in range(CHAINS):
        if number < 6:  # so many as a finding names
            small.person(f"new{number}", manager=dice.choice(("cara", "boss", "chief", "dan")))
        parts = random_chain(dice)
        if dice.random() < 0.4:
            parts += "\naudience: requester.is_manager || 'few' in requester.groups"
        small.publish(parts, fields=FIELDS, key=f"thing-{number}")
        told, each = told_of_all(db.session(), f"thing-{number}"), told_of_each(db.session(), f"thing-{number}", parts)
        said = {one: how for one, how in told.items() if one in each}
        assert said == {one: how for one, how in each.items() if how}, (SAMPLE_SEED, parts)
        left += len(said)
    assert left > CHAINS / 2
    record_property("chains", CHAINS)
    record_property("stages left to somebody else", left)


Told = dict[tuple[str, str, str], str]
"""By stage, person and amount whether anybody at all decides."""


def told_of_all(session: Session, key: str) -> Told:
    """As the checks say it, also of amounts with which a stage is not asked."""
    return {
        (witness["stage"], email, amount): "nobody" if one.code == "nobody_decides" else "another"
        for one in lint(session, key)
        if one.code not in ("not_asked", "undecided") and (witness := one.witness)
        for email in witness["people"]
        for amount in AMOUNTS
        if bound(witness, "above", 0) < float(amount) <= bound(witness, "up_to", 1e9)
    }


def bound(witness: Mapping[str, Any], name: str, otherwise: float) -> float:
    return float(str(witness.get(name, otherwise)).split()[0])


def told_of_each(session: Session, key: str, parts: str) -> Told:
    with standing_still():
        return {
            (stage, person.email, amount): how
            for person in session.scalars(select(Person).where(Person.active)).all()
            for amount in (AMOUNTS if "total" in parts else AMOUNTS[:1])
            for stage, how in alone(session, key, person, amount).items()
        }


def test_it_asks_the_directory_in_a_few_queries_however_many_people_there_are(small: Small) -> None:
    small.publish("approval: {stages: [{key: boss, title: Boss, approvers: [{manager: {level: 2}}]}]}")
    session = db.session()
    document = Shelf(session).published["service", "it", "thing"]
    find = Shelf(session).find

    def counted() -> int:
        queries: list[str] = []
        listen = lambda conn, cursor, statement, *more: queries.append(statement)  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", listen)
        deciders.problems_of(session, [document], find, currency="CNY")
        event.remove(session.get_bind(), "before_cursor_execute", listen)
        return len(queries)

    before = counted()
    for number in range(30):
        small.person(f"more{number}", manager="boss")
    assert counted() == before < 10


def test_who_has_a_role_is_looked_up_once_for_everybody(small: Small) -> None:
    """Each chain of a large company is asked thousands of times."""
    read: list[str] = []

    class Counted(dict[str, Any]):
        def values(self) -> Any:
            read.append("all")
            return super().values()

    found = read_company(db.session())
    known = replace(found, people=Counted(found.people))
    told = [known.with_role(role) for role in ("Finance Controller", "auditor", "admin", "nobody")]
    assert told == [[small.ids[name]] for name in ("fin", "aud", "root")] + [[]]
    assert len(read) == 1


def test_deputies_in_a_circle_are_told(small: Small) -> None:
    """Two who name each other at the same moment: each sees no circle yet."""
    small.publish("approval: {stages: [{key: boss, title: Boss, approvers: [{manager: {}}]}]}")
    session = db.session()
    assert deciders.deputy_cycles(session, AT) == []
    for person, deputy in (("boss", "chief"), ("chief", "boss")):
        delegated(small.ids[person], small.ids[deputy])
    (found,) = deciders.cycles_beside(session, Shelf(session).published["service", "it", "thing"], AT)
    assert (found.severity, found.code) == ("warning", "deputy_cycle")
    cycle = (found.witness or {})["cycle"]
    ids = [directory.by_email(session, email).id for email in cycle]  # type: ignore[union-attr]
    standing = {(one.rule.person, one.rule.deputy) for one in delegations.in_force(session, AT)}
    assert all(pair in standing for pair in pairwise(ids))
    assert deciders.deputy_cycles(session, datetime(2027, 3, 2, tzinfo=UTC)) == []


def delegated(person: str, deputy: str) -> None:
    with work(f"person/{person}", actor=person, at=AT) as w:
        said: dict[str, Any] = {"since": date(2026, 3, 1).isoformat(), "until": date(2026, 3, 9).isoformat()}
        delegation = e.Delegated(delegation=new_id(), person=person, deputy=deputy, departments=None, **said)
        w.record(f"person/{person}", delegation)


def test_an_approver_who_has_left_is_told(small: Small) -> None:
    small.person("gone", active=False)
    body = read_yaml(
        "kind: approval_chain\ndepartment: it\nkey: line\ntitle: Line\n"
        "stages: [{key: a, title: A, approvers: [{person: gone@example.com}, {manager: {}}]}]\n"
    ).value
    found = checking.check_draft(db.session(), Document.of(body))
    gone = [(one.severity, one.path) for one in found if one.code == "inactive"]
    assert gone == [("warning", "stages[0].approvers[0].person")]


def test_what_is_remembered_goes_with_the_directory(small: Small) -> None:
    stage = "{key: boss, title: Boss, approvers: [{manager: {}}]}"
    small.publish(f"approval: {{stages: [{stage}]}}")
    first = counted_in(lint(db.session()))
    small.person("another")
    assert counted_in(lint(db.session())) == first + 1
