"""Many decisions at once: one after another, each answered for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.factories.company import DIRECTOR, EMPLOYEE, HR_LEAD, MANAGER
from tests.factories.orders import onboarding, order

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def test_each_is_answered_for_itself(api: Api) -> None:
    for _ in range(3):
        order(api(MANAGER), SERVICE, onboarding())
    one, two, three = api(DIRECTOR).get("/approvals").json["items"]
    items = [
        {"id": one["id"], "decision": "approve", "content_sha256": one["content_sha256"]},
        {"id": two["id"], "decision": "approve", "content_sha256": "0" * 64},
        {"id": three["id"], "decision": "reject", "content_sha256": three["content_sha256"]},
        {"id": "nothing", "decision": "approve", "content_sha256": "0" * 64},
        {"id": one["id"], "decision": "approve", "content_sha256": one["content_sha256"]},
        {"id": two["id"], "decision": "maybe", "content_sha256": two["content_sha256"], "state": "approved"},
        {"decision": "approve", "content_sha256": "x"},
        "approve all",
        {"id": three["id"], "decision": "reject", "content_sha256": three["content_sha256"], "comment": "No."},
    ]
    answered = api(DIRECTOR).post("/approvals/decisions", json={"items": items})
    assert answered.status_code == 200
    found = answered.json["items"]
    assert [each["status"] for each in found] == [200, 409, 422, 404, 409, 422, 422, 422, 200]
    assert [each["id"] for each in found[:2]] == [one["id"], two["id"]]
    assert sorted(each["path"] for each in found[5]["error"]["errors"]) == ["decision", "state"]
    assert found[7]["id"] is None
    states = {each["id"]: api(DIRECTOR).get(f"/approvals/{each['id']}").json["state"] for each in (one, two, three)}
    assert list(states.values()) == ["approved", "pending", "rejected"]


def test_somebody_elses_approvals_are_not_there(api: Api) -> None:
    order(api(MANAGER), SERVICE, onboarding())
    one = api(DIRECTOR).get("/approvals").json["items"][0]
    item = {"id": one["id"], "decision": "approve", "content_sha256": one["content_sha256"]}
    for other, status in ((EMPLOYEE, 404), (HR_LEAD, 403), (MANAGER, 403)):
        answered = api(other).post("/approvals/decisions", json={"items": [item]})
        assert [each["status"] for each in answered.json["items"]] == [status]
