"""Definitions: the documents of the departments that one administers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.factories.company import ADMIN, EMPLOYEE, IT_CATALOG

Api = Callable[[str], Any]


def test_a_catalog_administrator_sees_the_own_department(api: Api) -> None:
    found = api(IT_CATALOG).get("/definitions?limit=200").json
    assert {one["department"] for one in found["items"]} == {"it"}
    assert {one["state"] for one in found["items"]} == {"published"}
    assert api(IT_CATALOG).get("/definitions?department=hr").json["items"] == []
    services = api(IT_CATALOG).get("/definitions?kind=service").json["items"]
    assert {one["kind"] for one in services} == {"service"}
    assert all(one["title"] and one["version"] == 1 for one in services)


def test_a_kind_that_there_is_not_is_refused_as_a_state_is(api: Api) -> None:
    refused = api(ADMIN).get("/definitions?kind=servise&state=drafted")
    assert (refused.status_code, {one["path"] for one in refused.json["errors"]}) == (422, {"kind", "state"})


def test_others_see_none(api: Api) -> None:
    assert api(EMPLOYEE).get("/definitions").json == {"items": [], "next": None}


def test_pages_hold_everything_once(api: Api) -> None:
    whole = [
        (one["department"], one["kind"], one["key"]) for one in api(ADMIN).get("/definitions?limit=200").json["items"]
    ]
    found: list[tuple[str, str, str]] = []
    after = ""
    while True:
        page = api(ADMIN).get(f"/definitions?limit=20{after}").json
        found += [(one["department"], one["kind"], one["key"]) for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&cursor={page['next']}"
    assert found == whole
    assert len(set(found)) == len(found)
