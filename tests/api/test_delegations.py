"""Deputies by the API: named, seen, deciding in somebody's stead, taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.factories.company import DIRECTOR, EMPLOYEE, HR_AGENT, MANAGER
from tests.factories.orders import approve, onboarding, order

SERVICE = "hr/employee-onboarding"
DEPUTY = "wenbo.zhao@example.com"
Api = Callable[[str], Any]


def days(first: int, last: int) -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {"from": (today + timedelta(first)).isoformat(), "until": (today + timedelta(last)).isoformat()}


def test_a_deputy_has_the_approval_and_decides_for_another(api: Api) -> None:
    made = api(DIRECTOR).post("/delegations", json={"deputy": DEPUTY, **days(-1, 5)})
    assert (made.status_code, made.json["deputy"]["email"]) == (201, DEPUTY)
    assert api(DIRECTOR).get("/delegations").json["items"] == [made.json]

    number = order(api(MANAGER), SERVICE, onboarding())
    waiting = api(DEPUTY).get("/approvals").json["items"]
    assert [one["request"] for one in waiting] == [number]
    assert waiting[0]["voice"]["person"]["email"] == DIRECTOR
    assert waiting[0]["holder"]["email"] == DEPUTY
    assert waiting[0]["on_behalf_of"]["email"] == DIRECTOR
    decided = approve(api(DEPUTY), number).json
    assert decided["decided_by"]["email"] == DEPUTY
    assert decided["on_behalf_of"]["email"] == DIRECTOR


def test_taken_back(api: Api) -> None:
    made = api(DIRECTOR).post("/delegations", json={"deputy": DEPUTY, **days(0, 5)}).json
    assert api(EMPLOYEE).delete(f"/delegations/{made['id']}").status_code == 404
    assert api(DIRECTOR).delete(f"/delegations/{made['id']}").status_code == 204
    assert api(DIRECTOR).get("/delegations").json["items"] == []
    assert api(DIRECTOR).delete(f"/delegations/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"deputy": DIRECTOR, **days(0, 1)}, "deputy"),
        ({"deputy": "nobody@example.com", **days(0, 1)}, "deputy"),
        ({"deputy": DEPUTY, **days(2, 1)}, "until"),
        ({"deputy": DEPUTY, **days(-9, -3)}, "until"),
        ({"deputy": DEPUTY, "from": "tomorrow", "until": "2027-01-01"}, "from"),
        ({"deputy": DEPUTY, **days(0, 1), "departments": ["it", "nowhere"]}, "departments[1]"),
        ({"deputy": DEPUTY, **days(0, 1), "departments": []}, "departments"),
    ],
)
def test_what_is_refused(api: Api, said: dict[str, Any], where: str) -> None:
    refused = api(DIRECTOR).post("/delegations", json=said)
    assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, [where])


def test_nobody_stands_in_for_the_one_who_stands_in(api: Api) -> None:
    api(DIRECTOR).post("/delegations", json={"deputy": HR_AGENT, **days(0, 5)})
    refused = api(HR_AGENT).post("/delegations", json={"deputy": DIRECTOR, **days(0, 5)})
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "cycle")
