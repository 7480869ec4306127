"""The studio saves as one goes: a lost line, another editor, a refusal and signing out lose nothing that was typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DEPARTMENT = "/studio/department/it/it"
TITLE, CHINESE = "[name='v:/title/en']", "[name='v:/title/zh']"
LINE = "Failed to load resource"


@pytest.fixture
def editor(visitor):
    """Somebody at IT's own document, in a draft of their own that is thrown away afterwards."""
    someone = visitor("shan.gao@example.com")
    someone.go(f"{DEPARTMENT}/content")
    yield someone
    someone.wrong[:] = [one for one in someone.wrong if LINE not in one]
    someone.go(DEPARTMENT)
    if someone.page.locator("[data-undo]:not(:disabled)").count():
        someone.go(f"{DEPARTMENT}/discard")
        someone.press("Discard")


def status(someone):
    return someone.page.locator("[data-saved]")


def kept(someone, value):
    """What a fresh look at the document says."""
    with someone.context.expect_page() as opened:
        someone.page.evaluate(f"window.open('{DEPARTMENT}/content')")
    fresh = opened.value
    expect(fresh.locator(TITLE)).to_have_value(value)
    fresh.close()


def test_a_lost_line_loses_nothing(editor):
    page = editor.page
    editor.context.set_offline(True)
    page.fill(TITLE, "Typed without a line")
    expect(status(editor)).to_contain_text("Not saved yet: no connection")
    leaving = "!window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert page.evaluate(leaving), "the browser asks before the page is left"
    page.fill(CHINESE, "信息")
    editor.context.set_offline(False)
    expect(status(editor)).to_contain_text("Saved as a draft", timeout=15_000)
    expect(page.locator(TITLE)).to_have_value("Typed without a line")
    assert page.input_value(CHINESE) == "信息"
    kept(editor, "Typed without a line")


def test_the_answer_to_an_older_save_leaves_newer_typing_and_undo_takes_it_back(editor):
    page, title, held = editor.page, editor.page.locator(TITLE), []
    before = title.input_value()
    page.route("**/edit", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/edit"):
        title.fill("First")
    title.press("End")
    title.press_sequentially(" and more")
    with page.expect_response("**/edit"):
        held[0].continue_()
    expect(page.locator("[data-undo]")).to_be_enabled()
    assert title.input_value() == "First and more"
    assert page.evaluate("document.activeElement.name") == "v:/title/en"
    with page.expect_response("**/edit"):
        title.blur()
    kept(editor, "First and more")
    page.keyboard.press("Control+z")
    expect(title).to_have_value("First")
    page.keyboard.press("Control+z")
    expect(title).to_have_value(before)
    page.keyboard.press("Control+y")
    expect(title).to_have_value("First")


def test_where_two_change_the_same_both_are_shown(editor, visitor):
    other = visitor("peng.duan@example.com")
    other.go(f"{DEPARTMENT}/content")
    other.page.fill(TITLE, "Theirs")
    other.page.locator(TITLE).blur()
    expect(status(other)).to_contain_text("Saved as a draft")
    page = editor.page
    page.fill(TITLE, "Mine")
    page.locator(TITLE).blur()
    conflict = page.locator("[data-conflict]")
    expect(conflict).to_contain_text("Theirs")
    expect(conflict).to_contain_text("Mine")
    assert page.input_value(TITLE) == "Mine"
    page.get_by_label("Yours").check()
    page.get_by_role("button", name="Save what I chose").click()
    expect(conflict).to_have_count(0)
    kept(editor, "Mine")


def test_a_refusal_says_why_and_keeps_what_was_typed(editor):
    page = editor.page
    page.evaluate("document.querySelector('[name=\"v:/title/en\"]').name = 'v:/nowhere/en'")
    page.fill("[name='v:/nowhere/en']", "Kept")
    page.locator("[name='v:/nowhere/en']").blur()
    expect(page.locator("[data-part=conflict]")).to_contain_text("There is no such place in this document.")
    expect(status(editor)).to_contain_text("Not saved.")
    assert page.input_value("[name='v:/nowhere/en']") == "Kept"
    page.evaluate("document.querySelector('[name=\"v:/nowhere/en\"]').name = 'v:/title/en'")
    page.locator(TITLE).press("End")
    page.locator(TITLE).press_sequentially(" all the same")
    page.locator(TITLE).blur()
    expect(status(editor)).to_contain_text("Saved as a draft")
    kept(editor, "Kept all the same")


def test_signed_out_says_so_and_sends_after_signing_in(editor):
    page, cookies = editor.page, editor.context.cookies()
    editor.context.clear_cookies()
    page.fill(TITLE, "Typed when signed out")
    page.locator(TITLE).blur()
    expect(status(editor)).to_contain_text("you are signed out")
    editor.context.add_cookies(cookies)
    expect(status(editor)).to_contain_text("Saved as a draft", timeout=15_000)
    kept(editor, "Typed when signed out")
