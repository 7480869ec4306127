"""Who would be asked, and why: as it is, and as it was at a moment, rebuilt from the log beside the live tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, or_, select
from sqlalchemy.orm import Session

from servicehall.errors import Invalid, NotFound
from servicehall.models.access import AccessLog
from servicehall.models.base import db
from servicehall.models.definitions import Document
from servicehall.models.directory import Person
from servicehall.models.log import ContentRow, EventRow
from servicehall.services import (
    cases,
    definitions,
    delegations,
    directory,
    directory_import,
    erasure,
    past,
    replay,
    requests,
)
from servicehall.services.requests import Order
from servicehall.services.scratch import scratch
from servicehall.services.visibility import as_viewer
from servicehall.services.who import Question, about, known_to, may_ask, who

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BEFORE = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHANGE = datetime(2026, 4, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
HEAD = "email,name,department,department_head,manager,groups,approval_limit,currency,roles,active\n"
PEOPLE = """\
chief@example.com,Chief,it,yes,,,50000,CNY,,yes
boss@example.com,Boss,it,,chief@example.com,,1000,CNY,,yes
asks@example.com,Asks,it,,boss@example.com,,,,,yes
dan@example.com,Dan,it,,,it/board;it/leads,,,,yes
dora@example.com,Dora,it,,,it/board,,,,yes
aud@example.com,Aud,it,,,,,,auditor,yes
cat@example.com,Cat,it,,,,,,catalog_admin,yes
else@example.com,Else,hr,,,,,,catalog_admin,yes
root@example.com,Root,it,,,,,,admin,yes
"""
LATER = """\
chief@example.com,Chief,it,,,,50000,CNY,,yes
boss@example.com,Boss,it,yes,chief@example.com,,9000,CNY,,yes
asks@example.com,Asks,it,,dora@example.com,,,,,yes
dora@example.com,Dora,it,,boss@example.com,it/leads,,,,yes
dan@example.com,Dan,it,,,it/leads,,,,no
"""
DEPARTMENT = "kind: department\nkey: it\ndepartment: it\ntitle: IT\nagents: [board]\napproval_fallback: leads\n"
SERVICE = """\
kind: service
department: it
key: thing
title: A thing
{more}form:
  pages:
    - key: main
      title: Thing
      fields:
        - {{key: total, type: money, label: Total}}
        - {{key: pin, type: text, label: Pin, classification: secret}}
approval:
  stages:
    - {{key: boss, title: Boss, approvers: [manager: {{}}]}}
    - {{key: line, title: Line, approvers: [manager_until: {{limit: total}}]}}
    - {{key: head, title: Head, approvers: [department_head: {{}}]}}
    - {{key: board, title: Board, approvers: [group: board], group_counts: each, decide: {{at_least: 2}}}}
