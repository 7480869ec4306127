"""Requests are found by their words, in both languages, by whoever sees the whole of them, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from tests.factories.packs import publish_pack
from tests.factories.people import make_person
from tests.factories.small import DEPARTMENT, Small

from servicehall.models.fulfilment import Task
from servicehall.models.search import Search
from servicehall.services import listing, queues, request_lists, requests, search
from servicehall.services.visibility import visible_requests

SERVICE = """\
kind: service
department: it
key: thing
title: {en: Employee onboarding, zh: 新员工入职}
confidential: true
on_behalf: anyone
form:
  pages:
  - key: main
    title: Thing
    fields:
    - {key: what, type: long_text, label: What}
    - {key: colour, type: choice, label: Colour, options: [{key: r, label: {en: Crimson, zh: 绯红}}]}
    - {key: note, type: text, label: Note, classification: internal}
    - {key: body, type: text, label: Body, classification: personal}
    - {key: salary, type: text, label: Salary, classification: secret}
    - {key: budget, type: text, label: Budget}
    - key: parts
      type: table
      label: Parts
      columns:
      - {key: name, type: text, label: Name}
      - {key: owner, type: text, label: Owner, classification: personal}
approval: {stages: [{key: boss, title: Boss, approvers: [{person: boss@example.com}], fields: [budget]}]}
fulfilment: {tasks: [{key: work, title: Work, group: leads}]}
"""
ANSWERS = {
    "what": "Ein Überraschungsgeschenk, 请准备好工位和显示器",
    "colour": "r",
    "note": "fragile",
    "body": "allergies",
    "salary": "fortune",
    "parts": [{"name": "gearwheel", "owner": "granddaughter"}],
}


@pytest.fixture
def ordered(small: Small) -> str:
    """A confidential request that waits for the boss."""
    small.ids["mover"] = make_person("mover@example.com", name="Monika Möller", name_zh="莫妮卡").id
    publish_pack(small.folder, {"it.yaml": DEPARTMENT.format(more=""), "thing.yaml": SERVICE})
    return small.order(requested_for="mover@example.com", **ANSWERS)


def found(small: Small, name: str, q: str) -> list[str]:
    return [one.id for one in request_lists.list_requests(small.viewer(name), q=q).rows]


WORDS = (
    *("uberraschung", "ÜBERRASCHUNGSGESCHENK", "工位", "显示器", "显", "fragile"),
    *("新员工", "入职 显示器 onboarding", "crimson", "绯红", "moller", "莫妮卡", "employee"),
)
FOREIGN = (
    *("allergies", "fortune", "gearwheel", "granddaughter"),
    *("elephant", "工器", "crimson elephant", "!!", "'\"*&|:()"),
)


def test_words_of_both_languages_lead_to_a_request(small: Small, ordered: str) -> None:
    assert [q for q in WORDS if found(small, "asks", q) != [ordered]] == []


def test_personal_and_secret_answers_and_foreign_words_lead_nowhere(small: Small, ordered: str) -> None:
    """A table with one personal column is personal as a whole."""
    for name in ("asks", "mover", "boss", "dan", "aud"):
        assert [q for q in FOREIGN if found(small, name, q)] == []


def test_only_who_sees_the_whole_request_finds_it(small: Small, ordered: str) -> None:
    finders = {name for name in small.ids if found(small, name, "crimson")}
    assert finders == {"asks", "mover", "boss", "dan", "dora", "aud"}


def test_the_holder_of_a_task_finds_it_by_its_title_and_number_alone(
    small: Small, ordered: str, session: Session
) -> None:
    """Otherwise a search would tell what the answers of a confidential request say."""
    small.decide("boss", "approve", ordered)
    lena = small.viewer("lena")
    number = small.request(ordered).number

    def tasks(q: str) -> list[str]:
        fits = Task.request_id.in_(select(requests.Request.id).where(queues.matches_task(lena, q)))
        return [one.key for one in queues.queue(lena, where=(fits,)).rows]

    assert tasks("onboarding") == tasks("新员工入职") == tasks(number) == ["work"]
    assert tasks("crimson") == tasks("fragile") == tasks("工位") == []


def test_what_is_changed_filled_in_or_said_is_found_from_then_on(small: Small, ordered: str) -> None:
    row = small.request(ordered)
    requests.comment(row, body="The cellar is flooded 地下室", internal=False, viewer=small.viewer("dan"), at=small.at)
    requests.comment(row, body="a hopeless case", internal=True, viewer=small.viewer("dan"), at=small.at)
    small.decide("boss", "return", ordered)
    small.amend(ordered, what="Something entirely different")
    small.submit(ordered)
    small.decide("boss", "approve", ordered, answers={"budget": "Marketing"})
    assert [found(small, "aud", q) == [ordered] for q in ("flooded", "地下", "entirely", "marketing")] == [True] * 4
    assert found(small, "aud", "hopeless") == found(small, "aud", "überraschungsgeschenk") == []


def test_a_draft_is_found_by_its_author_alone(small: Small, ordered: str) -> None:
    draft = small.order(draft=True, what="a zeppelin")
    assert {name for name in small.ids if found(small, name, "zeppelin")} == {"asks"}
    assert found(small, "asks", "zeppelin") == [draft]


def test_a_rebuild_makes_the_same_rows_anew(small: Small, ordered: str, session: Session) -> None:
    requests.comment(small.request(ordered), body="flooded", internal=False, viewer=small.viewer("asks"), at=small.at)
    before = dict(session.execute(select(Search.request_id, Search.tokens)).all())
    session.execute(delete(Search))
    session.commit()
    assert found(small, "asks", "flooded") == []
    assert search.rebuild(session) == 1
    assert {one: set(said.split()) for one, said in session.execute(select(Search.request_id, Search.tokens))} == {
        one: set(said.split()) for one, said in before.items()
    }
    assert found(small, "asks", "flooded") == [ordered]


def test_many_hits_are_found_in_the_order_of_the_list(
    small: Small, ordered: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above `FEW` hits the list is walked instead; what is found is the same."""
    others = [small.order(what=f"crate {n}") for n in range(4)]
    few = found(small, "asks", "crate")
    monkeypatch.setattr(listing, "FEW", 2)
    assert found(small, "asks", "crate") == few == others[::-1]
    assert found(small, "aud", "crate") == few
    assert found(small, "lena", "crate") == []
    seen = session.scalars(select(requests.Request.id).where(visible_requests(small.viewer("lena")))).all()
    assert seen == []


def test_auditors_search_words_on_their_page(
    small: Small, ordered: str, session: Session, browser_of: Callable[[str], FlaskClient]
) -> None:
    number = small.request(ordered).number
    session.rollback()
    auditor = browser_of("aud@example.com")
    assert number in auditor.get("/audit?words=绯红").text
    assert number not in auditor.get("/audit?words=fortune").text
