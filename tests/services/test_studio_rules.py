"""The studio's rules: in words, edited as rows and as text, kept where they are finished, and tried out."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import AUTHOR, OTHER, PLAIN, document, write_draft

from servicehall.services import drafting

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]
BASE = "/studio/service/it/permit"
VISIBLE, REQUIRED, AUDIENCE = "/form/pages/0/fields/1/visible", "/form/pages/0/fields/1/required", "/audience"
SERVICE = """\
kind: service
department: it
key: permit
type: request
title: {en: Permit, zh: 许可}
audience: requester.department == "it"
form:
  pages:
    - key: main
      title: {en: Main}
      fields:
        - key: site
          type: choice
          label: {en: Site, zh: 地点}
          options:
            - {key: north, label: {en: North gate, zh: 北门}}
            - {key: south, label: {en: South gate, zh: 南门}}
        - key: plate
          type: text
          label: {en: Plate, zh: 车牌}
          visible: site == "north" && days > 3
        - {key: days, type: integer, label: {en: Days, zh: 天数}, check: [{rule: value > 0}]}
        - {key: start, type: date, label: {en: Start}, required: start.getDayOfMonth() == 1}
approval:
  stages:
    - key: boss
      title: {en: Boss, zh: 主管}
      when: days > 10 || "north" in requester.groups
      approvers: [{manager: {of: requester}}]
fulfilment:
  tasks:
    - {key: do, title: {en: Print it}, group: desk, when: plate.startsWith("X")}
