"""The story of the README, clicked through in Chromium to its end, in both languages.

One onboarding through three departments.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.browser.acts import choose, do_task, fill, plan_of, printed_chain

pytestmark = pytest.mark.browser

ACCOUNT = "6222020200112233445"
SERVICE = {"en": "Welcome a new colleague", "zh": "新员工入职"}
COLLEAGUE = {"en": "Alex Berg", "zh": "白雨桐"}
STAGES = {
    "en": ("Head of the ordering manager", "People leads"),
    "zh": ("申请经理的上级", "人力资源负责人"),
}


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_an_onboarding_from_the_order_to_the_printed_chain(visitor, locale):
    number = _order(visitor, locale)
    _approve(visitor, locale, number, "ruolan.shen@example.com", position=None)
    _approve(visitor, locale, number, "qing.meng@example.com", position="P-0417")
    done = _work(visitor, locale, number)
    assert len(done) >= 12
    assert len({place for place, _title in done}) == 3  # the onboarding, the laptop, the badge
    _confirm(visitor, locale, number)
    _audit(visitor, locale, number, done)


def _order(visitor, locale):
    """The manager finds the service, sees the form answer her, and what will happen, and sends it."""
    manager = visitor("xiaoyu.lin@example.com", locale=locale)
    page, say = manager.page, manager.say
    manager.go("/")
    manager.check()
    page.fill("#hero-q", {"en": "onboarding", "zh": "入职"}[locale])
    manager.press(say("Search"))
    manager.check()
    manager.open(SERVICE[locale])
    assert page.locator("#field-contract_end").is_hidden()
    fill(page, "full_name", COLLEAGUE[locale])
    fill(page, "private_email", "colleague@example.net")
    choose(page, "employment", "intern")
    page.wait_for_selector("#field-contract_end input")
    manager.check()
    choose(page, "employment", "employee")
    page.wait_for_selector("#field-contract_end", state="hidden")
    fill(page, "job_title", {"en": "Software developer", "zh": "软件工程师"}[locale])
    fill(page, "start_date", (date.today() + timedelta(days=30)).isoformat())
    choose(page, "laptop_model", "standard-14")
    fill(page, "bank_account", ACCOUNT)
    page.wait_for_selector("#preview .preview-row .nowrap")
    preview = manager.text("#preview")
    for expected in (
        *STAGES[locale],
        *{"en": ("Shen Ruolan", "Prepare the desk"), "zh": ("沈若兰", "准备工位")}[locale],
    ):
        assert expected in preview
    manager.press(say("Send"))
    page.wait_for_url("**/requests/REQ-*")
    manager.check()
    return page.url.rsplit("/", 1)[1].split("?")[0].split("#")[0]


def _approve(visitor, locale, number, email, *, position):
    approver = visitor(email, locale=locale)
    approver.go("/")
    with approver.page.expect_navigation():
        approver.page.click(".rail a[href='/approvals']")
    approver.check()
    with approver.page.expect_navigation():
        approver.page.locator("tr", has_text=number).locator("a").first.click()
    approver.check()
    assert COLLEAGUE[locale] in approver.text() and ACCOUNT not in approver.text()
    if position:
        fill(approver.page, "position_number", position)
    approver.page.fill("#decision-comment", {"en": "Welcome!", "zh": "欢迎加入！"}[locale])
    approver.press(approver.say("Approve"))
    assert approver.say("This is decided. Thank you.") in approver.text()


def _work(visitor, locale, number):
    """Everybody does what is ready, as the plans of the request and its children say; gives (number, task) in order."""
    done, plans, known = [], [number], {number}
    manager = visitor("xiaoyu.lin@example.com", locale=locale)
    while plans:
        manager.go(f"/requests/{plans[-1]}/plan")
        if not done:
            manager.check()
        tasks = plan_of(manager)
        ready = [task for task in tasks if task["state"] == manager.say("Ready to start")]
        fresh = [task["child"] for task in tasks if task["child"] and task["child"] not in known]
        for task in ready:
            do_task(visitor, locale, task, check=not done)
            done.append((plans[-1], task["title"]))
        known.update(fresh)
        plans += fresh
        if not (fresh or ready):
            plans.pop()
    return done


def _confirm(visitor, locale, number):
    manager = visitor("xiaoyu.lin@example.com", locale=locale)
    manager.go("/requests")
    manager.open(f"/requests/{number}")
    manager.check()
    assert manager.say("This is done. Is everything as you need it?") in manager.text()
    manager.press(manager.say("Confirm that it is done"))
    assert manager.say("Thank you. The request is closed.") in manager.text("body")


def _audit(visitor, locale, number, done):
    """The auditor finds the request, verifies its chain, and prints it; the print holds for itself."""
    verified, text = printed_chain(visitor("zhen.ye@example.com", locale=locale), number)
    names = {"en": ("LinXiaoyu", "ShenRuolan", "MengQing"), "zh": ("林晓雨", "沈若兰", "孟青")}[locale]
    own_tasks = [title for place, title in done if place == number]
    comment = {"en": "Welcome!", "zh": "欢迎加入！"}[locale]
    for expected in (number, *names, *STAGES[locale], COLLEAGUE[locale], comment, "P-0417", *own_tasks):
        assert "".join(expected.split()) in text, expected
    heads = {head for _sequence, head in verified.facts.heads.values()}
    assert heads and all(head in text for head in heads)
    assert ACCOUNT not in text
