"""One onboarding from the order to its resolution, by the API alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from tests.factories.company import AUDITOR, DIRECTOR, EMPLOYEE, HR_AGENT, HR_LEAD, IT_AGENT, MANAGER
from tests.factories.orders import approve, finish_tasks, onboarding, order

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def test_an_onboarding_goes_its_whole_way(app: Flask, api: Api) -> None:
    made = api(MANAGER).post("/requests", json={"service": SERVICE, "answers": onboarding()})
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/requests/{made.json['number']}"
    assert (made.json["state"], made.json["requester"]["email"]) == ("pending_approval", MANAGER)
    number = made.json["number"]

    approve(api(DIRECTOR), number)
    approve(api(HR_LEAD), number, answers={"position_number": "P-0417"})
    running = api(MANAGER).get(f"/requests/{number}").json
    assert running["state"] == "in_progress"
    assert running["answers"]["position_number"] == "P-0417"
    assert running["holder"] and running["next"]

    finish_tasks(app, api, number)
    assert api(MANAGER).get(f"/requests/{number}").json["state"] == "resolved"
    states = {one["key"]: one["state"] for one in api(MANAGER).get(f"/requests/{number}/tasks").json["items"]}
    assert set(states.values()) <= {"done", "skipped"}
    assert states["hr-record"] == "done"

    closed = api(MANAGER).post(f"/requests/{number}/close")
    assert (closed.status_code, closed.json["state"]) == (200, "closed")
    assert api(MANAGER).post(f"/requests/{number}/reopen").status_code == 409


def test_its_parts_tell_what_happened(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    approve(api(DIRECTOR), number)

    approvals = api(MANAGER).get(f"/requests/{number}/approvals").json["items"]
    assert [(one["stage"], one["state"], one["voice"] is None) for one in approvals] == [
        ("manager", "approved", False),
        ("hr", "pending", False),
    ]
    assert approvals[0]["decided_by"]["email"] == DIRECTOR
    assert approvals[0]["why"] == "申请人的上级"
    assert approvals[1]["voice"]["group"] == "hr-leads"

    clocks = api(MANAGER).get(f"/requests/{number}/clocks").json["items"]
    assert [(one["measure"], one["state"]) for one in clocks] == [("approval", "running")]
    assert clocks[0]["remaining_seconds"] > 0 and clocks[0]["calendar"] == "hr/office-hours-shanghai"

    events = api(MANAGER).get(f"/requests/{number}/events").json["items"]
    assert [one["sequence"] for one in events] == list(range(1, len(events) + 1))
    assert all(one["prev_hash"] == before["hash"] for before, one in pairwise(events))
    assert api(AUDITOR).get(f"/audit/verify?request={number}").json["ok"] is True


def test_a_waiting_stage_names_nobody(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    approvals = api(MANAGER).get(f"/requests/{number}/approvals").json["items"]
    assert [(one["stage"], one["state"], one["voice"]) for one in approvals if one["stage"] == "hr"] == [
        ("hr", "waiting", None)
    ]


def test_returned_changed_and_sent_again(api: Api) -> None:
    """What an approver sends back is changed; those who have seen the same content do not decide twice."""
    number = order(api(MANAGER), SERVICE, onboarding())
    approve(api(DIRECTOR), number)
    back = approve(api(HR_LEAD), number, decision="return", comment="Which salary?")
    assert back.json["state"] == "returned"
    assert api(MANAGER).get(f"/requests/{number}").json["state"] == "returned"

    patched = api(MANAGER).patch(f"/requests/{number}", json={"answers": {"monthly_salary": "30000.00"}})
    assert patched.json["answers"]["monthly_salary"] in ("30000.00", {"amount": "30000.00", "currency": "CNY"})
    again = api(MANAGER).post(f"/requests/{number}/submit", json={"comment": "Added."})
    assert again.json["state"] == "pending_approval"
    assert [one["body"] for one in api(MANAGER).get(f"/requests/{number}/comments").json["items"]] == ["Added."]

    inbox = api(HR_LEAD).get("/approvals").json["items"]
    assert [one["round"] for one in inbox] == [2]
    assert api(DIRECTOR).get("/approvals").json["items"] == []
    shown = api(HR_LEAD).get(f"/approvals/{inbox[0]['id']}").json
    assert [one["key"] for one in shown["changed"]] == ["monthly_salary"]
    assert shown["changed"][0]["before"] is None and not shown["changed"][0]["masked"]


def test_recall_and_cancel(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    assert api(MANAGER).post(f"/requests/{number}/recall").json["state"] == "returned"
    assert api(MANAGER).post(f"/requests/{number}/cancel").status_code == 422
    gone = api(MANAGER).post(f"/requests/{number}/cancel", json={"comment": "Declined the offer."})
    assert gone.json["state"] == "cancelled"
    assert api(DIRECTOR).get("/approvals").json["items"] == []


def test_a_draft_is_its_requesters_alone(api: Api) -> None:
    made = api(MANAGER).post("/requests", json={"service": SERVICE, "answers": {"full_name": "Li"}, "draft": True})
    assert (made.status_code, made.json["state"]) == (201, "draft")
    for other in (DIRECTOR, HR_AGENT, AUDITOR):
        assert api(other).get(f"/requests/{made.json['number']}").status_code == 404
    sent = api(MANAGER).post(f"/requests/{made.json['number']}/submit")
    assert sent.status_code == 422
    assert {one["path"] for one in sent.json["errors"]} >= {"private_email", "job_title", "start_date"}


def test_a_draft_is_unfinished_but_loses_nothing_that_was_given(api: Api) -> None:
    manager = api(MANAGER)
    wish = {"service": SERVICE, "draft": True}
    nonsense = {"start_date": "soon", "home_department": "nowhere", "guest": 5}
    assert problem_paths(manager.post("/requests", json={**wish, "answers": nonsense})) == {*nonsense}
    unfinished = {"full_name": "L", "bank_account": "12"}
    path = f"/requests/{manager.post('/requests', json={**wish, 'answers': unfinished}).json['number']}"
    assert unfinished.items() <= manager.get(path).json["answers"].items()
    assert problem_paths(manager.patch(path, json={"answers": {"full_name": 7}})) == {"full_name"}
    assert manager.patch(path, json={"answers": {"job_title": "Clerk"}}).json["answers"]["full_name"] == "L"
    assert problem_paths(manager.post(f"{path}/submit")) >= {*unfinished}


def problem_paths(refused: Any) -> set[str]:
    assert refused.status_code == 422, refused.json
    return {one["path"] for one in refused.json["errors"]}


def test_for_whom_it_is_changes_only_in_a_draft(api: Api) -> None:
    manager = api(MANAGER)
    wish = {"service": "it/laptop", "answers": {}, "draft": True}
    path = f"/requests/{manager.post('/requests', json=wish).json['number']}"
    changed = manager.patch(path, json={"answers": {}, "requested_for": EMPLOYEE})
    assert (changed.status_code, changed.json["requested_for"]["email"]) == (200, EMPLOYEE)
    assert manager.patch(path, json={"answers": {}, "requested_for": DIRECTOR}).status_code == 403
    assert manager.patch(path, json={"answers": {}, "requested_for": "nobody@example.com"}).status_code == 422
    assert manager.get(path).json["requested_for"]["email"] == EMPLOYEE
    sent = f"/requests/{order(manager, SERVICE, onboarding())}"
    manager.post(f"{sent}/recall")
    assert manager.patch(sent, json={"answers": {}, "requested_for": EMPLOYEE}).status_code == 409


def test_work_on_a_task(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    approve(api(DIRECTOR), number)
    approve(api(HR_LEAD), number)
    task = next(one for one in api(HR_AGENT).get("/tasks").json["items"] if one["key"] == "hr-record")
    assert (task["request"], task["group"], task["state"]) == (number, "hr-operations", "ready")
    path = f"/tasks/{task['id']}"
    assert api(HR_AGENT).post(f"{path}/start").json["state"] == "in_progress"
    assert api(HR_AGENT).post(f"{path}/hold").status_code == 422
    assert api(HR_AGENT).post(f"{path}/hold", json={"comment": "Waiting for papers"}).json["state"] == "on_hold"
    assert api(HR_AGENT).post(f"{path}/release").json["state"] == "in_progress"
    wrong = api(HR_AGENT).post(f"{path}/complete", json={"answers": {"personnel_number": "x"}})
    assert [one["path"] for one in wrong.json["errors"]] == ["personnel_number"]
    done = api(HR_AGENT).post(f"{path}/complete", json={"answers": {"personnel_number": "20417"}})
    assert (done.status_code, done.json["state"]) == (200, "done")
    assert done.json["answers"] == {"personnel_number": "20417"}
    assert api(HR_AGENT).post(f"{path}/complete").status_code == 409


@pytest.mark.parametrize("who", [EMPLOYEE, IT_AGENT])
def test_others_see_neither_request_nor_approvals(api: Api, who: str) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    approval = api(MANAGER).get(f"/requests/{number}/approvals").json["items"][0]["id"]
    assert api(who).get(f"/requests/{number}").status_code == 404
    assert api(who).get(f"/approvals/{approval}").status_code == 404
    decision = {"decision": "approve", "content_sha256": "0" * 64}
    assert api(who).post(f"/approvals/{approval}/decision", json=decision).status_code == 404
