"""Dates of a plan on pages: before sending, whether they can be met; while it runs, by when each task must begin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from tests.factories.small import Small

from servicehall.clock import now
from servicehall.models.base import db
from servicehall.services import catalog

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

DATED = """\
fulfilment:
  anchor: start
  calendar: 24x7
  tasks:
    - {key: buy, title: {en: Buy it, zh: 采购}, group: desk, due: 9 days}
    - {key: hand-over, title: {en: Hand it over, zh: 交付}, group: desk, after: [buy], due: -2 business days}
    - {key: thank, title: {en: Say thanks, zh: 致谢}, group: desk, due: 5 business days, optional: true}
"""
FIELDS = "[{key: start, type: date, label: {en: Start, zh: 开始日期}}]"
Browser = Callable[[str], FlaskClient]


def in_days(days: int) -> str:
    return (now().date() + timedelta(days=days)).isoformat()


def test_the_order_page_says_that_a_date_is_too_early_which_task_makes_it_so_and_which_works(
    small: Small, browser_of: Browser
) -> None:
    small.publish(DATED, fields=FIELDS)
    asks = browser_of("asks@example.com")
    page = asks.post("/services/it/thing/form", data={"answers-start": in_days(4)}).text
    assert "cannot be met" in page
    assert "“Hand it over” would have to be done by" in page and "after “Buy it”" in page
    assert "cannot be met" not in asks.get("/services/it/thing").text
    assert "cannot be met" not in asks.post("/services/it/thing/form", data={"answers-start": in_days(20)}).text
    asks.post("/preferences", data={"locale": "zh"})
    page = asks.post("/services/it/thing/form", data={"answers-start": in_days(4)}).text
    assert "也来不及" in page and "须先完成“采购”" in page


def test_the_plan_page_says_by_when_to_begin_and_which_tasks_leave_the_least_time(
    small: Small, browser_of: Browser
) -> None:
    small.publish(DATED, fields=FIELDS)
    small.at, dan = now(), browser_of("dan@example.com")
    number = small.request(small.order(start=in_days(4))).number
    page = dan.get(f"/requests/{number}/plan").text
    assert "Begin by" in page and "begin by" in page
    assert page.count('"critical": true') == 2
    assert "cannot be met" in page


def test_a_plan_that_is_done_has_no_outlook(small: Small, browser_of: Browser) -> None:
    small.publish(DATED, fields=FIELDS)
    small.at = now()
    made = small.order(start=in_days(4))
    for key in ("buy", "hand-over"):
        small.do("dan", "complete", made, key)
    page = browser_of("dan@example.com").get(f"/requests/{small.request(made).number}/plan").text
    assert "cannot be met" not in page and '"critical": true' not in page


def test_what_follows_an_approval_is_foreseen_without_asking_who_approves(small: Small) -> None:
    """However many stages and tasks there are, the same few queries: it stands on a page that is opened often."""
    asked: list[list[str]] = []
    for count in (1, 4):
        stages = ", ".join(f"{{key: s{n}, title: S, approvers: [{{manager: {{}}}}]}}" for n in range(count))
        tasks = ", ".join(f"{{key: t{n}, title: T, due: {n + 1} days}}" for n in range(count))
        parts = f"approval: {{stages: [{stages}]}}\nfulfilment: {{calendar: 24x7, tasks: [{tasks}]}}"
        small.publish(parts, key=f"thing-{count}", fields=FIELDS)
        row = small.request(small.order(service=f"it/thing-{count}"))
        db.session.expire_all()
        asked.append([])
        listen = lambda _c, _cursor, statement, *_more: asked[-1].append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listen)
        found = catalog.work_ahead(db.session(), row, at=small.at)
        event.remove(db.engine, "before_cursor_execute", listen)
        days = [(one.due_at - small.at).days for one in found if one.due_at is not None]
        assert ([one.group for one in found], days) == (["desk"] * count, list(range(1, count + 1)))
    assert len(asked[0]) == len(asked[1]), asked[1]
    assert not [one for one in asked[1] if "delegations" in one]
