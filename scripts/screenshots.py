"""The pictures of README and guides, made anew from the running demo: `python scripts/screenshots.py [URL [NAME …]]`.

Needs Chromium and, to draw the report's first page, `pdftoppm` (Debian's poppler-utils).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDTH, HEIGHT = 1280, 860


def sign_in(browser: Browser, hall: str, name: str) -> Page:
    """A page in English of the demo person with this name."""
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, accept_downloads=True).new_page()
    page.goto(f"{hall}/login/")
    page.fill("[name=login] [name=username]", f"{name}@example.com")
    page.fill("[name=login] [name=password]", "servicehall")
    page.press("[name=login] [name=password]", "Enter")
    page.wait_for_selector(".rail")
    if page.get_attribute("html", "lang") != "en":
        page.click("button[name=locale]")
        page.wait_for_selector("html[lang=en]")
    return page


def portal(page: Page, hall: str) -> bytes:
    page.goto(f"{hall}/services")
    return page.screenshot()


def form(page: Page, hall: str) -> bytes:
    page.goto(f"{hall}/services/hr/employee-onboarding")
    page.fill("#field-full_name input", "Alex Berg")
    page.fill("#field-private_email input", "alex.berg@example.net")
    page.fill("#field-start_date input", (date.today() + timedelta(days=30)).isoformat())
    page.locator("#field-employment [value=intern]").first.check()
    page.wait_for_selector("#field-contract_end input")
    page.wait_for_selector("#preview .preview-row .nowrap")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    return page.screenshot()


def request(page: Page, hall: str) -> bytes:
    page.goto(f"{hall}/requests?tab=all")
    page.locator("tr", has_text="Welcome a new colleague").filter(has_text="In progress").locator("a").first.click()
    page.wait_for_load_state()
    return page.screenshot()


def inbox(page: Page, hall: str) -> bytes:
    page.goto(f"{hall}/approvals")
    page.locator("tr a[href^='/approvals/']").first.click()
    page.wait_for_load_state()
    return page.screenshot()


def desk(page: Page, hall: str) -> bytes:
    page.goto(f"{hall}/desk/board?group=it-endpoint")
    page.wait_for_load_state("networkidle")
    return page.screenshot()


def report(page: Page, hall: str) -> bytes:
    """The first page of the report of the auditor's newest onboarding."""
    page.goto(f"{hall}/audit")
    number = page.locator("tr", has_text="Welcome a new colleague").locator(".number").first.inner_text().split()[0]
    address = f"{hall}/requests/{number}/report.pdf?locale=en"
    answer = page.request.get(address)
    while answer.status == 202:
        page.wait_for_timeout(500)
        answer = page.request.get(address)
    draw = ["pdftoppm", "-png", "-r", "110", "-f", "1", "-l", "1", "-"]
    return subprocess.run(draw, input=answer.body(), capture_output=True, check=True).stdout


def studio(path: str, wait: str) -> Callable[[Page, str], bytes]:
    """A tab of the studio, once `wait` shows."""

    def take(page: Page, hall: str) -> bytes:
        page.goto(f"{hall}/studio/{path}")
        page.wait_for_selector(wait)
        page.evaluate("document.activeElement.blur(); scrollTo(0, 150)")
        return page.screenshot()

    return take


ONBOARDING = "service/hr/employee-onboarding"
PICTURES: dict[str, tuple[str, Callable[[Page, str], bytes]]] = {
    "portal": ("xiaoyu.lin", portal),
    "form": ("xiaoyu.lin", form),
    "request": ("xiaoyu.lin", request),
    "inbox": ("jonas.weber", inbox),
    "desk": ("kai.xu", desk),
    "report": ("zhen.ye", report),
    "studio-design": ("jia.luo", studio("service/hr/leave/design?at=/form/pages/0/fields/1", "#properties h2")),
    "studio-rules": ("jia.luo", studio(f"{ONBOARDING}/rules", ".rules-table tbody tr")),
    "studio-approval": ("jia.luo", studio(f"{ONBOARDING}/approval?at=/approval/stages/0", "main aside")),
    "studio-fulfilment": ("jia.luo", studio("fulfilment_plan/hr/first-day/fulfilment", "svg .plan-node")),
    "studio-preview": ("jia.luo", studio(f"{ONBOARDING}/preview?person=xiaoyu.lin@example.com", "#preview")),
}


def keep(name: str, picture: bytes) -> None:
    """As a PNG of 96 colours: a third of the size, and nothing that one sees is lost."""
    small = Image.open(io.BytesIO(picture)).convert("RGB").quantize(96, dither=Image.Dither.NONE)
    small.save(IMAGES / f"{name}.png", optimize=True)


def main() -> None:
    hall = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for name in sys.argv[2:] or PICTURES:
            person, take = PICTURES[name]
            keep(name, take(sign_in(browser, hall, person), hall))
        browser.close()


if __name__ == "__main__":
    main()
