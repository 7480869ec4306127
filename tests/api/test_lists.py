"""Lists: in order, page by page, nothing twice and nothing left out; narrowed by role, state, service and words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.factories.company import AUDITOR, DIRECTOR, EMPLOYEE, HR_AGENT, HR_LEAD, IT_AGENT, MANAGER
from tests.factories.orders import approve, onboarding, order

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def drafts(api: Api, number: int, who: str = EMPLOYEE) -> list[str]:
    return [
        api(who).post("/requests", json={"service": "it/incident", "draft": True}).json["number"] for _ in range(number)
    ]


def all_pages(client: Any, path: str, limit: int) -> list[Any]:
    """Every item, by following `next`."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = client.get(f"{path}limit={limit}{cursor}").json
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_hold_everything_once_newest_first(api: Api, limit: int) -> None:
    made = drafts(api, 7)
    found = all_pages(api(EMPLOYEE), "/requests?", limit)
    assert [one["number"] for one in found] == made[::-1]


def test_a_cursor_stays_where_it_was(api: Api) -> None:
    """What comes in meanwhile stands before the place, and shifts nothing."""
    made = drafts(api, 4)
    first = api(EMPLOYEE).get("/requests?limit=2").json
    drafts(api, 2)
    second = api(EMPLOYEE).get(f"/requests?limit=2&cursor={first['next']}").json
    assert [one["number"] for one in second["items"]] == made[1::-1]
    assert second["next"] is None


def test_a_cursor_belongs_to_its_list(api: Api) -> None:
    drafts(api, 3)
    cursor = api(EMPLOYEE).get("/requests?limit=1").json["next"]
    for other in (f"/tasks?cursor={cursor}", f"/requests?role=watcher&cursor={cursor}", f"/approvals?cursor={cursor}"):
        assert api(EMPLOYEE).get(other).status_code == 422


def test_every_role_has_its_view(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    approve(api(DIRECTOR), number)
    api(HR_AGENT).post(f"/requests/{number}/watchers", json={"person": EMPLOYEE})
    seen = {
        (who, role): [one["number"] for one in api(who).get(f"/requests?role={role}").json["items"]]
        for who in (MANAGER, DIRECTOR, HR_LEAD, HR_AGENT, EMPLOYEE, AUDITOR, IT_AGENT)
        for role in ("requester", "beneficiary", "approver", "agent", "watcher")
    }
    assert {key for key, found in seen.items() if found == [number]} == {
        (MANAGER, "requester"),
        (MANAGER, "beneficiary"),
        (DIRECTOR, "approver"),
        (HR_LEAD, "approver"),
        (HR_LEAD, "agent"),
        (HR_AGENT, "agent"),
        (EMPLOYEE, "watcher"),
    }
    whole = {who: api(who).get("/requests").json["items"] for who in (MANAGER, DIRECTOR, HR_AGENT, AUDITOR, IT_AGENT)}
    assert {who for who, items in whole.items() if [one["number"] for one in items] == [number]} == {
        MANAGER,
        DIRECTOR,
        HR_AGENT,
        AUDITOR,
    }


def test_a_draft_is_in_the_views_of_whoever_makes_it_and_of_nobody_else(api: Api) -> None:
    [own] = drafts(api, 1)
    wish = {"service": SERVICE, "draft": True, "requested_for": EMPLOYEE}
    other = api(MANAGER).post("/requests", json=wish).json["number"]

    def seen(who: str, role: str) -> list[str]:
        return [one["number"] for one in api(who).get(f"/requests?state=draft&role={role}").json["items"]]

    assert [seen(EMPLOYEE, role) for role in ("requester", "beneficiary")] == [[own], [own]]
    assert [seen(MANAGER, role) for role in ("requester", "beneficiary")] == [[other], []]
    assert [seen(HR_AGENT, "agent"), seen(IT_AGENT, "agent")] == [[], []]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=draft", 1),
        ("state=pending_approval", 1),
        ("state=open", 2),
        ("state=closed,draft", 1),
        ("state=closed&state=draft", 1),
        ("state=closed", 0),
        ("service=it/incident", 1),
        ("service=it/nothing", 0),
        ("department=hr", 1),
        ("q=onboard", 0),
        ("q=new colleague", 1),
        ("q=新员工", 1),
        ("q=REQ-", 1),
        ("q=inc-0", 1),
        ("q=%25", 0),
    ],
)
def test_narrowing(api: Api, query: str, found: int) -> None:
    order(api(MANAGER), SERVICE, onboarding())
    drafts(api, 1, MANAGER)
    assert len(api(MANAGER).get(f"/requests?{query}").json["items"]) == found


