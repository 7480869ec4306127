"""`ETag` and `If-Match`: a change of what one has not seen is a conflict."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from tests.factories.company import DIRECTOR, HR_AGENT, HR_LEAD, MANAGER
from tests.factories.orders import approve, onboarding, order

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def match(tag: str) -> dict[str, dict[str, str]]:
    return {"headers": {"If-Match": tag}}


def test_the_tag_changes_with_whatever_happens(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    path = f"/requests/{number}"
    before = api(MANAGER).get(path).headers["ETag"]
    assert api(MANAGER).get(path).headers["ETag"] == before
    api(MANAGER).post(f"{path}/comments", json={"body": "Hello"})
    assert api(MANAGER).get(path).headers["ETag"] != before


def test_a_stale_change_is_a_conflict(api: Api) -> None:
    made = api(MANAGER).post("/requests", json={"service": SERVICE, "answers": onboarding(), "draft": True})
    path, first = f"/requests/{made.json['number']}", made.headers["ETag"]
    changed = api(MANAGER).patch(path, json={"answers": {"remarks": "one"}}, **match(first))
    assert changed.status_code == 200
    stale = api(MANAGER).patch(path, json={"answers": {"remarks": "two"}}, **match(first))
    assert stale.status_code == 409
    assert api(MANAGER).get(path).json["answers"]["remarks"] == "one"
    assert api(MANAGER).post(f"{path}/submit", **match(first)).status_code == 409
    assert api(MANAGER).post(f"{path}/submit", **match("*")).status_code == 200


def test_what_is_said_and_attached_too(api: Api) -> None:
    path = f"/requests/{order(api(MANAGER), SERVICE, onboarding())}"
    first = api(MANAGER).get(path).headers["ETag"]
    assert api(MANAGER).post(f"{path}/comments", json={"body": "one"}, **match(first)).status_code == 201
    assert api(MANAGER).post(f"{path}/comments", json={"body": "two"}, **match(first)).status_code == 409
    file = {"file": (io.BytesIO(b"hello"), "hello.txt")}
    assert api(MANAGER).post(f"{path}/attachments", data=file, **match(first)).status_code == 409
    assert api(MANAGER).get(f"{path}/attachments").json["items"] == []


def test_decisions_and_tasks_too(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    waiting = api(DIRECTOR).get("/approvals").json["items"][0]
    seen = api(DIRECTOR).get(f"/approvals/{waiting['id']}")
    api(MANAGER).post(f"/requests/{number}/comments", json={"body": "Please hurry"})
    body = {"decision": "approve", "content_sha256": seen.json["content_sha256"]}
    path = f"/approvals/{waiting['id']}/decision"
    assert api(DIRECTOR).post(path, json=body, **match(seen.headers["ETag"])).status_code == 409
    fresh = api(DIRECTOR).get(f"/approvals/{waiting['id']}").headers["ETag"]
    assert api(DIRECTOR).post(path, json=body, **match(fresh)).status_code == 200
    approve(api(HR_LEAD), number)
    task = next(one for one in api(HR_AGENT).get("/tasks").json["items"] if one["key"] == "hr-record")
    assert api(HR_AGENT).post(f"/tasks/{task['id']}/start", **match('"1"')).status_code == 409
    fresh = api(HR_AGENT).get(f"/tasks/{task['id']}").headers["ETag"]
    assert api(HR_AGENT).post(f"/tasks/{task['id']}/start", **match(fresh)).status_code == 200
