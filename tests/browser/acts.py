"""What people do in the browser's stories: fill in a form, do a task, find a request and print its chain."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pypdf
from playwright.sync_api import expect

from servicehall.clock import now
from servicehall.documents.shipped import content_root
from servicehall.documents.source import read_file
from servicehall.reports.verify import verify_pdf
from servicehall.services.demo import FOLDER

ROOT = content_root("catalogs") or Path()
TASK_ANSWERS = {
    "personnel_number": "20417",
    "signed_on": now().date().isoformat(),
    "account_name": "new.colleague",
    "mailbox": "new.colleague@example.com",
    "desk_number": "3-117",
    "card_number": "10020417",
    "settled_in": "5",
}


def plan_of(agent):
    rows = agent.page.locator("main table tbody tr").evaluate_all(
        """rows => rows.map(row => ({
            title: (row.querySelector("a[href^='/tasks/']") || row.cells[0]).innerText.trim(),
            link: row.querySelector("a[href^='/tasks/']")?.getAttribute('href'),
            child: row.querySelector("a[href^='/requests/']")?.innerText,
            state: row.cells[1].innerText.trim(),
            who: row.cells[row.cells.length - 1].innerText.trim().split('\\n')}))"""
    )
    return [row for row in rows if row["link"]]


def do_task(visitor, locale, task, *, check):
    """What was typed stays while the checklist is ticked."""
    worker = visitor(worker_of(task["who"]), locale=locale)
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
        (choose if field == "settled_in" else fill)(worker.page, field, TASK_ANSWERS[field])
    for item in worker.page.locator("#checklist [role=checkbox]").evaluate_all("all => all.map(one => one.id)"):
        worker.page.click(f"#{item}")
        expect(worker.page.locator(f"#{item}[aria-checked=true]")).to_be_focused()
    worker.press(worker.say("Complete it"))
    assert worker.page.locator("#do").count() == 0


def worker_of(who):
    """The email of whoever has a task: by name, else the first of its group, which goes by its title or key."""
    titles = [one for path in ROOT.glob("*/*.yaml") for one in read_file(path).value.get("groups", ())]
    key = next((one["key"] for one in titles if who[-1] in one["title"].values()), who[-1])
    with (FOLDER / "people.csv").open(encoding="utf-8") as file:
        people = [row for row in csv.DictReader(file) if row["active"] == "yes"]
    named = [row["email"] for row in people if {row["name"], row["name_zh"]} & set(who) - {""}]
    grouped = [row["email"] for row in people if key in re.split("[/!;]", row["groups"])]
    return (named + grouped)[0]


def fill(page, field, value):
    page.locator(f"#field-{field} :is(input, textarea):not([type=hidden])").first.fill(value)


def choose(page, field, value):
    control = page.locator(f"#field-{field}")
    if control.locator("select").count():
        control.locator("select").select_option(value)
    else:
        control.locator(f"input[value='{value}']").check()


def printed_chain(auditor, number):
    """The auditor finds a request, verifies its chain and prints it: what the print proves, and its text unspaced."""
    page, say = auditor.page, auditor.say
    auditor.go("/audit")
    page.fill("[name=number]", number)
    auditor.press(say("Find"))
    auditor.check()
    auditor.open(f"/audit/requests/{number}")
    auditor.open(say("Verify"))
    assert say("Everything is as it was recorded") in auditor.text()
    auditor.check()
    page.click(f"summary >> text={say('Print')}")
    with page.expect_download(timeout=90_000) as download:
        page.click(f"a[href='/requests/{number}/report.pdf?locale={auditor.locale}']")
    printed = Path(download.value.path()).read_bytes()
    verified = verify_pdf(printed)
    assert verified.ok, verified.findings
    assert verified.facts.number == number
    reader = pypdf.PdfReader(io.BytesIO(printed))
    return verified, "".join("".join(sheet.extract_text() for sheet in reader.pages).split())
