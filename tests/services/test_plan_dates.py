"""Dates of a plan on pages: before sending, whether they can be met; while it runs, by when each task must begin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from tests.factories.small import Small

from servicehall.clock import now

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
