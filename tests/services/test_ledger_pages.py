"""“Why this date”: the ledger of a clock on the pages of its request and its task, and in the API, to the second."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient
from tests.databases import on_sqlite
from tests.factories.people import make_group
from tests.factories.small import Small

from servicehall.clock import parse_instant
from servicehall.models.base import db
from servicehall.services import priorities

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]
TASKS = "fulfilment: {tasks: [{key: a, title: A, group: desk}]}\n"
STEP = "escalate: [{at: 100%, do: [{notify: [requester]}]}]"
SLA = (
    "sla: {calendar: hours, priority: p3, targets: ["
    f"{{measure: resolution, by_priority: {{p3: 100 hours, p2: 60 hours}}, pause: [on_hold], {STEP}}},"
    "{measure: task, by_priority: {p2: 3 days, p3: 3 days}}]}\n"
)
HOURS = """\
kind: calendar
department: it
key: hours
title: {en: Desk hours, zh: 台时}
time_zone: Asia/Shanghai
week: {mon-fri: ["09:00-12:00", "13:00-18:00"]}
holidays: {country: CN}
closed: [{date: 2026-09-24, name: {en: Stocktaking, zh: 盘点}}]
"""


def ordered(small: Small) -> str:
    """A request of a day in September, with a pause over some hours, and a change of priority."""
    small.publish(TASKS + SLA, hours=HOURS)
    small.at = datetime(2026, 9, 17, 2, tzinfo=UTC)
    made = small.order()
    small.go(hours=1)
    small.act("dan", "hold", made)
    small.go(hours=2, seconds=7)
    small.act("dan", "release", made)
    small.go(hours=1)
    priorities.set_priority(small.request(made), priority="p2", viewer=small.viewer("dan"), at=small.at)
    return made


def test_the_api_gives_segments_that_touch_and_add_up(small: Small, api_of: Browser) -> None:
    made = ordered(small)
    number = small.request(made).number
    db.session.remove()
    api = api_of("asks@example.com")
    clock = next(
        one for one in api.get(f"/api/v1/requests/{number}/clocks").json["items"] if one["measure"] == "resolution"
    )
    found = api.get(f"/api/v1/requests/{number}/clocks/{clock['id']}/ledger").json
    segments = found["segments"]
    assert segments[0]["since"] == found["started_at"] == clock["started_at"]
    assert [one["since"] for one in segments[1:]] == [one["until"] for one in segments[:-1]]
    counted = sum(one["counted_seconds"] for one in segments if one["part"] != "ahead")
    assert counted == found["elapsed_seconds"]
    assert found["elapsed_seconds"] + found["remaining_seconds"] == found["total_seconds"] == 60 * 3600
    whys = {(one["why"], one["name"], one["counted"]) for one in segments}
    assert whys >= {
        ("running", "", True),
        ("outside_hours", "", False),
        ("paused", "On hold", False),
        ("make_up_day", "", True),
        ("closed", "Stocktaking", False),
        ("holiday", "Mid-Autumn Festival", False),
    }
    paused = next(one for one in segments if one["why"] == "paused")
    assert (parse_instant(paused["until"]) - parse_instant(paused["since"])).seconds == 2 * 3600 + 7
    assert {one["calendar"] for one in segments} == {"it/hours"}
    assert found["calendar"]["time_zone"] == "Asia/Shanghai"
    assert [one["why"] for one in found["changes"]] == ["The priority changed"]
    assert found["steps"][0]["step"] == "100%"
    assert api_of("sec@example.com").get(f"/api/v1/requests/{number}/clocks/{clock['id']}/ledger").status_code == 404
    assert api.get(f"/api/v1/requests/{number}/clocks/{made}/ledger").status_code == 404


def test_the_pages_say_why_and_fold_long_spans(small: Small, browser_of: Browser) -> None:
    made = ordered(small)
    number, task = small.request(made).number, small.task(made, "a").id
    clocks: dict[str, Any] = {measure: one.id for measure, one in small.clocks(made).items()}
    db.session.remove()
    browser = browser_of("asks@example.com")
    page = browser.get(f"/requests/{number}?ledger={clocks['resolution']}").text
    assert "stretches of working time, and the time between them" in page
    for said in ("Closed by exception: Stocktaking", "Counts, a make-up day", "Stands still: On hold", "60:00:00"):
        assert said in page, said
    whole = browser.get(f"/requests/{number}?ledger={clocks['resolution']}&whole=yes").text
    assert len(re.findall("<tr>", whole)) > len(re.findall("<tr>", page))
    desk = browser_of("dan@example.com").get(f"/tasks/{task}").text
    assert "Around the clock" in desk
    assert "72:00:00" in desk, "three days by the clock"


def test_of_a_confidential_request_a_task_shows_its_own_clock_only(small: Small, browser_of: Browser) -> None:
    far = "fulfilment: {tasks: [{key: a, title: A, department: hr, group: leads, shows: [what]}]}\n"
    policy = SLA.replace(",{measure: task, by_priority: {p2: 3 days, p3: 3 days}}", "")
    fields = "[{key: what, type: text, label: What, share_with: [hr]}]"
    make_group("hr-desk", [])
    hr = "kind: department\nkey: hr\ndepartment: hr\ntitle: HR\nagents: [hr-desk]\n"
    small.publish(far + policy, fields=fields, confidential=True, hours=HOURS, hr=hr)
    task = small.task(small.order(what="x"), "a").id
    db.session.remove()
    page = browser_of("lena@example.com").get(f"/tasks/{task}")
    assert page.status_code == 200
    assert "Why this date" not in page.text