"""


@pytest.fixture
def browser(author: FlaskClient) -> FlaskClient:
    write_draft(author, BASE, SERVICE)
    return author


def row(session: Session) -> Any:
    return document(session, "permit", "service")


def field(session: Session, index: int = 1) -> Any:
    return row(session).draft_body["form"]["pages"][0]["fields"][index]


def post(browser: FlaskClient, act: str, at: str, session: Session, /, **said: Any) -> Any:
    """The builder as its page sends it; `f0` stands for `f:0`, `f0_1` for `f:0.1`, `j` for `j:`."""
    controls = {
        re.sub(r"^([fobxduj])([0-9_]*)$", lambda m: f"{m[1]}:{m[2].replace('_', '.')}", k): v for k, v in said.items()
    }
    data = {"rule": at, "rule-mode": "rows", "edition": drafting.edition(row(session)), "tab": "rules", "at": at}
    return browser.post(f"{BASE}/rules/{act}", data=data | {k.replace("__", "-"): v for k, v in controls.items()})


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


# --- the table -----------------------------------------------------------------------------------------------


def test_every_rule_is_told_in_words(browser: FlaskClient) -> None:
    said = text_of(browser.get(f"{BASE}/rules"))
    for sentence in (
        "Offered when Requester’s department is it",
        "Shown when Site is North gate and Days is more than 3",
        "Accepted when Days is more than 0",
        "Required when start.getDayOfMonth() == 1",
        "Asked when Days is more than 10 or Requester’s groups includes “north”",
        "Needed when Plate begins with “X”",
    ):
        assert sentence in said


def test_and_in_chinese(browser: FlaskClient) -> None:
    browser.set_cookie("locale", "zh")
    said = text_of(browser.get(f"{BASE}/rules", headers={"Accept-Language": "zh"}))
    assert "当地点是北门，并且天数大于3时显示" in said


def test_the_rules_that_use_a_field(browser: FlaskClient) -> None:
    said = browser.get(f"{BASE}/rules?uses=site").text
    table = said[said.index("<tbody") : said.index("</tbody>")]
    assert table.count("<tr") == 1
    assert "Field Plate" in table


def test_a_wrong_name_is_said_at_its_rule_with_what_would_mend_it(browser: FlaskClient, session: Session) -> None:
    post(browser, "keep", VISIBLE, session, rule__mode="text", rule__text='sitee == "north"')
    assert field(session)["visible"] == 'sitee == "north"'
    said = browser.get(f"{BASE}/rules").text
    assert "There is no name sitee here. Did you mean site?" in said[said.index("<tbody") : said.index("</tbody>")]


def test_a_cycle_is_said_at_its_field(browser: FlaskClient, session: Session) -> None:
    post(browser, "keep", "/form/pages/0/fields/0/visible", session, rule__mode="text", rule__text='plate == "A"')
    assert "wait for each other" in browser.get(f"{BASE}/rules").text


# --- rows ----------------------------------------------------------------------------------------------------


def test_the_builder_opens_with_the_rows_of_the_rule(browser: FlaskClient) -> None:
    page = browser.get(f"{BASE}/rules?at={VISIBLE}").text
    assert 'name="f:0"' in page
    assert 'name="f:1"' in page
    assert re.search(r'<option value="north" selected>North gate', page)
    assert re.search(r'name="x:1"[^>]* value="3"', page)


def test_rows_are_added_grouped_and_taken_away_without_keeping_anything(browser: FlaskClient, session: Session) -> None:
    before = row(session).draft_body
    rows = {"j": "all", "f0": "site", "o0": "is", "x0": "north"}
    added = post(browser, "look", VISIBLE, session, **rows, row="add:").text
    assert 'name="f:1"' in added
    grouped = post(browser, "look", VISIBLE, session, **rows, row="group:").text
    assert 'name="j:1"' in grouped
    assert 'name="f:1.0"' in grouped
    assert re.search(r'<option value="any" selected>', grouped)
    gone = post(browser, "look", VISIBLE, session, **rows, row="remove:0").text
    assert 'name="f:0"' not in gone
    assert row(session).draft_body == before


def test_finished_rows_are_kept_as_the_canonical_expression(browser: FlaskClient, session: Session) -> None:
    said: dict[str, Any] = {
        "j": "any",
        "f0": "days",
        "o0": "at_least",
        "x0": "5",
        "j1": "all",
        "f1_0": "site",
        "o1_0": "one_of",
    }
    said |= {"x1_0": ["north", "south"], "f1_1": "start", "o1_1": "less", "b1_1": "name", "x1_1": "today", "d1_1": "7"}
    assert post(browser, "keep", VISIBLE, session, **said).status_code == 303
    assert field(session)["visible"] == 'days >= 5 || (site in ["north", "south"] && start < today + days(7))'


def test_unfinished_rows_say_what_is_missing_and_keep_nothing(browser: FlaskClient, session: Session) -> None:
    answer = post(browser, "keep", VISIBLE, session, j="all", f0="days", o0="more", x0="many")
    assert answer.status_code == 422
    assert "Write a whole number." in answer.text
    assert 'value="many"' in answer.text
    assert field(session)["visible"] == 'site == "north" && days > 3'


def test_another_name_brings_its_own_operators(browser: FlaskClient, session: Session) -> None:
    answer = post(browser, "look", VISIBLE, session, j="all", f0="start", o0="starts", x0="N").text
    assert re.search(r'<option value="less">is before', answer)
    assert 'value="N"' not in answer


def test_a_rule_that_means_the_same_keeps_its_text(browser: FlaskClient, session: Session) -> None:
    post(browser, "keep", VISIBLE, session, rule__mode="text", rule__text='(3 < days) && "north" == site')
    post(browser, "keep", VISIBLE, session, j="all", f0="days", o0="more", x0="3", f1="site", o1="is", x1="north")
    assert field(session)["visible"] == '(3 < days) && "north" == site'


def test_without_rows_the_rule_goes(browser: FlaskClient, session: Session) -> None:
    post(browser, "keep", VISIBLE, session, j="all")
    assert "visible" not in field(session)


def test_a_plain_yes_stays_until_a_rule_takes_its_place(browser: FlaskClient, session: Session) -> None:
    changed = SERVICE.replace("visible: site ==", "required: true\n          visible: site ==")
    browser.post(f"{BASE}/text", data={"text": changed, "edition": drafting.edition(row(session))})
    post(browser, "keep", REQUIRED, session, j="all")
    assert field(session)["required"] is True
    post(browser, "keep", REQUIRED, session, j="all", f0="site", o0="is", x0="south")
    assert field(session)["required"] == 'site == "south"'


def test_a_check_is_added_changed_and_taken_away(browser: FlaskClient, session: Session) -> None:
    at = "/form/pages/0/fields/1/check/-"
    post(browser, "keep", at, session, j="all", f0="value", o0="starts", x0="B")
    assert field(session)["check"] == [{"rule": 'value.startsWith("B")'}]
    post(browser, "keep", "/form/pages/0/fields/1/check/0/rule", session, j="all")
    assert field(session)["check"] == []


def test_a_rule_is_added_where_there_is_none(browser: FlaskClient, session: Session) -> None:
    page = browser.get(f"{BASE}/rules?of=/form/pages/0/fields/1").text
    assert f'href="{BASE}/rules?at={REQUIRED}#rule-title"' in page
    post(browser, "keep", REQUIRED, session, j="all", f0="site", o0="answered")
    assert field(session)["required"] == "has(answers.site)"


# --- text ----------------------------------------------------------------------------------------------------


def test_a_switch_between_rows_and_text_loses_nothing(browser: FlaskClient, session: Session) -> None:
    text = post(browser, "look", VISIBLE, session, j="all", f0="days", o0="more", x0="7", row="to-text").text
    assert re.search(r'<textarea[^>]*name="rule-text"[^>]*>days &gt; 7</textarea>', text)
    rows = post(browser, "look", VISIBLE, session, rule__mode="text", rule__text="days > 7", row="to-rows").text
    assert re.search(r'name="x:0"[^>]* value="7"', rows)


def test_what_rows_cannot_say_stays_a_text(browser: FlaskClient) -> None:
    page = browser.get(f"{BASE}/rules?at=/form/pages/0/fields/3/required").text
    assert "Rows cannot say this" in page
    assert "start.getDayOfMonth() == 1</textarea>" in page


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("site = 1", "cannot stand here", "="),
        ("days > 1 && requester.departmant == 'it'", "Did you mean department?", ".departmant"),
        ("days", "must be a yes or no", None),
        ('site == "' + "x" * 2000 + '"', "longer than 2000 characters", None),
        ("(" * 300 + "true" + ")" * 300, "nested too deeply", None),
        ("<b>days</b> > 1", "cannot stand here", "<"),
    ],
)
def test_a_mistake_is_said_in_words_and_marked_where_it_is(
    browser: FlaskClient, session: Session, text: str, message: str, marked: str | None
) -> None:
    answer = post(browser, "look", VISIBLE, session, rule__mode="text", rule__text=text)
    assert message in html.unescape(answer.text)
    found = re.findall(r"<mark>(.*?)</mark>", answer.text)
    assert [html.unescape(one) for one in found[:1]] == ([marked] if marked else [])
    assert "<b>days" not in answer.text


def test_people_rules_may_not_ask_the_form(browser: FlaskClient, session: Session) -> None:
    answer = post(browser, "look", AUDIENCE, session, rule__mode="text", rule__text="days > 1")
    assert "There is no name days here" in answer.text
    names = answer.text[answer.text.index('id="rule-names"') :]
    assert 'data-name="requester.grade"' in names
    assert 'data-name="days"' not in names


# --- trying it out -------------------------------------------------------------------------------------------


def tried(browser: FlaskClient, **answers: str) -> str:
    said = {"person": AUTHOR, **{f"answers-{key}": value for key, value in answers.items()}}
    answer = browser.post(f"{BASE}/rules/try", data=said, headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 200
    return text_of(answer)


def test_each_rule_comes_to_yes_no_or_cannot_be_told_and_why(browser: FlaskClient) -> None:
    said = tried(browser, site="north", days="5")
    assert re.search(r"Yes Field Plate Shown when", said)
    assert re.search(r"No Stage Boss Asked when", said)
    assert re.search(r"Yes Page Main · Field Days Accepted when|Yes Field Days Accepted when", said)
    assert re.search(r"Cannot be told .{0,60}Start Required when .{0,60}No answer yet: Start", said)
    unanswered = tried(browser, site="north")
    assert re.search(r"Cannot be told Stage Boss .*?No answer yet: Days. Until then it counts as true\.", unanswered)


# --- who may -------------------------------------------------------------------------------------------------


def test_only_its_authors_see_and_keep_rules(browser: FlaskClient, browser_of: Browser, session: Session) -> None:
    stranger = browser_of(PLAIN)
    assert stranger.get(f"{BASE}/rules").status_code == 404
    for act in ("look", "keep", "try"):
        assert stranger.post(f"{BASE}/rules/{act}", data={"rule": VISIBLE}).status_code == 404
    assert browser_of(OTHER).get(f"{BASE}/rules").status_code == 200


def test_a_place_that_is_none_is_refused(browser: FlaskClient, session: Session) -> None:
    answer = post(browser, "keep", "/form/pages/7/visible", session, j="all", f0="days", o0="more", x0="1")
    assert answer.status_code == 422
    assert post(browser, "look", "/nonsense", session, row="remove:0.0.0").status_code == 200


def test_two_who_change_the_same_rule_are_shown_both(browser: FlaskClient, session: Session) -> None:
    before = drafting.edition(row(session))
    post(browser, "keep", VISIBLE, session, rule__mode="text", rule__text="days > 4")
    again = {"rule": VISIBLE, "rule-mode": "text", "rule-text": "days > 9", "edition": before, "at": VISIBLE}
    answer = browser.post(f"{BASE}/rules/keep", data=again)
    assert answer.status_code == 409
    assert "Somebody else changed the same" in answer.text
