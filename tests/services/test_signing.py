"""Signed decisions: whoever signs shows once more who they are, and the signature is seen wherever the decision is."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.databases import on_sqlite
from tests.factories.small import Small

from servicehall.models.approvals import Approval
from servicehall.models.base import db
from servicehall.services import audit, delegations, erasure, printing
from servicehall.services.people import record_person
from servicehall.services.work import read_content
from servicehall.web import accounts

pytestmark = on_sqlite
CHAIN = "approval: {stages: [{key: one, sign: true, comment: never, approvers: [manager: {}]}]}"
WRONG = {"password": "not my password"}
PASSWORD = "right horse"
BOTH = {"email": "boss@example.com", "password": PASSWORD}


@pytest.fixture
def made(small: Small) -> str:
    """A request that waits for the signature of `boss`, who has a password."""
    small.publish(CHAIN)
    give_password("boss", "dan")
    return small.order()


def give_password(*names: str) -> None:
    for name in names:
        accounts.set_password(db.session(), f"{name}@example.com", accounts.hash_password(PASSWORD))


@pytest.fixture
def boss(made: str, browser_of: Callable[[str], FlaskClient]) -> FlaskClient:
    return browser_of("boss@example.com")


def approval_of(small: Small, made: str) -> Approval:
    """As it is now, and no transaction left open."""
    found = small.approvals(made)[-1]
    db.session.expunge(found)
    db.session.rollback()
    return found


def state_of(small: Small, made: str) -> str:
    state = small.state(made)
    db.session.rollback()
    return state


def number_of(small: Small, made: str) -> str:
    number = small.request(made).number
    db.session.rollback()
    return number


def content_of(small: Small, made: str) -> str:
    content = small.request(made).content
    db.session.rollback()
    return content


def decide(browser: FlaskClient, row: Approval, decision: str = "approve", **said: str) -> Any:
    shown = browser.get(f"/approvals/{row.id}").text
    content = re.search(r'name="content_sha256" value="([0-9a-f]*)"', shown)[1]  # type: ignore[index]
    return browser.post(f"/approvals/{row.id}/decision", data={"decision": decision, "content_sha256": content, **said})


def words_of(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text.split("<main", 1)[-1])).split())


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ({}, 422, "This decision is signed: enter your password."),
        ({"password": PASSWORD}, 422, "The email or the password is wrong."),
        ({"email": "dan@example.com", "password": PASSWORD}, 422, "The email or the password is wrong."),
        ({"email": "boss@example.com", **WRONG}, 422, "The email or the password is wrong."),
        (BOTH, 303, ""),
        ({**BOTH, "email": " Boss@Example.com "}, 303, ""),
    ],
)
def test_the_first_signature_takes_both_components(
    small: Small, made: str, boss: FlaskClient, said: dict[str, str], status: int, told: str
) -> None:
    answer = decide(boss, approval_of(small, made), **said)
    assert (answer.status_code, told in words_of(answer)) == (status, True)
    assert state_of(small, made) == ("pending_approval" if told else "in_progress")


def test_later_signatures_of_a_session_take_the_password_and_a_new_session_both(
    small: Small, made: str, boss: FlaskClient, browser_of: Callable[[str], FlaskClient]
) -> None:
    second, third = small.order(), small.order()
    assert decide(boss, approval_of(small, made), **BOTH).status_code == 303
    assert 'name="email"' not in boss.get(f"/approvals/{approval_of(small, second).id}").text
    assert decide(boss, approval_of(small, second)).status_code == 422
    assert decide(boss, approval_of(small, second), password=PASSWORD).status_code == 303
    signature = read_content(db.session(), approval_of(small, second).signature or "")
    db.session.rollback()
    assert (signature or {})["components"] == ["password"]
    elsewhere = browser_of("boss@example.com")
    assert 'name="email"' in elsewhere.get(f"/approvals/{approval_of(small, third).id}").text
    assert decide(elsewhere, approval_of(small, third), password=PASSWORD).status_code == 422


def test_a_wrong_first_signature_is_none_and_neither_is_one_with_an_older_password(
    small: Small, made: str, boss: FlaskClient
) -> None:
    asked = 'name="email"'
    row, other = approval_of(small, made), approval_of(small, small.order())
    assert asked in decide(boss, row, email="boss@example.com", **WRONG).text
    assert asked in boss.get(f"/approvals/{row.id}").text
    assert decide(boss, row, **BOTH).status_code == 303
    assert asked not in boss.get(f"/approvals/{other.id}").text
    new = {"password": "another horse", "conf_password": "another horse", "present": PASSWORD}
    assert boss.post("/resetmypassword/form", data=new).status_code == 302
    assert asked in boss.get(f"/approvals/{other.id}").text


def test_another_password_ends_what_was_signed_with_the_old_one(small: Small, made: str, boss: FlaskClient) -> None:
    assert decide(boss, approval_of(small, made), **BOTH).status_code == 303
    accounts.set_password(db.session(), "boss@example.com", accounts.hash_password("another horse"))
    assert boss.get(f"/approvals/{approval_of(small, made).id}").status_code == 303


def test_wrong_passwords_are_counted_and_said(small: Small, made: str, boss: FlaskClient, api_of: Any) -> None:
    row = approval_of(small, made)
    for _ in range(10):
        assert decide(boss, row, email="boss@example.com", **WRONG).status_code == 422
    answer = decide(boss, row, **BOTH)
    assert (answer.status_code, "Too many tries were wrong" in words_of(answer)) == (429, True)
    content = content_of(small, made)
    said = {"decision": "approve", "content_sha256": content, "password": PASSWORD}
    by_call = api_of("boss@example.com").post(f"/api/v1/approvals/{row.id}/decision", json=said)
    assert (by_call.status_code, by_call.json["status"]) == (429, 429), "the account's tries, however they come in"
    assert all(1 <= int(one.headers["Retry-After"]) <= 300 for one in (answer, by_call))
    assert state_of(small, made) == "pending_approval"


def test_many_tries_at_once_are_counted_as_those_one_after_the_other(small: Small, made: str, api_of: Any) -> None:
    row, content = approval_of(small, made), content_of(small, made)
    programs = [api_of("boss@example.com") for _ in range(24)]
    together = Barrier(len(programs))

    def guess(program: FlaskClient) -> int:
        together.wait()
        said = {"decision": "approve", "content_sha256": content, **WRONG}
        return program.post(f"/api/v1/approvals/{row.id}/decision", json=said).status_code

    with ThreadPoolExecutor(len(programs)) as pool:
        answers = sorted(pool.map(guess, programs))
    assert answers == [422] * 10 + [429] * 14


def test_an_account_without_a_password_cannot_sign_and_is_told(small: Small, browser_of: Any) -> None:
    small.publish(CHAIN)
    made = small.order()
    answer = decide(browser_of("boss@example.com"), approval_of(small, made), **BOTH)
    assert (answer.status_code, "Your account has no password" in words_of(answer)) == (422, True)


@pytest.mark.parametrize(
    ("password", "status", "code"), [(None, 422, "required"), ("wrong", 422, "wrong"), (PASSWORD, 200, "")]
)
def test_a_call_carries_the_password_also_one_of_many(
    small: Small, made: str, api_of: Any, password: str | None, status: int, code: str
) -> None:
    other, content = small.order(), content_of(small, made)
    rows = [approval_of(small, one).id for one in (made, other)]
    contents = [content, content_of(small, other)]
    said = [{"decision": "approve", "content_sha256": one, "password": password} for one in contents]
    api = api_of("boss@example.com")
    one = api.post(f"/api/v1/approvals/{rows[0]}/decision", json=said[0])
    assert one.status_code == status
    items = api.post("/api/v1/approvals/decisions", json={"items": [{"id": rows[1], **said[1]}]}).json["items"]
    assert items[0]["status"] == status
    if code:
        assert [problem["code"] for problem in one.json["errors"]] == [code]
    else:
        signature = one.json["signature"]
        assert (signature["name"], signature["meaning"], signature["content"]) == ("Boss", "approved", content)
        assert signature["components"] == ["token", "password"]
        assert signature["at"] == one.json["decided_at"]


def test_many_at_once_on_the_page_leave_out_what_is_signed(small: Small, made: str, boss: FlaskClient) -> None:
    row, content = approval_of(small, made).id, content_of(small, made)
    for decision in ("approve", "reject"):
        page = boss.post("/approvals/selected", data={"decision": decision, "approval": row})
        assert "Needs your signature" in words_of(page) and "These are decided one by one" in words_of(page)
        assert f'value="{row}"' not in page.text and "btn-success" not in page.text
    said = {"decision": "approve", "approval": row, f"content-{row}": content, **BOTH}
    assert "This decision is signed" in words_of(boss.post("/approvals/decisions", data=said))
    assert state_of(small, made) == "pending_approval"


def test_a_deputy_signs_with_their_own_name_for_the_other(small: Small, made: str, browser_of: Any) -> None:
    today = small.at.date()
    delegations.delegate(
        deputy="dan@example.com", since=today, until=today, departments=None, viewer=small.viewer("boss"), at=small.at
    )
    small.ring_due()
    row, dan = approval_of(small, made), browser_of("dan@example.com")
    assert decide(dan, row, **BOTH).status_code == 422, "the password of somebody else is no good"
    assert decide(dan, row, email="dan@example.com", password=PASSWORD).status_code == 303
    assert "Signed by Dan" in words_of(dan.get(f"/approvals/{row.id}"))
    assert said_in_print(small, made, "en") == "Dan for Boss"
    assert said_in_print(small, made, "zh").startswith("Dan（代 Boss）")


def report_of(small: Small, made: str, locale: str = "en") -> Any:
    report = printing.case_report(db.session(), small.request(made), locale=locale, at=small.at)
    db.session.rollback()
    return report


def said_in_print(small: Small, made: str, locale: str) -> str:
    """Who signed, as the report says it."""
    case = report_of(small, made, locale)
    return next(voice.signature for stage in case.stages for voice in stage.voices).split(",")[0]


def test_name_time_and_meaning_stand_on_the_page_in_the_record_and_in_print(
    small: Small, made: str, boss: FlaskClient, browser_of: Any
) -> None:
    row = approval_of(small, made)
    assert decide(boss, row, "reject", **BOTH).status_code == 303
    number = number_of(small, made)
    asker, auditor = browser_of("asks@example.com"), browser_of("aud@example.com")
    for page in (boss.get(f"/approvals/{row.id}"), asker.get(f"/requests/{number}")):
        assert re.search(r"Signed by Boss · \d+ \w+ \d{4}, \d\d:\d\d · Rejected", words_of(page))
    assert re.search(r"Signed: Boss, .*: rejection", words_of(auditor.get(f"/audit/requests/{number}")))
    case = report_of(small, made)
    signatures = [voice.signature for stage in case.stages for voice in stage.voices]
    assert re.fullmatch(r"Boss, \d+ \w+ \d{4}, \d\d:\d\d:\d\d: rejection", signatures[0])


def test_a_signature_is_bound_to_its_event_and_goes_when_its_person_is_erased(
    small: Small, made: str, boss: FlaskClient, browser_of: Any
) -> None:
    row = approval_of(small, made)
    assert decide(boss, row, **BOTH).status_code == 303
    events = audit.read_stream(db.session(), f"request/{made}")
    signed = [one.body["signature"] for one in events if one.kind == "approval.decided"]
    assert signed == [approval_of(small, made).signature]
    for key in small.tasks(made):
        small.do("dan", "complete", made, key)
    small.act("asks", "close", made)
    record_person({"email": "boss@example.com", "active": "no"}, actor="system:tests", at=small.at)
    small.ring_due()
    wanted = erasure.plan(db.session(), "boss@example.com")
    db.session.rollback()
    erasure.erase(wanted, actor="system:tests", at=small.at)
    number = number_of(small, made)
    assert "The signature was erased by law." in words_of(browser_of("asks@example.com").get(f"/requests/{number}"))
    assert audit.verify_all(db.session()).ok
