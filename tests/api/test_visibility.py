"""Who sees what: every route that leads to a request, an approval or a task, times every kind of person.

The routes come from the application's own map, so that a new one is held to this without being asked.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from tests.factories import company
from tests.factories.orders import approve, onboarding, order
from werkzeug.routing import AnyConverter, Rule

from servicehall.clock import now
from servicehall.models.access import AccessLog
from servicehall.models.base import db
from servicehall.services import directory_import

SERVICE = "hr/employee-onboarding"
OBJECTS = {"number", "approval_id", "task_id"}
OUTSIDERS = (company.EMPLOYEE, company.IT_AGENT, company.FACILITIES_AGENT, company.IT_CATALOG, company.ADMIN)
INSIDERS = (company.MANAGER, company.DIRECTOR, company.HR_LEAD, company.HR_AGENT, company.AUDITOR)
BODIES: dict[str, dict[str, Any]] = {
    "api.amend": {"answers": {}},
    "api.add_comment": {"body": "Hello"},
    "api.add_watcher": {"person": company.EMPLOYEE},
    "api.decide": {"decision": "approve", "content_sha256": "0" * 64},
    "api.assign_task": {"assignee": None},
    "api.tick": {"item": 0, "done": True},
    "api.add_task": {"title": "One more", "group": "hr-operations"},
    "api.move_date": {"date": "2027-03-01"},
    "api.give_link": {"address": "outside@example.org"},
}
UNKNOWN = "01890000-0000-7000-8000-000000000000"
Api = Callable[[str], Any]


@dataclass(frozen=True)
class Case:
    """One confidential request under way, with one of its approvals and one of its tasks."""

    number: str
    approval_id: str
    task_id: str

    def path(self, rule: Rule, act: str) -> str:
        parts = {"number": self.number, "approval_id": self.approval_id, "task_id": self.task_id, "act": act}
        values = {name: parts.get(name, UNKNOWN) for name in rule.arguments}
        built = rule.build(values)
        assert built is not None
        return str(built[1])


@pytest.fixture
def case(api: Api) -> Case:
    number = order(api(company.MANAGER), SERVICE, onboarding())
    approval_id = api(company.DIRECTOR).get("/approvals").json["items"][0]["id"]
    approve(api(company.DIRECTOR), number)
    approve(api(company.HR_LEAD), number)
    tasks = api(company.HR_AGENT).get(f"/requests/{number}/tasks").json["items"]
    return Case(number, approval_id, next(one["id"] for one in tasks if one["key"] == "hr-record"))


def routes(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Every rule that names one of the objects, with each method and each act it may name."""
    for rule in app.url_map.iter_rules():
        if not rule.arguments & OBJECTS or rule.endpoint.startswith("admin_"):
            continue
        named = rule._converters.get("act")
        acts = sorted(named.items) if isinstance(named, AnyConverter) else [""]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield from ((rule, method, act) for act in acts)


def ask(client: FlaskClient, case: Case, rule: Rule, method: str, act: str) -> Any:
    body = BODIES.get(rule.endpoint)
    is_api = rule.rule.startswith("/api/")
    more: dict[str, Any] = {"json": body} if body and is_api else {}
    if is_api and method == "POST" and rule.rule.endswith("/attachments"):
        more = {"data": {"file": (io.BytesIO(b"hello"), "hello.txt")}}
    return client.open(case.path(rule, act), method=method, headers={"Accept": "application/json"}, **more)


def test_the_map_has_such_routes(app: Flask) -> None:
    found = {rule.endpoint for rule, _method, _act in routes(app)}
    assert {"api.get_request", "api.get_task", "api.get_approval", "api.get_report", "request_page.show"} <= found


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_are_told_what_they_are_told_of_nothing(
    app: Flask, api: Api, browser_of: Callable[[str], FlaskClient], case: Case, who: str
) -> None:
    """By page and by API, by any method: refused as if it were not there, word for word; and nothing has happened."""
    before = api(company.MANAGER).get(f"/requests/{case.number}").headers["ETag"]
    browser = browser_of(who)
    nothing = Case("REQ-999999", UNKNOWN, UNKNOWN)
    for rule, method, act in routes(app):
        there, not_there = (ask(browser, one, rule, method, act) for one in (case, nothing))
        assert there.status_code >= 400, (rule.rule, method, act)
        assert (there.status_code, there.text) == (not_there.status_code, not_there.text), (rule.rule, method, act)
        if rule.rule.startswith("/api/") and "/audit/" not in rule.rule:
            assert there.status_code == 404, (rule.rule, method)
    assert api(company.MANAGER).get(f"/requests/{case.number}").headers["ETag"] == before


@pytest.mark.parametrize("who", INSIDERS)
def test_insiders_read_every_part(app: Flask, api: Api, case: Case, who: str) -> None:
    for rule, method, act in routes(app):
        if method == "GET" and rule.endpoint.startswith("api.") and rule.arguments <= OBJECTS:
            expected = {"api.get_report": {200, 202}, "api.get_link": {404}}.get(rule.endpoint, {200})
            if rule.endpoint.startswith("api.") and rule.rule.startswith("/api/v1/audit/"):
                expected = {200} if who == company.AUDITOR else {403, 404}
            if rule.endpoint == "api.who_for_request" and who not in (company.AUDITOR, company.HR_LEAD):
                expected = {404}
            answered = ask(api(who), case, rule, method, act)
            assert answered.status_code in expected, (rule.rule, answered.json)


def test_whoever_shows_a_confidential_answer_notes_the_reading(
    app: Flask, browser_of: Callable[[str], FlaskClient], case: Case
) -> None:
    """Page or API, of the request, an approval or a task; the task beside the queue too."""
    agent, shown = browser_of(company.HR_AGENT), set()
    paths = {rule.endpoint: case.path(rule, act) for rule, method, act in routes(app) if method == "GET"}
    for name, path in {**paths, "beside the queue": f"/desk/queue?task={case.task_id}"}.items():
        before = readings(app)
        if "Li Lei" in agent.get(path).text:
            shown.add(name)
            assert readings(app) > before, path
    pages = {"request_page.show", "deciding.show", "desk_task.show", "beside the queue"}
    assert shown >= pages | {"api.get_request", "api.get_approval", "api.get_task", "api.request_tasks"}


def readings(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(AccessLog)) or 0


def test_a_tasks_holder_sees_the_task_alone(api: Api, case: Case) -> None:
    """The desk of another department has its task, while the request stays out of its sight."""
    answers = {"personnel_number": "20417"}
    assert api(company.HR_AGENT).post(f"/tasks/{case.task_id}/complete", json={"answers": answers}).status_code == 200
    mine = [one for one in api(company.FACILITIES_AGENT).get("/tasks").json["items"] if one["request"] == case.number]
    assert mine
    task = api(company.FACILITIES_AGENT).get(f"/tasks/{mine[0]['id']}").json
    assert task["request_answers"] and "bank_account" not in task["request_answers"]
    assert task["requested_for"] is None
    assert api(company.FACILITIES_AGENT).get(f"/requests/{case.number}").status_code == 404
    assert api(company.FACILITIES_AGENT).get(f"/requests/{case.number}/tasks").status_code == 404


def test_who_is_out_is_out_at_once(app: Flask, api: Api, case: Case) -> None:
    assert api(company.DIRECTOR).get(f"/requests/{case.number}").status_code == 200
    people = f"email,active\n{company.DIRECTOR},no\n".encode()
    with app.app_context():
        directory_import.import_people(people, at=now())
    assert api(company.DIRECTOR).get(f"/requests/{case.number}").status_code == 401
