"""Watchers, priority, holds and the report: what is set beside the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from tests.factories.company import AUDITOR, DIRECTOR, EMPLOYEE, HR_AGENT, HR_LEAD, IT_AGENT, MANAGER
from tests.factories.orders import approve, onboarding, order, workday

from servicehall import jobs
from servicehall.models.access import AccessLog
from servicehall.models.base import db

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def in_progress(api: Api) -> str:
    number = order(api(MANAGER), SERVICE, onboarding())
    approve(api(DIRECTOR), number)
    approve(api(HR_LEAD), number)
    return number


def test_watchers_of_what_is_confidential_are_chosen_by_agents(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    path = f"/requests/{number}/watchers"
    assert api(MANAGER).post(path, json={"person": EMPLOYEE}).status_code == 403
    added = api(HR_AGENT).post(path, json={"person": EMPLOYEE})
    assert (added.status_code, [one["email"] for one in added.json["items"]]) == (201, [EMPLOYEE])
    assert api(EMPLOYEE).get(f"/requests/{number}").json["watchers"][0]["email"] == EMPLOYEE
    assert api(HR_AGENT).post(path, json={"person": "nobody@example.com"}).status_code == 422
    assert api(EMPLOYEE).delete(path, query_string={"person": EMPLOYEE}).status_code == 204
    assert api(EMPLOYEE).get(f"/requests/{number}").status_code == 404


def test_agents_set_the_priority_and_clocks_follow(api: Api) -> None:
    number = in_progress(api)
    due = {one["id"]: one["due_at"] for one in api(HR_AGENT).get(f"/requests/{number}/clocks").json["items"]}
    changed = api(HR_AGENT).post(f"/requests/{number}/priority", json={"priority": "p1"})
    assert (changed.status_code, changed.json["priority"]) == (200, "p1")
    after = {one["id"]: one for one in api(HR_AGENT).get(f"/requests/{number}/clocks").json["items"]}
    running = [one for one in after.values() if one["state"] == "running"]
    assert running and all(one["due_at"] < due[one["id"]] for one in running)


def test_impact_and_urgency_go_through_the_matrix(api: Api) -> None:
    answers = {
        "service_area": "network",
        "service_item": "wifi",
        "headline": "No network",
        "description": "None at all.",
    }
    number = order(api(EMPLOYEE), "it/incident", answers, impact="person", urgency="minor")
    path = f"/requests/{number}/priority"
    said = api(IT_AGENT).post(path, json={"impact": "company"}).json
    assert (said["impact"], said["urgency"], said["priority"]) == ("company", "minor", "p3")
    for wrong, where in (
        ({}, "priority"),
        ({"urgency": "soon"}, "urgency"),
        ({"priority": "p1", "impact": "x"}, "impact"),
    ):
        refused = api(IT_AGENT).post(path, json=wrong)
        assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, [where])
    assert api(EMPLOYEE).get(f"/requests/{number}").json["priority"] == "p3"


def test_on_hold_nothing_is_worked_on(api: Api) -> None:
    number = in_progress(api)
    assert api(HR_AGENT).post(f"/requests/{number}/hold").status_code == 422
    held = api(HR_AGENT).post(f"/requests/{number}/hold", json={"comment": "Waiting for the visa."})
    assert (held.json["state"], "release" in held.json["actions"]) == ("on_hold", True)
    task = next(one for one in api(HR_AGENT).get("/tasks").json["items"] if one["key"] == "hr-record")
    assert api(HR_AGENT).get(f"/tasks/{task['id']}").json["actions"] == []
    assert api(HR_AGENT).post(f"/tasks/{task['id']}/start").status_code == 409
    assert api(HR_AGENT).post(f"/requests/{number}/release").json["state"] == "in_progress"
    assert api(HR_AGENT).post(f"/requests/{number}/resolve").status_code == 409


def test_offered_actions_are_those_that_work(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    assert api(MANAGER).get(f"/requests/{number}").json["actions"] == ["recall", "cancel", "comment", "attach"]
    assert api(HR_AGENT).get(f"/requests/{number}").json["actions"] == ["priority", "watch", "comment", "attach"]
    assert api(DIRECTOR).get(f"/requests/{number}").json["actions"] == ["comment", "attach"]


def test_a_task_is_given_to_members_of_its_group(api: Api) -> None:
    in_progress(api)
    task = next(one for one in api(HR_AGENT).get("/tasks").json["items"] if one["key"] == "hr-record")
    path = f"/tasks/{task['id']}"
    given = api(HR_AGENT).post(f"{path}/assign", json={"assignee": HR_AGENT})
    assert given.json["assignee"]["email"] == HR_AGENT
    assert api(HR_AGENT).post(f"{path}/assign", json={"assignee": IT_AGENT}).status_code == 422
    assert api(HR_AGENT).post(f"{path}/assign", json={"assignee": None}).json["assignee"] is None
    claimed = api(HR_AGENT).post(f"{path}/claim")
    assert claimed.json["assignee"]["email"] == HR_AGENT
    assert "claim" not in claimed.json["actions"]


def test_every_act_on_a_task_takes_a_comment(api: Api) -> None:
    number = in_progress(api)
    task = next(one for one in api(HR_AGENT).get("/tasks").json["items"] if one["key"] == "hr-record")
    done = {"answers": {"personnel_number": "20417"}}
    for act, said in (
        ("assign", {"assignee": None}),
        ("claim", {}),
        ("release", {}),
        ("start", {}),
        ("hold", {}),
        ("release", {}),
        ("fail", {}),
        ("retry", {}),
        ("complete", done),
    ):
        answer = api(HR_AGENT).post(f"/tasks/{task['id']}/{act}", json={**said, "comment": f"On {act}"})
        assert (answer.status_code, answer.json.get("comment")) == (200, f"On {act}"), answer.json
    told = [one for one in api(HR_AGENT).get(f"/requests/{number}/events").json["items"] if one["body"].get("comment")]
    assert [one["kind"] for one in told if one["body"].get("task") == task["id"]].count("task.assigned") == 3


def readings(app: Flask, kind: str) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).where(AccessLog.kind == kind)) or 0


def test_the_report_is_made_by_a_job(app: Flask, api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    path = f"/requests/{number}/report.pdf?locale=en"
    first = api(AUDITOR).get(path)
    assert (first.status_code, first.headers["Retry-After"]) == (202, "2")
    assert readings(app, "report") == 0
    jobs.do_all(app)
    made = api(AUDITOR).get(path)
    assert readings(app, "report") == 1
    assert (made.status_code, made.mimetype, made.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert f"{number}-en.pdf" in made.headers["Content-Disposition"]
    assert api(AUDITOR).get(f"/requests/{number}/report.pdf?locale=fr").status_code == 422
    assert api(EMPLOYEE).get(path).status_code == 404


def test_a_checklist_is_part_of_the_task_and_ticked_item_by_item(api: Api) -> None:
    in_progress(api)
    agent = api(HR_AGENT)
    rows = [agent.get(f"/tasks/{one['id']}").json for one in agent.get("/tasks").json["items"]]
    task = next(one for one in rows if one["checklist"])
    assert [one["done"] for one in task["checklist"]] == [False] * len(task["checklist"])
    path = f"/tasks/{task['id']}/checklist"
    assert agent.post(path, json={"item": 0, "done": True}).json["checklist"][0]["done"] is True
    assert agent.get(f"/tasks/{task['id']}").json["checklist"][0]["done"] is True
    for wrong in (
        {"item": 99, "done": True},
        {"item": 0},
        {"item": 0, "done": "x"},
        {"item": 0, "done": True, "by": "me"},
    ):
        assert agent.post(path, json=wrong).status_code == 422
    assert api(EMPLOYEE).post(path, json={"item": 0, "done": True}).status_code == 404


def test_agents_add_a_task_that_the_plan_did_not_foresee(api: Api) -> None:
    number = in_progress(api)
    path = f"/requests/{number}/tasks"
    wish = {
        "title": "Find a parking space",
        "group": "it-service-desk",
        "shows": ["full_name"],
        "note": "Near the door",
    }
    assert api(MANAGER).post(path, json=wish).status_code == 403
    assert api(IT_AGENT).post(path, json=wish).status_code == 404
    refused = api(HR_AGENT).post(path, json={**wish, "shows": ["bank_account", "monthly_salary"]})
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "shows")
    made = api(HR_AGENT).post(path, json=wish)
    assert (made.status_code, made.json["title"], made.json["state"]) == (201, wish["title"], "ready")
    seen = api(IT_AGENT).get(f"/tasks/{made.json['id']}").json
    assert (seen["title"], seen["note"], seen["request_answers"]) == (
        wish["title"],
        wish["note"],
        {"full_name": onboarding()["full_name"]},
    )
    assert api(IT_AGENT).post(f"/tasks/{made.json['id']}/complete", json={}).json["state"] == "done"


def test_agents_move_the_date_that_the_plan_counts_from(api: Api) -> None:
    number = in_progress(api)
    before = {one["key"]: one["due_at"] for one in api(HR_AGENT).get(f"/requests/{number}/tasks").json["items"]}
    assert api(MANAGER).post(f"/requests/{number}/date", json={"date": workday(42)}).status_code == 403
    assert api(HR_AGENT).post(f"/requests/{number}/date", json={"date": "soon"}).status_code == 422
    moved = api(HR_AGENT).post(f"/requests/{number}/date", json={"date": workday(42), "comment": "Later"})
    assert (moved.status_code, moved.json["answers"]["start_date"]) == (200, onboarding()["start_date"])
    after = {one["key"]: one["due_at"] for one in api(HR_AGENT).get(f"/requests/{number}/tasks").json["items"]}
    assert after["hr-record"] > before["hr-record"] and after["induction"] > before["induction"]


def test_somebody_outside_does_a_task_by_a_link_which_get_alone_tells(api: Api, app: Flask) -> None:
    number = in_progress(api)
    made = api(HR_AGENT).post(f"/requests/{number}/tasks", json={"title": "Fetch it", "group": "it-service-desk"}).json
    path = f"/tasks/{made['id']}/link"
    wish = {"address": "courier@example.org", "days": 2, "locale": "zh"}
    assert api(HR_AGENT).post(path, json=wish).status_code == 403  # sees the task, and does not work on it
    assert api(MANAGER).get(path).status_code == 404
    assert api(IT_AGENT).get(path).status_code == 404
    assert api(IT_AGENT).post(path, json={**wish, "address": "nobody"}).status_code == 422
    given = api(IT_AGENT).post(path, json=wish, headers={"Idempotency-Key": "once"})
    assert (given.status_code, given.json["address"]) == (201, wish["address"]) and "url" not in given.json
    assert api(IT_AGENT).post(path, json=wish, headers={"Idempotency-Key": "once"}).json == given.json
    address = urlsplit(api(IT_AGENT).get(path).json["url"])
    assert api(HR_AGENT).get(path).status_code == 404
    guest = FlaskClient(app)
    assert guest.get(f"{address.path}?{address.query}").status_code == 200
    assert guest.post(address.path, data={"key": parse_qs(address.query)["key"][0]}).status_code == 303
    done = api(IT_AGENT).get(f"/tasks/{made['id']}").json
    assert (done["state"], done["done_by"]["email"]) == ("done", None) and done["done_by"]["id"].startswith("guest:")
    assert api(IT_AGENT).get(path).status_code == 404
    assert api(IT_AGENT).delete(path).status_code == 204
    assert api(IT_AGENT).delete(path).status_code == 409
