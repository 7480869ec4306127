"""For whom nobody decides: what is said of everybody at once is what the chain says of each of them alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
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
from servicehall.services import checking, contexts, deciders, directory, releases
from servicehall.services.foreseeing import foresee
from servicehall.services.releases import may_order
from servicehall.services.shelf import Shelf
from servicehall.services.work import standing_still, work

pytestmark = on_sqlite
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHAINS = 60 if LONG else 12
FIELDS = "[{key: total, type: money, label: Total, min: '500'}]"


def lint(session: Session, key: str = "thing") -> list[PlacedProblem]:
    document = Shelf(session).published["service", "it", key]
    return [one for one in checking.check_draft(session, document) if one.code in CODES]


CODES = ("nobody_decides", "always_fallback", "fallback")


def told(found: list[PlacedProblem]) -> list[tuple[str, str, list[str]]]:
    return [(one.severity, one.code, [email.split("@")[0] for email in (one.witness or {})["people"]]) for one in found]


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


def counted_in(found: list[PlacedProblem]) -> int:
    return sum((one.witness or {})["count"] for one in found)


def random_chain(dice: random.Random) -> str:
    rules = (
        "{manager: {}}", "{manager: {level: 2}}", "{department_head: {}}", "{group: desk}", "{group: leads}",
        "{group: few}",
        "{person: dan@example.com}", "{person: gone@example.com}", "{role: Controller}",
        "{manager_until: {limit: total}}",
    )  # fmt: skip
    stages = []
    for number in range(dice.randint(1, 3)):
        approvers = ", ".join(dice.sample(rules, dice.randint(1, 2)))
        decide = dice.choice(("all", "any", "{at_least: 2}", "{percent: 60}"))
        counts = dice.choice(("one", "each"))
        when = dice.choice(("", "", ", when: requester.is_manager", ", when: '\"desk\" in requester.groups'"))
        stages.append(
            f"{{key: s{number}, title: S{number}, approvers: [{approvers}],"
            f" decide: {decide}, group_counts: {counts}{when}}}"
        )
    apart = "apart: [[s0, s1]], " if len(stages) > 1 and dice.random() < 0.6 else ""
    own = dice.choice(("forbid", "skip", "allow"))
    return f"approval: {{{apart}self_approval: {own}, stages: [{', '.join(stages)}]}}"


def alone(session: Session, key: str, person: Person) -> dict[str, str] | None:
    """What becomes of each stage for one person, by the very chain that a request goes through; None: no audience."""
    row = releases.published_service(session, f"it/{key}")
    assert row is not None
    release = releases.load(session, str(row.release))
    context = contexts.for_people(session, person, person, RequestFacts(department="it"), at=AT)
    if not may_order(release, context):
        return None
    found = {}
    for stage in foresee(session, release, context, {"total": "500.00"}):
        if stage.asked is not None and stage.asked.fallback is not None:
            (voice,) = stage.asked.voices
            found[stage.key] = "another" if voice.members else "nobody"
    return found


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
        said, expected = told_of_all(db.session(), f"thing-{number}"), told_of_each(db.session(), f"thing-{number}")
        assert said == expected, (SAMPLE_SEED, parts)
        left += len(said)
    assert left > CHAINS / 2
    record_property("chains", CHAINS)
    record_property("people left to somebody else", left)


Told = set[tuple[str, str, str]]


def told_of_all(session: Session, key: str) -> Told:
    """Stage, person, and whether anybody at all decides, as the checks say it."""
    return {
        (one.witness["stage"], email, "nobody" if one.code == "nobody_decides" else "another")
        for one in lint(session, key)
        if one.witness
        for email in one.witness["people"]
    }


def told_of_each(session: Session, key: str) -> Told:
    found: Told = set()
    with standing_still():
        for person in session.scalars(select(Person).where(Person.active)).all():
            for stage, how in (alone(session, key, person) or {}).items():
                found.add((stage, person.email, how))
    return found


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
    rows = directory.delegations_at(session, ids, AT)
    assert all((ids[n], ids[n + 1]) in {(row.person_id, row.deputy_id) for row in rows} for n in range(len(ids) - 1))
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