def test_rows_say_who_holds_it(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    row = api(HR_AGENT).get("/requests?role=agent").json["items"][0]
    assert (row["number"], row["state"]) == (number, "pending_approval")
    assert "answers" not in row
    assert row["holder"] and row["holder"] in row["next"]


def test_the_inbox_holds_what_waits_and_what_one_decided(api: Api) -> None:
    numbers = [order(api(MANAGER), SERVICE, onboarding()) for _ in range(3)]
    waiting = all_pages(api(DIRECTOR), "/approvals?", 2)
    assert [one["request"] for one in waiting] == numbers
    approve(api(DIRECTOR), numbers[0])
    approve(api(DIRECTOR), numbers[1], decision="reject", comment="No budget.")
    assert [one["request"] for one in api(DIRECTOR).get("/approvals").json["items"]] == numbers[2:]
    decided = all_pages(api(DIRECTOR), "/approvals?state=decided&", 1)
    assert [one["request"] for one in decided] == numbers[1::-1]
    assert [one["request"] for one in api(DIRECTOR).get("/approvals?state=approved").json["items"]] == numbers[:1]
    assert [one["request"] for one in api(HR_LEAD).get("/approvals?state=pending").json["items"]] == numbers[:1]
    assert api(HR_LEAD).get("/approvals?state=superseded").json["items"] == []


def test_the_queue_holds_tasks_by_their_due_dates(api: Api) -> None:
    numbers = [order(api(MANAGER), SERVICE, onboarding(start_date=day)) for day in ("2027-03-01", "2027-02-01")]
    for number in numbers:
        approve(api(DIRECTOR), number)
        approve(api(HR_LEAD), number)
    found = all_pages(api(HR_AGENT), "/tasks?queue=hr-operations&", 1)
    assert [one["request"] for one in found] == numbers[::-1]
    assert {one["state"] for one in found} == {"ready"}
    blocked = all_pages(api(HR_AGENT), "/tasks?queue=hr-operations&state=blocked&", 3)
    assert blocked and {one["state"] for one in blocked} == {"blocked"}
    assert len({one["id"] for one in blocked}) == len(blocked)
    assert api(IT_AGENT).get("/tasks?queue=hr-operations").json["items"] == []
    assert api(IT_AGENT).get("/tasks?queue=no-such-queue").json["items"] == []
    mine = api(HR_AGENT).get("/tasks?assignee=me").json["items"]
    assert {one["assignee"]["email"] for one in mine} <= {HR_AGENT}
    free = api(HR_AGENT).get("/tasks?assignee=none").json["items"]
    assert all(one["assignee"] is None for one in free)


def test_services_and_parts_come_in_pages_too(api: Api) -> None:
    number = order(api(MANAGER), SERVICE, onboarding())
    events = api(MANAGER).get(f"/requests/{number}/events").json
    assert events["next"] is None
    assert all_pages(api(MANAGER), f"/requests/{number}/events?", 2) == events["items"]
    services = all_pages(api(MANAGER), "/services?", 10)
    assert services == all_pages(api(MANAGER), "/services?", 200)
    assert len(api(MANAGER).get("/services").json["items"]) == min(25, len(services))
    assert api(MANAGER).get(f"/requests/{number}/events?limit=0").status_code == 422
