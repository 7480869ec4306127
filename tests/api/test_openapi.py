"""The OpenAPI document says all that the API does, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.factories.company import EMPLOYEE

Api = Callable[[str], Any]
UNDESCRIBED = {("/api/v1/_openapi", "get"), ("/api/v1/menu/", "get")}  # the document itself, and the menu of the pages


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api(EMPLOYEE).get("/api/v1/_openapi").json
    return found


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            yield from ((path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_every_call_is_described_and_nothing_else(app: Flask, document: dict[str, Any]) -> None:
    described = {(path, method) for path, operations in document["paths"].items() for method in operations}
    assert described == set(routes(app)) - UNDESCRIBED


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
    assert len(names) == len(set(names))
    assert all(one["summary"] for operations in document["paths"].values() for one in operations.values())


def test_every_operation_may_find_the_database_locked(document: dict[str, Any]) -> None:
    operations = [one for some in document["paths"].values() for one in some.values()]
    assert all("503" in one["responses"] for one in operations)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    wanted = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert wanted == set(document["components"]["schemas"])


def test_what_is_taken_takes_no_other_key(document: dict[str, Any]) -> None:
    taken = {name: one for name, one in document["components"]["schemas"].items() if name.endswith("Input")}
    assert taken
    assert all(one["additionalProperties"] is False for one in taken.values())


def test_it_is_browsable_for_those_who_signed_in(client: FlaskClient, browser_of: Callable[[str], FlaskClient]) -> None:
    page = browser_of(EMPLOYEE).get("/swagger/v1")
    assert page.status_code == 200 and "/api/v1/_openapi" in page.text
    assert client.get("/swagger/v1").status_code in (302, 303)
    assert client.get("/api/v1/_openapi").status_code == 401
