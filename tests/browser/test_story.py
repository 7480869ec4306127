"""The story of the README, clicked through in Chromium: one onboarding through three departments.

In English to its end; in Chinese until its first tasks are done, and printed as it is then.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pypdf
import pytest

from servicehall.clock import now
from servicehall.reports.verify import verify_pdf
from servicehall.services.demo import FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium"),
]

ACCOUNT = "6222020200112233445"
SERVICE = {"en": "Welcome a new colleague", "zh": "新员工入职"}
COLLEAGUE = {"en": "Alex Berg", "zh": "白雨桐"}
STAGES = {
    "en": ("Head of the ordering manager", "People leads"),
    "zh": ("申请经理的上级", "人力资源负责人"),
}
TASK_ANSWERS = {
    "personnel_number": "20417",
    "signed_on": now().date().isoformat(),
    "account_name": "new.colleague",
    "mailbox": "new.colleague@example.com",
    "desk_number": "3-117",
    "card_number": "10020417",
    "settled_in": "5",
}


@pytest.mark.parametrize(("locale", "whole"), [("en", True), ("zh", False)])
def test_an_onboarding_from_the_order_to_the_printed_chain(visitor, locale, whole):
    number = _order(visitor, locale)
    _approve(visitor, locale, number, "ruolan.shen@example.com", position=None)
    _approve(visitor, locale, number, "qing.meng@example.com", position="P-0417")
    done = _work(visitor, locale, number, whole=whole)
    if whole:
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
    _fill(page, "full_name", COLLEAGUE[locale])
    _fill(page, "private_email", "colleague@example.net")
    _choose(page, "employment", "intern")
    page.wait_for_selector("#field-contract_end input")
    manager.check()
    _choose(page, "employment", "employee")
    page.wait_for_selector("#field-contract_end", state="hidden")
    _fill(page, "job_title", {"en": "Software developer", "zh": "软件工程师"}[locale])
    _fill(page, "start_date", (date.today() + timedelta(days=30)).isoformat())
    _choose(page, "laptop_model", "standard-14")
    _fill(page, "bank_account", ACCOUNT)
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
        _fill(approver.page, "position_number", position)
    approver.page.fill("#decision-comment", {"en": "Welcome!", "zh": "欢迎加入！"}[locale])
    approver.press(approver.say("Approve"))
    assert approver.say("This is decided. Thank you.") in approver.text()


def _work(visitor, locale, number, *, whole):
    """Everybody does what is ready, as the plans of the request and its children say; gives (number, task) in order.

    What is ready at first, or until the whole is done.
    """
    done, plans, known = [], [number], {number}
    manager = visitor("xiaoyu.lin@example.com", locale=locale)
    while plans:
        manager.go(f"/requests/{plans[-1]}/plan")
        if not done:
            manager.check()
        tasks = _plan(manager)
        ready = [task for task in tasks if task["state"] == manager.say("Ready to start")]
        fresh = [task["child"] for task in tasks if task["child"] and task["child"] not in known]
        for task in ready:
            _do(visitor, locale, task, check=not done)
            done.append((plans[-1], task["title"]))
        if not whole:
            break
        known.update(fresh)
        plans += fresh
        if not (fresh or ready):
            plans.pop()
    return done


def _plan(agent):
    rows = agent.page.locator("main table tbody tr").evaluate_all(
        """rows => rows.map(row => ({
            title: (row.querySelector("a[href^='/tasks/']") || row.cells[0]).innerText.trim(),
            link: row.querySelector("a[href^='/tasks/']")?.getAttribute('href'),
            child: row.querySelector("a[href^='/requests/']")?.innerText,
            state: row.cells[1].innerText.trim(),
            who: row.cells[4].innerText.trim().split('\\n')}))"""
    )
    return [row for row in rows if row["link"]]


def _do(visitor, locale, task, *, check):
    worker = visitor(_worker(task["who"]), locale=locale)
    worker.go("/desk")
    link = worker.page.locator(f"main a[href='{task['link']}']")
    if not link.count():
        worker.go("/desk/queue?assignee=none")
    with worker.page.expect_navigation():
        link.first.click()
    if check:
        worker.check()
    fields = worker.page.locator("#do [data-field]:visible").evaluate_all("all => all.map(one => one.dataset.field)")
    for field in TASK_ANSWERS.keys() & set(fields):
        (_choose if field == "settled_in" else _fill)(worker.page, field, TASK_ANSWERS[field])
    worker.press(worker.say("Done"))
    assert worker.page.locator("#do").count() == 0


def _worker(who):
    """The email of whoever has a task: by name, else the first of its group."""
    with (FOLDER / "people.csv").open(encoding="utf-8") as file:
        people = [row for row in csv.DictReader(file) if row["active"] == "yes"]
    named = [row["email"] for row in people if {row["name"], row["name_zh"]} & set(who) - {""}]
    grouped = [row["email"] for row in people if who[-1] in re.split("[/!;]", row["groups"])]
    return (named + grouped)[0]


def _fill(page, field, value):
    page.locator(f"#field-{field} :is(input, textarea):not([type=hidden])").first.fill(value)


def _choose(page, field, value):
    control = page.locator(f"#field-{field}")
    if control.locator("select").count():
        control.locator("select").select_option(value)
    else:
        control.locator(f"input[value='{value}']").check()


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
    auditor = visitor("zhen.ye@example.com", locale=locale)
    page, say = auditor.page, auditor.say
    auditor.go("/audit")
    page.fill("[name=number]", number)
    auditor.press(say("Find"))
    auditor.check()
    auditor.open(f"/audit/requests/{number}")
    auditor.open(say("Verify"))
    assert say("Everything is as it was recorded") in auditor.text()
    auditor.check()
    assert ACCOUNT not in auditor.text()
    page.click(f"summary >> text={say('Print')}")
    with page.expect_download(timeout=90_000) as download:
        page.click(f"a[href='/requests/{number}/report.pdf?locale={locale}']")
    printed = Path(download.value.path()).read_bytes()
    verified = verify_pdf(printed)
    assert verified.ok, verified.findings
    assert verified.facts.number == number
    reader = pypdf.PdfReader(io.BytesIO(printed))
    text = "".join("".join(sheet.extract_text() for sheet in reader.pages).split())
    names = {"en": ("LinXiaoyu", "ShenRuolan", "MengQing"), "zh": ("林晓雨", "沈若兰", "孟青")}[locale]
    own_tasks = [title for place, title in done if place == number]
    comment = {"en": "Welcome!", "zh": "欢迎加入！"}[locale]
    for expected in (number, *names, *STAGES[locale], COLLEAGUE[locale], comment, "P-0417", *own_tasks):
        assert "".join(expected.split()) in text, expected
    heads = {head for _sequence, head in verified.facts.heads.values()}
    assert heads and all(head in text for head in heads)
    assert ACCOUNT not in text
