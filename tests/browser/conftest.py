"""A real Chromium, the real program on a demo company of its own, and people who are signed in to it.

Whatever a page does is watched: an error on its console, a breach of the policy, a request that leaves the host, or
something that axe finds fails the test.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright
from tests.factories.postbox import mail_server
from tests.ports import free_port

from servicehall.texts import _, use_locale

ROOT = Path(__file__).parents[2]
AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")
AXE_FINDS = "async () => (await axe.run({resultTypes: ['violations'], preload: false})).violations"
"""What axe finds wrong; it need not describe what is right, nor fetch style sheets again for a rule that is off."""
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The shell is Chromium without its windows: the same pages for three quarters of the work."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "servicehall"
HEIGHT = 900


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


PROGRAM = [sys.executable, "-m", "servicehall.cli"]


def _settings(folder: Path, **more: str) -> dict[str, str]:
    """The environment of the program, as `make run` has it, with its data in this folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SERVICEHALL_")}
    own = {"SERVICEHALL_DATA_DIR": str(folder), "SERVICEHALL_DEMO": "yes", "PYTHONPATH": str(ROOT / "platform")}
    return inherited | own | more


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of a demo company, made once for all processes of the tests; for copying."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "demo-data"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".made").exists():
            folder.mkdir(exist_ok=True)
            subprocess.run([*PROGRAM, "demo"], env=_settings(folder), cwd=folder, check=True, capture_output=True)
            (folder / ".made").touch()
    return folder


@pytest.fixture(scope="session")
def hall_settings(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Iterator[dict[str, str]]:
    """The environment of a program with a demo company of its own, whose mails arrive at a server on this machine."""
    folder = tmp_path_factory.mktemp("halls") / "hall"
    shutil.copytree(demo_data, folder)
    with mail_server() as mails:
        yield _settings(
            folder,
            SERVICEHALL_BASE_URL=f"http://127.0.0.1:{free_port()}",
            SERVICEHALL_SMTP_URL=mails.url,
            SERVICEHALL_SWEEP_SECONDS="1",
        )


@pytest.fixture(scope="session")
def hall(hall_settings: dict[str, str]) -> Iterator[str]:
    """The address of the program, served as `make run` serves it.

    At the end its tables are held against its log.
    """
    folder, url = Path(hall_settings["SERVICEHALL_DATA_DIR"]), hall_settings["SERVICEHALL_BASE_URL"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*PROGRAM, "run", "--port", url.rsplit(":", 1)[1]], env=hall_settings, cwd=folder, stdout=log, stderr=log
        )
        try:
            _await(f"{url}/readyz", server, folder / "server.log")
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
    subprocess.run([*PROGRAM, "audit", "replay", "--check"], env=hall_settings, cwd=folder, check=True)


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the program does not serve:\n{log.read_text('utf-8')}")


class Visitor:
    """One person at one browser, reading in one language; `wrong` collects what pages must not do."""

    def __init__(self, context: BrowserContext, hall: str, locale: str, wrong: list[str]) -> None:
        self.context, self.hall, self.locale, self.wrong = context, hall, locale, wrong
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("pageerror", lambda error: wrong.append(f"{self.page.url}: {error}"))
        self.page.on("request", lambda sent: self._sent(sent.url))

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(f"{self.page.url}: {text}")

    def _sent(self, url: str) -> None:
        if not url.startswith((self.hall, "data:", "blob:")):
            self.wrong.append(f"{self.page.url}: {url}")

    def say(self, text: str, /, **values: object) -> str:
        """A text of the program in this visitor's language."""
        with use_locale(self.locale):
            return _(text, **values)

    def sign_in(self, email: str) -> None:
        self.go("/login/")
        self.page.fill("[name=login] [name=username]", email)
        self.page.fill("[name=login] [name=password]", PASSWORD)
        self.page.press("[name=login] [name=password]", "Enter")
        self.page.wait_for_selector(".rail", state="attached")

    def read(self) -> None:
        """Home, in this visitor's language."""
        if self.page.url == "about:blank":
            self.go("/")
        if not (self.page.get_attribute("html", "lang") or "").startswith(self.locale):
            self.page.click("button[name=locale]")
            self.page.wait_for_selector(f"html[lang|={self.locale}]")

    def go(self, path: str) -> Response:
        answered = self.page.goto(self.hall + path)
        assert answered is not None and answered.status < 400, f"{path}: {answered and answered.status}"
        return answered

    def open(self, link: str) -> None:
        """Follows the first link in the page that is called this, or has this address."""
        link = f"main a[href='{link}']" if link.startswith("/") else f"a >> text={link}"
        with self.page.expect_navigation():
            self.page.locator(link).first.click()

    def press(self, button: str) -> None:
        with self.page.expect_navigation():
            self.page.locator("main, dialog[open]").get_by_role("button", name=button, exact=True).first.click()

    def widen(self, width: int) -> None:
        """The same page in a window of another width."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})

    def text(self, selector: str = "main") -> str:
        return self.page.inner_text(selector)

    def check(self) -> None:
        """Axe finds nothing on the page, and it fits."""
        self.fit()
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        found = self.page.evaluate(AXE_FINDS)
        assert [(self.page.url, rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []

    def fit(self) -> None:
        """The page fits the window with its buttons and its current tab, and is in the visitor's language."""
        here = self.page.url
        assert (self.page.get_attribute("html", "lang") or "").startswith(self.locale), here
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width, f"{here} is wider than {width}"
        cut = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML)"
        assert self.page.locator(".btn").evaluate_all(cut) == [], f"{here}: words do not fit their buttons"
        tab = self.page.locator(".tabs [aria-current]:visible")
        hidden = "tab => tab.getBoundingClientRect().right > tab.closest('.tabs').getBoundingClientRect().right + 1"
        assert not tab.count() or not tab.first.evaluate(hidden), f"{here}: the tab one is in is out of sight"


@pytest.fixture(scope="session")
def signed_in() -> dict[str, Any]:
    """The cookies of who has signed in."""
    return {}


@pytest.fixture
def visitor(hall: str, chromium: Browser, signed_in: dict[str, Any]) -> Iterator[Callable[..., Visitor]]:
    """Brings people in: `visitor("min.zhou@example.com", locale="zh", width=375)`; each signs in once.

    `visitor(None)` is somebody who has no account, or has not signed in, and comes by a link.
    """
    wrong: list[str] = []
    here: dict[tuple[str | None, str, int], Visitor] = {}

    def enter(email: str | None, *, locale: str = "en", width: int = 1280) -> Visitor:
        if (email, locale, width) not in here:
            context = chromium.new_context(
                viewport={"width": width, "height": HEIGHT},
                reduced_motion="reduce",
                storage_state=signed_in.get(email or ""),
            )
            here[email, locale, width] = found = Visitor(context, hall, locale, wrong)
            if email is not None and email not in signed_in:
                found.sign_in(email)
                signed_in[email] = context.storage_state()
            if email is not None:
                found.read()
        return here[email, locale, width]

    yield enter
    for one in here.values():
        one.context.close()
    assert wrong == []
