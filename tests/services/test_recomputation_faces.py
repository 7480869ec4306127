"""Recomputation on its page, by the API and by the command line: seen first, then ordered, for those who may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from tests.databases import on_sqlite
from tests.factories.people import make_person
from tests.factories.small import Small

from servicehall import jobs
from servicehall.clock import as_instant, now
from servicehall.models.base import db

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}\n"
SLA = "sla: {calendar: hours, priority: p3, targets: [{measure: resolution, by_priority: {p3: 20 hours}}]}\n"
HOURS = "kind: calendar\ndepartment: it\nkey: hours\ntime_zone: UTC\nweek: {mon-sun: ['00:00-%s']}\n"
PATH = "/api/v1/clocks/recomputation"


@pytest.fixture
def moving(small: Small) -> str:
    """A request whose clock runs on a calendar that has changed since."""
    small.at = now()
    small.person("author", roles=["catalog_admin"])
    small.publish(TASKS + SLA, hours=HOURS % "24:00")
    made = small.order()
    small.publish(TASKS + SLA, hours=HOURS % "12:00")
    db.session.remove()
    return made


def due(small: Small, made: str) -> str:
    found = small.clocks(made)["resolution"].due_at
    db.session.remove()
    assert found is not None
    return as_instant(found)


def test_the_page_shows_what_moves_and_moves_it(
    app: Flask, small: Small, moving: str, browser_of: Browser, api_of: Browser
) -> None:
    browser, before = browser_of("author@example.com"), due(small, moving)
    page = browser.get("/admin/clocks").text
    number = small.request(moving).number
    db.session.remove()
    assert "Clocks that go by an older version: 1 (requests: 1)" in page
    assert "due later: 1" in page
    assert "due as before" not in page
    assert number not in page, "a catalog administrator sees no request by office"
    assert before in page
    (basis,) = re.findall(r'name="basis" value="(\w+)"', page)
    said = {"basis": basis, "comment": "Winter hours", "nonce": "n1", "calendar": "", "service": ""}
    answer = browser.post("/admin/clocks", data=said)
    assert answer.status_code == 303
    assert due(small, moving) == before
    assert "being moved, one request after another" in browser.get(answer.location).text
    jobs.do_all(app)
    assert due(small, moving) > before
    assert "The clocks have moved" in browser.get(answer.location).text
    assert "Every clock goes by what holds today" in browser.get("/admin/clocks").text
    assert browser.post("/admin/clocks", data={**said, "nonce": "n2"}).location == "/admin/clocks"


def test_the_api_previews_orders_and_says_how_far_it_is(app: Flask, small: Small, moving: str, api_of: Browser) -> None:
    api, before = api_of("author@example.com"), due(small, moving)
    seen = api.get(f"{PATH}?calendar=it/hours").json
    [move] = seen["items"]
    assert (seen["clocks"], seen["requests"], move["request"], move["because"]) == (1, 1, None, ["calendar"])
    assert move["due_at"] == before < move["new_due_at"]
    agent = api_of("dan@example.com")
    assert [agent.get(PATH).status_code, agent.post(PATH, json={"basis": seen["basis"]}).status_code] == [403, 403]
    assert agent.get(f"{PATH}/x").status_code == 403
    assert api.post(PATH, json={"basis": "0" * 64}).status_code == 409
    assert api.post(PATH, json={"basis": seen["basis"], "surprise": 1}).status_code == 422
    ordered = api.post(PATH, json={"basis": seen["basis"], "calendar": "it/hours", "comment": "Winter hours"})
    assert (ordered.status_code, ordered.json["done"]) == (202, 0)
    jobs.do_all(app)
    assert api.get(f"{PATH}/{ordered.json['id']}").json == {**ordered.json, "done": 1}
    assert due(small, moving) == move["new_due_at"]
    assert api.get(PATH).json["items"] == []
    assert api.get(f"{PATH}/{moving}").status_code == 404


def test_an_administrator_of_the_platform_who_is_no_agent_sees_no_number_and_another_department_nothing(
    small: Small, moving: str, api_of: Browser
) -> None:
    make_person("hr@example.com", department="hr", roles=["catalog_admin"])
    db.session.remove()
    assert api_of("hr@example.com").get(PATH).json["items"] == []
    assert [one["request"] for one in api_of("root@example.com").get(PATH).json["items"]] == [None]


def test_the_command_shows_and_carries_at_once(run: Callable[..., Result], small: Small, moving: str) -> None:
    run = partial(run, "sla", "recompute")
    before = due(small, moving)
    dry = run("--dry-run", "--calendar", "it/hours")
    assert (dry.exit_code, due(small, moving)) == (0, before), dry.output
    assert "because of calendar" in dry.output
    assert json.loads(run("--dry-run", "--json", "--department", "hr").output)["clocks"] == 0
    done = run("--json", "--comment", "Winter hours")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert (said["clocks"], said["requests_moved"], said["items"][0]["due_at"]) == (1, 1, before)
    assert due(small, moving) == said["items"][0]["new_due_at"]
    assert run().output.startswith("0 clocks would move")


def test_a_clock_that_keeps_its_date_is_not_counted_among_those_that_would_be_due_at_another_time(
    run: Callable[..., Result], small: Small, browser_of: Browser, api_of: Browser
) -> None:
    small.at = now()
    small.person("author", roles=["catalog_admin"])
    small.publish(TASKS + SLA, hours=HOURS % "24:00")
    small.order()
    small.publish(TASKS + SLA, hours=HOURS % "24:00" + "title: Hours\n")
    db.session.remove()
    page = browser_of("author@example.com").get("/admin/clocks").text
    assert ("due as before: 1" in page, "due later" in page, "due earlier" in page) == (True, False, False)
    seen = api_of("author@example.com").get(PATH).json
    assert (seen["clocks"], seen["unchanged"]) == (1, 1)
    assert "0 clocks would move, 1 keep their date" in run("sla", "recompute", "--dry-run").output
