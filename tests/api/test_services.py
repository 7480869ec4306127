"""Services: what is offered to whom, found in both languages, and what an order would come to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.factories.company import DIRECTOR, EMPLOYEE, IT_CATALOG, MANAGER
from tests.factories.orders import onboarding

from servicehall.clock import now

SERVICE = "hr/employee-onboarding"
Api = Callable[[str], Any]


def keys(response: Any) -> list[str]:
    return [f"{one['department']}/{one['key']}" for one in response.json["items"]]


@pytest.mark.parametrize("q", ["onboarding", "new colleague", "入职", "新同事"])
def test_found_in_both_languages(api: Api, q: str) -> None:
    assert SERVICE in keys(api(MANAGER).get("/services", query_string={"q": q}))
    assert SERVICE not in keys(api(EMPLOYEE).get("/services", query_string={"q": q}))


def test_narrowed_by_department(api: Api) -> None:
    found = keys(api(EMPLOYEE).get("/services?department=it"))
    assert found and all(one.startswith("it/") for one in found)


def test_texts_come_in_the_readers_language(api: Api) -> None:
    assert api(MANAGER).get(f"/services/{SERVICE}").json["title"] == "新员工入职"
    assert api(IT_CATALOG).get("/services/it/incident").json["title"].isascii()


def test_the_form_is_a_sound_schema(api: Api) -> None:
    schema = api(MANAGER).get(f"/services/{SERVICE}/form").json
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["contract_end"]["x-visible"] == 'employment == "contractor" || employment == "intern"'
    assert "position_number" not in schema["properties"]  # an approver fills it in


def test_every_service_on_offer_has_a_form_and_a_preview(api: Api) -> None:
    for one in api(MANAGER).get("/services?limit=200").json["items"]:
        path = f"/services/{one['department']}/{one['key']}"
        Draft202012Validator.check_schema(api(MANAGER).get(f"{path}/form").json)
        assert api(MANAGER).post(f"{path}/check", json={"answers": {}}).status_code == 200


def test_a_preview_says_who_what_and_when(api: Api) -> None:
    said = api(MANAGER).post(f"/services/{SERVICE}/check", json={"answers": onboarding()}).json
    assert said["errors"] == []
    stages = {one["key"]: one for one in said["stages"]}
    assert [one["person"]["email"] for one in stages["manager"]["approvers"]] == [DIRECTOR]
    assert [one["group"] for one in stages["hr"]["approvers"]] == ["hr-leads"]
    assert stages["finance"]["approvers"] == [] and stages["finance"]["skipped"]
    assert {"hr-record", "laptop"} <= {one["key"] for one in said["tasks"]}
    assert all(one["due_at"] for one in said["tasks"] if one["key"] == "hr-record")
    assert said["price"] and said["answers"]["one_time_cost"] == "13500.00"
    assert api(MANAGER).get("/requests").json["items"] == []


def test_a_preview_goes_by_the_priority_that_the_order_would_have(api: Api) -> None:
    def due(**said: Any) -> str:
        found = api(EMPLOYEE).post("/services/it/incident/check", json=said).json
        return str(next(one["due_at"] for one in found["clocks"] if one["measure"] == "resolution"))

    least = due(impact="person", urgency="minor")
    assert (due(), due(impact="company", urgency="blocked") < least, due(priority="p1") < least) == (least, True, True)
    for said in ({"priority": "p9"}, {"impact": "nobody"}, {"urgency": "soon"}):
        refused = api(EMPLOYEE).post("/services/it/incident/check", json=said)
        assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, list(said))


def test_a_preview_tells_what_is_missing(api: Api) -> None:
    answers = onboarding(employment="contractor", full_name=None)
    said = api(MANAGER).post(f"/services/{SERVICE}/check", json={"answers": answers}).json
    assert {one["path"] for one in said["errors"]} >= {"full_name", "contract_end", "agency"}
    assert "agency" in said["visible"] and "bank_account" not in said["visible"]


def test_without_the_day_that_they_count_from_tasks_have_no_dates(api: Api) -> None:
    said = api(MANAGER).post(f"/services/{SERVICE}/check", json={"answers": onboarding(start_date=None)}).json
    assert said["tasks"] and {one["due_at"] for one in said["tasks"]} == {None}


def test_a_date_that_cannot_be_met_is_said_before_anything_is_sent_with_the_first_that_works(api: Api) -> None:
    def plan_for(day: str) -> Any:
        return (
            api(MANAGER).post(f"/services/{SERVICE}/check", json={"answers": onboarding(start_date=day)}).json["plan"]
        )

    today = now().date()
    found = plan_for((today + timedelta(days=2)).isoformat())
    assert (found["anchor"], found["possible"]) == ("start_date", False)
    assert "hr-record" in {one["key"] for one in found["late"]}
    first = date.fromisoformat(found["works_from"])
    assert len(found["warnings"]) > 1 and f"{first.year}年{first.month}月{first.day}日" in found["warnings"][0]
    works, before = plan_for(first.isoformat()), plan_for((first - timedelta(days=1)).isoformat())
    assert (works["possible"], works["late"], works["warnings"]) == (True, [], [])
    assert before["possible"] is False and works["critical"]
    assert plan_for("2099-01-08")["works_from"] == first.isoformat()


def test_a_preview_says_by_when_each_task_must_begin(api: Api) -> None:
    said = api(MANAGER).post(f"/services/{SERVICE}/check", json={"answers": onboarding(start_date="2099-01-08")}).json
    tasks = {one["key"]: one for one in said["tasks"]}
    assert tasks["hr-record"]["starts_by"] == tasks["hr-record"]["due_at"]
    assert tasks["laptop"]["starts_by"] == tasks["set-up-laptop"]["due_at"]  # nobody knows how long the child takes
    assert [key for key, one in tasks.items() if one["critical"]] == said["plan"]["critical"] == ["hr-record"]
