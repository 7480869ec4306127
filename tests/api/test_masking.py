"""Who reads which answer: secrets are null and named, elsewhere only what a task shows, nothing personal in lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from tests.factories.company import AUDITOR, DIRECTOR, HR_AGENT, HR_LEAD, MANAGER
from tests.factories.orders import approve, onboarding, order

from servicehall.models.access import AccessLog
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.services import directory

SERVICE = "hr/employee-onboarding"
SECRETS = {"bank_account": "6222020200112233", "monthly_salary": "30000.00"}
Api = Callable[[str], Any]


@pytest.fixture
def number(api: Api) -> str:
    made = order(api(MANAGER), SERVICE, onboarding(**SECRETS))
    approve(api(DIRECTOR), made)
    return made


def test_requester_reads_all(api: Api, number: str) -> None:
    whole = api(MANAGER).get(f"/requests/{number}").json
    assert whole["masked"] == []
    assert whole["answers"]["bank_account"] == SECRETS["bank_account"]


@pytest.mark.parametrize(
    ("who", "masked"),
    [
        (DIRECTOR, {"bank_account", "monthly_salary"}),
        (HR_AGENT, {"bank_account", "monthly_salary"}),
        (AUDITOR, {"bank_account", "monthly_salary"}),
        (HR_LEAD, {"bank_account"}),
    ],
)
def test_secrets_only_where_the_stage_shows_them(api: Api, number: str, who: str, masked: set[str]) -> None:
    whole = api(who).get(f"/requests/{number}").json
    assert set(whole["masked"]) == masked
    assert {key for key, value in whole["answers"].items() if value is None} == masked
    assert whole["answers"]["private_email"] == "li.lei@example.org"


def test_an_approval_shows_what_the_request_would(api: Api, number: str) -> None:
    mine = api(HR_LEAD).get("/approvals").json["items"][0]["id"]
    assert api(HR_LEAD).get(f"/approvals/{mine}").json["masked"] == ["bank_account"]
    assert set(api(DIRECTOR).get(f"/approvals/{mine}").json["masked"]) == set(SECRETS)


def test_a_task_shows_what_it_says_and_no_more(api: Api, number: str) -> None:
    approve(api(HR_LEAD), number)
    row = next(one for one in api(HR_AGENT).get("/tasks").json["items"] if one["key"] == "hr-record")
    assert "full_name" not in row["request_answers"]  # personal answers stay out of lists
    task = api(HR_AGENT).get(f"/tasks/{row['id']}").json
    assert task["request_answers"]["full_name"] == "Li Lei"
    assert not set(SECRETS) & set(task["request_answers"])


def test_secrets_of_a_task_are_its_holders(app: Flask, api: Api, number: str) -> None:
    """The payroll task shows salary and account to whoever holds it; to an auditor they are masked."""
    approve(api(HR_LEAD), number)
    tasks = {one["key"]: one for one in api(AUDITOR).get(f"/requests/{number}/tasks").json["items"]}
    shown = set(tasks["payroll"]["request_answers"]) & set(SECRETS)
    assert shown
    assert all(tasks["payroll"]["request_answers"][key] is None for key in shown)
    assert set(tasks["payroll"]["masked"]) == shown
    holder = _member(app, "hr-payroll")
    own = api(holder).get(f"/tasks/{tasks['payroll']['id']}").json
    assert all(own["request_answers"][key] for key in shown)


def test_internal_comments_are_for_agents_and_auditors(api: Api, number: str) -> None:
    path = f"/requests/{number}/comments"
    assert api(HR_AGENT).post(path, json={"body": "Known to us.", "internal": True}).status_code == 201
    api(MANAGER).post(path, json={"body": "Any news?"})
    read = {
        who: [one["body"] for one in api(who).get(path).json["items"]] for who in (MANAGER, DIRECTOR, HR_AGENT, AUDITOR)
    }
    assert read[MANAGER] == read[DIRECTOR] == ["Any news?"]
    assert read[HR_AGENT] == read[AUDITOR] == ["Known to us.", "Any news?"]


def test_reading_what_is_confidential_is_noted(app: Flask, api: Api, number: str) -> None:
    before = api(MANAGER).get(f"/requests/{number}").headers["ETag"]
    api(AUDITOR).get(f"/requests/{number}")
    api(HR_AGENT).get(f"/requests/{number}/comments")
    assert api(MANAGER).get(f"/requests/{number}").headers["ETag"] == before
    with app.app_context():
        rows = db.session.execute(
            select(Person.email, AccessLog.subject).join(Person, Person.id == AccessLog.person_id)
        ).all()
    assert {email for email, _subject in rows} >= {AUDITOR, HR_AGENT}
    assert MANAGER not in {email for email, _subject in rows}


def _member(app: Flask, group: str) -> str:
    with app.app_context():
        found = directory.group_by_key(db.session(), group)
        assert found is not None
        return directory.group_members(db.session(), [found.id])[found.id][0].email
