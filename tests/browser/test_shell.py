"""The shell in a real browser: nothing breaks the policy or leaves the host, axe is content, scripts do their part."""

import threading
import time

import pytest
from tests.browser.conftest import AXE, AXE_FINDS
from tests.browser.gallery import make_site
from werkzeug.serving import make_server

from servicehall import config

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    before = config._current
    server = make_server("127.0.0.1", 0, make_site(tmp_path_factory.mktemp("site")), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    config._current = before


@pytest.fixture
def visit(site, chromium):
    """Opens pages in one browser context; afterwards nothing may have gone wrong in any of them."""
    wrong, contexts = [], []

    def go(path="/", *, width=1280, scripts=True, **cookies):
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        contexts.append(context)
        context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith((site, "data:")) else wrong.append(sent.url))
        page.goto(site + path, wait_until="networkidle" if path in ("/form", "/board") else "load")
        return page

    yield go
    for context in contexts:
        context.close()
    assert [text for text in wrong if "409" not in text and "422" not in text] == []


@pytest.mark.parametrize("path", ["/", "/form"])
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize(("locale", "theme"), [("en", "light"), ("zh", "dark")])
def test_every_part_is_accessible_and_fits(visit, path, width, locale, theme):
    page = visit(path, width=width, locale=locale, theme=theme)
    page.wait_for_selector(".plan-graph svg" if path == "/" else ".ts-wrapper")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE)
    found = page.evaluate(AXE_FINDS)
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_a_field_appears_is_announced_and_moves_neither_focus_nor_text(visit):
    page = visit("/form")
    page.select_option("#answers-kind", "dev")
    page.focus("#answers-remarks")
    page.keyboard.type("typed meanwhile")
    page.wait_for_selector("#answers-why")
    page.wait_for_selector("#answers-code")
    page.wait_for_function("/^For the approvers. Why so large/.test(document.getElementById('announcer').textContent)")
    assert page.evaluate("document.activeElement.id") == "answers-remarks"
    assert page.input_value("#answers-remarks") == "typed meanwhile"
    assert page.inner_text("[data-part=price]") == "12000"
    page.select_option("#answers-kind", "std")
    page.wait_for_selector("#answers-why", state="detached")
    page.wait_for_selector("#page-approval", state="hidden")


def test_what_was_typed_meanwhile_beats_an_older_answer(visit):
    page = visit("/form")
    page.route("**/form/check", lambda route: (time.sleep(0.3), route.continue_()))
    page.fill("#answers-remarks", "first")
    page.wait_for_timeout(200)
    page.fill("#answers-remarks", "second")
    page.check("#answers-urgent")
    page.wait_for_selector("#answers-when")
    assert page.input_value("#answers-remarks") == "second"


def test_what_was_answered_before_the_script_came_is_checked_when_it_comes(visit):
    page = visit("/form")
    checks, held = [], []
    page.on("request", lambda sent: checks.append(sent.url) if sent.url.endswith("/form/check") else None)
    page.reload(wait_until="networkidle")
    assert checks == [], "nothing was answered yet"
    page.route("**/live-form*.js*", lambda route: held.append(route))
    with page.expect_request("**/live-form*.js*"):
        page.reload(wait_until="load")
    page.check("#answers-urgent")
    held.pop().continue_()
    page.wait_for_selector("#answers-when")


def test_a_picker_searches_and_keeps_its_choice_while_the_form_is_checked(visit):
    page = visit("/form")
    page.click("#answers-owner-ts-control")
    page.click(".ts-dropdown .option >> text=Li Na")
    page.select_option("#answers-kind", "dev")
    page.wait_for_selector("#answers-why")
    assert page.input_value("#answers-owner") == "li@example.com"
    assert page.inner_text("[data-field=owner] .item").startswith("Li Na")


def test_rows_come_and_go_in_place(visit):
    page = visit("/form")
    page.fill("#answers-parts-0-what", "Dock")
    page.click("text=Add a row")
    page.wait_for_selector("#answers-parts-1-what")
    assert page.evaluate("document.activeElement.id") == "answers-parts-1-what"
    page.keyboard.type("Mouse")
    page.select_option("#answers-kind", "dev")
    page.wait_for_selector("#answers-why")
    assert page.input_value("#answers-parts-1-what") == "Mouse"
    page.click("text=Remove row 1")
    page.wait_for_selector("#answers-parts-1-what", state="detached")
    assert page.input_value("#answers-parts-0-what") == "Mouse"


def test_without_scripts_rows_come_and_mistakes_are_told_by_the_page(visit):
    page = visit("/form", scripts=False)
    page.fill("#answers-parts-0-what", "Dock")
    page.click("text=Add a row")
    assert page.input_value("#answers-parts-0-what") == "Dock"
    assert page.locator("#answers-parts-1-what").count() == 1
    page.click("text=Send")
    assert page.locator("#problems a[href='#field-kind']").count() == 1
    assert page.locator("[data-field=kind] .is-invalid").count() == 1


def test_keys_move_through_rows_and_pages_and_are_silent_in_fields(visit):
    page = visit("/")
    page.keyboard.press("/")
    page.keyboard.type("jx?")
    assert page.input_value("#search") == "jx?"
    assert page.locator("dialog[open]").count() == 0
    page.eval_on_selector("#search", "field => field.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[data-row]").nth(1).locator("input:checked").count() == 1
    page.keyboard.press("?")
    assert page.locator("#shortcuts-help[open]").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url("**/row/1")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/approvals")


def test_the_palette_goes_to_a_page_by_its_name(visit):
    page = visit("/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open]")
    page.keyboard.type("approv")
    page.keyboard.press("Enter")
    page.wait_for_url("**/approvals")


def test_keys_can_be_turned_off(visit):
    page = visit("/", shortcuts="off")
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 0


def test_a_question_opens_in_place_and_without_scripts_on_its_own_page(visit):
    page = visit("/")
    page.click("text=Cancel the request")
    assert page.evaluate("document.activeElement.id") == "cancel-comment"
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    plain = visit("/", scripts=False)
    plain.click("text=Cancel the request")
    plain.wait_for_url("**/confirm")


def test_the_whole_menu_is_one_tap_away_on_a_phone_without_scripts(visit):
    page = visit("/approvals", width=375, scripts=False)
    assert not page.is_visible(".rail")
    page.click(".bottom a[href='#rail']")
    assert page.is_visible(".rail >> text=Approvals")


@pytest.mark.parametrize(("column", "moved"), [("Done", True), ("Locked", False)])
def test_a_card_moves_or_goes_back_with_a_word(visit, column, moved):
    page = visit("/board")
    start = page.locator(".board-card").bounding_box()
    end = page.locator(f"[data-column={column}]").bounding_box()
    page.mouse.move(start["x"] + 30, start["y"] + 15)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + 20, steps=12)
    with page.expect_response("**/move"):
        page.mouse.up()
    page.wait_for_selector(f"[data-column={column if moved else 'Ready'}] .board-card")
    if not moved:
        page.wait_for_selector("#toasts >> text=It could not be moved.")