"""
ANSWERS = {"total": "5000", "pin": "1234"}


def make_two_times() -> None:
    """A company, its service and a deputy; a month later nearly all of it is another way."""
    with_documents({"it.yaml": DEPARTMENT, "thing.yaml": SERVICE.format(more="")}, at=BEFORE, people=HEAD + PEOPLE)
    viewer = as_viewer(db.session(), person("chief").id)
    days = {"since": date(2026, 3, 1), "until": date(2026, 3, 31), "departments": None}
    delegations.delegate(deputy="dora@example.com", **days, viewer=viewer, at=BEFORE)
    db.session.expire_all()
    with_documents({"thing.yaml": SERVICE.format(more="").split("    - {key: head")[0]}, at=CHANGE, people=HEAD + LATER)


def with_documents(documents: dict[str, str], *, at: datetime, people: str) -> None:
    directory_import.import_people(people.encode(), actor="system", at=at)
    with TemporaryDirectory() as folder:
        for name, text in documents.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        outcome = definitions.apply(Path(folder), publish=True, dry_run=False, actor="system", at=at)
    assert not outcome.is_refused, outcome.problems


def person(name: str) -> Person:
    found = directory.by_email(db.session(), f"{name}@example.com")
    assert found is not None
    return found


@pytest.fixture
def app(app: Flask, world: Callable[..., Any]) -> Flask:
    """The application with a company that changed a month ago."""
    world(make_two_times)
    return app


def asked(at: datetime | None = None, *, by: str = "asks", **said: Any) -> dict[str, Any]:
    """By stage who is asked (`boss`, `chief→dora` with a deputy), who was left out, and how many approve."""
    question = Question("it/thing", f"{by}@example.com", {**ANSWERS, **said}, at=at)
    found = cases.answer_record(who(db.session(), question, now=NOW))
    return {
        stage["key"]: (
            [_told(one) for one in stage["approvers"]],
            [_told(one) for one in stage["left_out"]],
            stage["needed"],
        )
        for stage in found["stages"]
    }


def _told(one: dict[str, Any]) -> str:
    name = one["person"]["email"].split("@")[0] if "person" in one else one["group"]
    deputy = f"→{one['deputy']['email'].split('@')[0]}" if "deputy" in one else ""
    return f"{name}{deputy} {one['rule']}{' skipped' if 'skipped' in one else ''}"


THEN = {
    "boss": (["boss manager"], [], 1),
    "line": (["boss manager_until skipped", "chief→dora manager_until"], [], 2),
    "head": (["chief department_head skipped"], [], 1),
    "board": (["dan group", "dora group"], [], 2),
}


def test_a_past_moment_is_as_it_was(app: Flask) -> None:
    with app.app_context():
        assert asked(BEFORE + timedelta(days=1)) == THEN
        assert asked(CHANGE - timedelta(seconds=1), total="500")["line"] == (["boss manager_until skipped"], [], 1)


def test_now_is_as_it_is(app: Flask) -> None:
    with app.app_context():
        assert asked() == {
            "boss": (["dora manager"], [], 1),
            "line": (["dora manager_until skipped", "boss manager_until"], [], 2),
        }
        assert asked() == asked(NOW)


def test_whoever_may_not_decide_is_named_with_the_reason(app: Flask) -> None:
    with app.app_context():
        found = asked(BEFORE, by="dan")
        assert found["board"] == (["leads fallback"], ["dan group"], 1) or found["board"][1] == ["dan group"]
        assert found["boss"][0] == ["leads fallback"] or found["boss"][0] == ["administrators fallback"]


def test_before_the_service_or_the_person_there_is_nothing(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(NotFound):
            asked(BEFORE - timedelta(days=1))
        with pytest.raises(Invalid):
            asked(BEFORE, by="nobody")
        with pytest.raises(Invalid):
            asked(NOW + timedelta(days=1))


def test_the_live_tables_stay_as_they_are(app: Flask) -> None:
    with app.app_context():
        counts = [select(func.count()).select_from(table) for table in (EventRow, Person, Document)]
        before = [db.session.scalar(count) for count in counts]
        asked(BEFORE)
        assert not db.session.new and not db.session.dirty
        assert [db.session.scalar(count) for count in counts] == before
        assert asked()["boss"] == (["dora manager"], [], 1)


def all_rows(session: Session) -> dict[str, list[str]]:
    return {
        model.__tablename__: sorted(map(repr, session.connection().execute(select(model.__table__)).all()))
        for model in past.MODELS
        if model is not ContentRow
    }


def test_what_was_told_anew_since_is_not_replayed_and_makes_no_difference(app: Flask) -> None:
    """Against a replay of everything, at each moment of a log in which people and groups are told again and again."""
    loaded: list[str] = []

    def count(row: EventRow, _context: object) -> None:
        loaded.append(row.kind)

    with app.app_context():
        for days in range(1, 6):
            row = f"dan@example.com,Dan {days},it,,,it/leads{';it/board' * (days % 2)},,,,yes\n"
            directory_import.import_people((HEAD + row).encode(), actor="system", at=CHANGE + timedelta(days=days))
        leaves = (HEAD + "else@example.com,Else,hr,,,,,,,no\n").encode()
        directory_import.import_people(leaves, actor="system", at=CHANGE + timedelta(days=2))
        erasure.erase(erasure.plan(db.session(), "else@example.com"), actor="system", at=CHANGE + timedelta(days=3))
        live = db.session()
        moments = sorted(set(live.scalars(select(EventRow.at))))
        event.listen(EventRow, "load", count)
        try:
            for moment in (*moments, NOW):
                loaded.clear()
                with past.as_it_was(live, moment) as beside:
                    found, fewer = all_rows(beside), list(loaded)
                loaded.clear()
                live.expunge_all()
                with scratch(past.MODELS) as whole:
                    streams = or_(*(EventRow.stream.startswith(f"{kind}/") for kind in past.KINDS))
                    replay.replay(live, streams & (EventRow.at <= moment), whole)
                    assert found == all_rows(whole), moment
                live.expunge_all()
        finally:
            event.remove(EventRow, "load", count)
    assert fewer.count("group.recorded") < loaded.count("group.recorded")
    assert loaded.count("person.recorded") - fewer.count("person.recorded") >= 4


def test_a_request_is_asked_about_as_it_was_sent_by_then(app: Flask) -> None:
    with app.app_context():
        asks = as_viewer(db.session(), person("asks").id)
        sent = requests.order(Order("it/thing", ANSWERS), viewer=asks, at=NOW - timedelta(days=2))
        reader = as_viewer(db.session(), person("aud").id)
        question = about(reader, sent)
        assert (question.answers["total"], question.person, question.at) == (
            "5000.00",
            "asks@example.com",
            NOW - timedelta(days=2),
        )
        found = who(db.session(), question, now=NOW)
        assert found.answers.masked == ("pin",) and found.answers.values["pin"] is None
        with pytest.raises(NotFound):
            about(as_viewer(db.session(), person("cat").id), sent)


def test_the_api_asks_about_a_request(app: Flask, api_of: Callable[[str], FlaskClient]) -> None:
    with app.app_context():
        asks = as_viewer(db.session(), person("asks").id)
        sent = requests.order(Order("it/thing", ANSWERS), viewer=asks, at=NOW)
    for name, status in (("aud", 200), ("cat", 404), ("asks", 404)):
        assert api_of(f"{name}@example.com").get(f"/api/v1/requests/{sent}/who").status_code == status
    then = api_of("aud@example.com").get(f"/api/v1/requests/{sent}/who", query_string={"at": "2026-03-03T00:00:00Z"})
    assert [stage["key"] for stage in then.json["stages"]] == list(THEN)


@pytest.mark.parametrize(("name", "status"), [("aud", 200), ("cat", 200), ("root", 200), ("else", 404), ("asks", 404)])
def test_the_api_is_for_auditors_and_authors(
    app: Flask, api_of: Callable[[str], FlaskClient], name: str, status: int
) -> None:
    said = {"person": "asks@example.com", "answers": ANSWERS, "at": "2026-03-03T00:00:00Z"}
    answer = api_of(f"{name}@example.com").post("/api/v1/services/it/thing/who", json=said)
    assert answer.status_code == status
    if status == 200:
        assert [stage["key"] for stage in answer.json["stages"]] == list(THEN)
        assert answer.json["answers"]["pin"] is None and answer.json["masked"] == ["pin"]


def test_an_author_knows_of_others_what_a_colleague_may_know(app: Flask) -> None:
    with app.app_context():
        graded = Person(**{**{one.key: None for one in Person.__mapper__.column_attrs}, "id": "x", "grade": "g7"})
        for name, grade in (("aud", "g7"), ("cat", None)):
            assert known_to(as_viewer(db.session(), person(name).id))(graded).grade == grade
        with pytest.raises(NotFound):
            may_ask(as_viewer(db.session(), person("else").id), "it/thing")


def test_the_page_is_for_auditors_and_says_it_in_words(app: Flask, browser_of: Callable[[str], FlaskClient]) -> None:
    asking = {"service": "it/thing", "person": "asks@example.com", "answers": "total: 5000\npin: '1234'"}
    auditor = browser_of("aud@example.com")
    assert "Who decides" in auditor.get("/audit/who").text
    page = auditor.post("/audit/who", data={**asking, "moment": "2026-03-03T10:00"}).text
    assert "stands in: Dora" in page and "1234" not in page.split('id="answer"')[1]
    assert auditor.post("/audit/who", data={**asking, "person": "nobody@example.com"}).status_code == 422
    assert auditor.post("/audit/who", data={**asking, "answers": "- a"}).status_code == 422
    assert auditor.post("/audit/who", data={**asking, "moment": "soon"}).status_code == 422
    for name in ("cat", "asks"):
        assert browser_of(f"{name}@example.com").post("/audit/who", data=asking).status_code == 403


def test_reading_a_confidential_request_is_noted(app: Flask, browser_of: Callable[[str], FlaskClient]) -> None:
    text = SERVICE.format(more="confidential: true\n")
    auditor = browser_of("aud@example.com")
    with app.app_context():
        with_documents({"thing.yaml": text}, at=CHANGE + timedelta(days=1), people=HEAD)
        viewer = as_viewer(db.session(), person("asks").id)
        sent = requests.order(Order("it/thing", ANSWERS), viewer=viewer, at=NOW)
    assert auditor.post("/audit/who", data={"number": sent}).status_code == 200
    unknown = auditor.post("/audit/who", data={"number": "REQ-0"})
    assert unknown.status_code == 404 and 'href="#field-number"' in unknown.text
    with app.app_context():
        read = select(AccessLog.subject).where(AccessLog.kind == "audit", AccessLog.person_id == person("aud").id)
        assert db.session.scalars(read).all() == [f"request/{sent}"]
