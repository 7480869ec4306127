"""Moving the date that a plan counts from: open tasks are planned anew, ended ones stay, and the answers too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from tests.factories.small import START, Small, refusal

from servicehall.models.base import db
from servicehall.models.log import EventRow
from servicehall.services import replanning
from servicehall.services.printing.details import history
from servicehall.services.printing.paper import lay_out
from servicehall.services.requests import COMMENT_LENGTH

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HOURS = "kind: calendar\ndepartment: it\nkey: hours\ntime_zone: UTC\nweek: {mon-fri: ['09:00-17:00']}\n"
FIELDS = "[{key: start, type: date, label: Start}, {key: gate_day, type: date, label: Day}]"
PLAN = """\
fulfilment:
  anchor: start
  calendar: hours
  tasks:
    - {key: done, title: T, group: desk, due: -3 business days}
    - {key: open, title: T, group: desk, due: -3 business days}
    - {key: timed, title: T, group: desk, due: 2 days}
    - {key: blocked, title: T, group: desk, after: [open], due: 1 business day}
    - {key: behind, title: T, group: desk, after: [open], due: 4 hours}
    - {key: skipped, title: T, group: desk, due: -1 business day, when: "false"}
"""
Browser = Callable[[str], FlaskClient]


def at(day: int, hour: int = 17, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def dues(small: Small, made: str) -> dict[str, datetime | None]:
    return {key: small.task(made, key).due_at for key in small.tasks(made)}


def move(small: Small, made: str, day: date, name: str = "dan", comment: str | None = None) -> None:
    replanning.move_anchor(small.request(made), day=day, viewer=small.viewer(name), at=small.at, comment=comment)


def moves() -> int:
    return db.session.query(EventRow).filter_by(kind="plan.anchor_moved").count()


def test_open_tasks_alone_are_planned_anew(small: Small) -> None:
    small.publish(PLAN, fields=FIELDS, hours=HOURS)
    made = small.order(start="2026-12-09")
    small.do("dan", "complete", made, "done")
    content = small.request(made).content
    before = dues(small, made)
    assert (before["done"], before["open"], before["blocked"]) == (at(4), at(4), at(10))
    move(small, made, date(2026, 12, 16))
    after = dues(small, made)
    assert (after["open"], after["blocked"]) == (at(11), at(17))
    assert after["behind"] == at(14, 13)
    assert {key for key in before if before[key] == after[key]} == {"done", "timed", "skipped"}
    assert small.request(made).content == content
    changed = db.session.query(EventRow).filter_by(kind="task.due_changed").all()
    assert len(changed) == 3
    told = [
        one for one in history(lay_out(db.session(), small.request(made), at=small.at)) if "anchor" in one.record.body
    ]
    assert told[-1].details.said == ("From 2026-12-09 to 2026-12-16",)
    small.do("dan", "complete", made, "open")
    assert small.task(made, "blocked").due_at == at(17)


def test_the_same_date_again_changes_nothing(small: Small) -> None:
    small.publish(PLAN, fields=FIELDS, hours=HOURS)
    made = small.order(start="2026-12-09")
    move(small, made, date(2026, 12, 9))
    assert moves() == 0


def test_a_comment_has_a_length(small: Small) -> None:
    small.publish(PLAN, fields=FIELDS, hours=HOURS)
    made, long = small.order(start="2026-12-09"), "x" * (COMMENT_LENGTH + 1)
    assert refusal(move, small, made, date(2026, 12, 16), comment=long) == 422


@pytest.mark.parametrize(("name", "status"), [("asks", 403), ("sec", 403), ("dora", 200)])
def test_only_agents_move_the_date(small: Small, name: str, status: int) -> None:
    small.publish(PLAN, fields=FIELDS, hours=HOURS)
    made = small.order(start="2026-12-09")
    assert refusal(move, small, made, date(2026, 12, 16), name) == status


def test_there_must_be_a_date_to_move_and_work_under_way(small: Small) -> None:
    small.publish(
        PLAN.replace("  anchor: start\n", "").replace("-3 business", "3 business").replace("-1 b", "1 b"),
        fields=FIELDS,
        hours=HOURS,
    )
    assert refusal(move, small, small.order(start="2026-12-09"), date(2026, 12, 16)) == 409
    small.publish(PLAN, fields=FIELDS, hours=HOURS)
    made = small.order(start="2026-12-09")
    small.act("dan", "hold", made)
    assert refusal(move, small, made, date(2026, 12, 16)) == 200
    small.act("dan", "cancel", made)
    assert refusal(move, small, made, date(2026, 12, 18)) == 409


GATED = """\
fulfilment:
  anchor: gate_day
  calendar: hours
  tasks:
    - {key: gate, title: T, approval: {stages: [{key: s, approvers: [person: sec@example.com], fields: [gate_day]}]}}
    - {key: open, title: T, group: desk, due: -3 business days}
"""


def test_a_gate_that_fills_in_the_date_moves_it(small: Small) -> None:
    small.publish(GATED, fields=FIELDS, hours=HOURS)
    made = small.order(start="2026-12-09")
    assert small.task(made, "open").due_at == at(18, month=11)
    small.decide("sec", "approve", made, answers={"gate_day": "2026-12-16"})
    assert (small.request(made).anchor, small.task(made, "open").due_at) == ("2026-12-16", at(11))


def test_a_gate_moves_nothing_by_the_same_date_nor_once_its_request_was_cancelled(small: Small) -> None:
    both = "decide: all, approvers: [person: sec@example.com, person: lena@example.com]"
    small.publish(GATED.replace("approvers: [person: sec@example.com]", both), fields=FIELDS, hours=HOURS)
    made = small.order()
    move(small, made, date(2026, 12, 16))
    for name in ("sec", "lena"):
        small.decide(name, "approve", made, answers={"gate_day": "2026-12-16"})
    assert (small.tasks(made)["gate"], moves()) == ("done", 1)
    made = small.order()
    small.decide("sec", "approve", made, answers={"gate_day": "2026-12-18"})
    small.act("dan", "cancel", made)
    assert moves() == 1


def test_a_page_moves_it_and_says_what_cannot_be(small: Small, browser_of: Browser) -> None:
    small.publish(PLAN, fields=FIELDS, hours=HOURS)
    dan, asks = browser_of("dan@example.com"), browser_of("asks@example.com")
    made = small.order(start=(START + timedelta(days=40)).date().isoformat())
    path = f"/requests/{small.request(made).number}/plan"
    db.session.rollback()
    assert "Move the date" not in asks.get(path).text
    assert "Choose a date." in dan.post(f"{path}/date", data={"date": "soon"}, follow_redirects=True).text
    page = dan.post(f"{path}/date", data={"date": "2026-12-16", "comment": "later"}, follow_redirects=True).text
    assert "planned anew" in page and 'value="2026-12-16"' in page
    small.act("dan", "cancel", made)
    db.session.rollback()
    assert "Move the date" in page and "Move the date" not in dan.get(path).text
