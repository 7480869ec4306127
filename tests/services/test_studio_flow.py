"""The studio's tabs Approval, Service levels and Year: what they show, ask, and refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import ADMIN, AUTHOR, PLAIN, document, look_again, make_offices
from tests.factories.people import make_group

from servicehall.clock import now
from servicehall.models.base import db
from servicehall.services import directory
from servicehall.services.people import record_person

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]
SERVICE, CHAIN, POLICY = "/studio/service/it/permit", "/studio/approval_chain/it/two", "/studio/sla_policy/it/levels"
HOURS = "/studio/calendar/it/hours"
CALENDAR_TEXT = """\
kind: calendar
department: it
key: hours
title: {en: Hours}
time_zone: Asia/Shanghai
week: {mon-fri: ["09:00-12:00", "13:30-18:00"]}
holidays: {country: CN}
"""
CHAIN_TEXT = """\
kind: approval_chain
department: it
key: two
title: {en: Two}
stages:
  - key: manager
    title: {en: Line manager}
    approvers: [{manager: {of: requester}}]
    timeout: {after: 2 business days, then: escalate}
  - key: finance
    title: {en: Money}
    approvers: [{group: leads}]
    decide: any
"""
SERVICE_TEXT = """\
kind: service
department: it
key: permit
type: request
title: {en: Permit}
form: {pages: [{key: main, title: {en: Main}, fields: [{key: total, type: integer, label: {en: Total}}]}]}
approval:
  stages:
    - {key: manager, title: {en: Line manager}, approvers: [{manager: {of: requester}}]}
    - {key: money, title: {en: Money}, when: total > 100, approvers: [{group: leads}]}
"""
STAGES = """\
stages:
  - {key: boss, title: {en: Boss}, approvers: [{manager: {}}]}
  - {key: money, title: {en: Money}, approvers: [{group: leads}]}
"""
REOPENING = """\
kind: service
department: it
key: lamp
type: request
title: {en: Lamp}
form: {pages: [{key: a, title: {en: A}, fields: [{key: why, type: text, label: {en: Why}, reopens: [boss]}]}]}
approval: {use: two}
"""
POLICY_TEXT = """\
kind: sla_policy
department: it
key: levels
title: {en: Levels}
calendar: hours
priority: p3
targets:
  - measure: resolution
    by_priority: {p3: 4 hours}
    pause: [on_hold]
    escalate:
      - {at: 75%, do: [{notify: [assignee, {group: leads}]}]}
"""


@pytest.fixture
def company(session: Session, world: Callable[..., Any]) -> Session:
    world(make_leads)
    look_again(session)
    return session


def make_leads() -> None:
    """The offices, with a boss for the one with no duty, and a group of leads."""
    make_offices()
    session = db.session()
    lead = directory.by_email(session, AUTHOR)
    assert lead is not None
    make_group("leads", [lead.id])
    cells = {"email": PLAIN, "name": "Plain", "department": "it", "manager": ADMIN}
    record_person(cells, actor="system:tests", at=now())


def write(browser: FlaskClient, base: str, text: str) -> None:
    assert browser.post(f"{base}/text", data={"text": text, "edition": "new"}).status_code == 303


def edition_of(page: str) -> str:
    found = re.search(r'name="edition" value="([^"]+)"', page)
    assert found
    return found[1]


def edit(browser: FlaskClient, base: str, tab: str, **said: Any) -> Any:
    edition = edition_of(browser.get(f"{base}/{tab}").text)
    return browser.post(f"{base}/edit", data={"edition": edition, "tab": tab, **said})


def body_of(session: Session, key: str, kind: str) -> Any:
    return document(session, key, kind).draft_body


def words_in(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def part(html: str, name: str) -> str:
    found = re.search(rf'data-part="{name}".*?(?=data-part="|</main>|\Z)', html, re.DOTALL)
    assert found
    return words_in("<" + found[0])


def test_a_chain_is_a_picture_and_a_list_that_say_the_same(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, CHAIN, CHAIN_TEXT)
    said = words_in(browser.get(f"{CHAIN}/approval?at=/stages/0").text)
    for words in (
        "Manager of the requester",
        "Group leads",
        "any one of them",
        "After 2 business days: their managers",
    ):
        assert said.count(words) == 2, words
    assert "Opens together with" in said
    assert browser_of(PLAIN).get(f"{CHAIN}/approval").status_code == 404


def test_what_the_checks_find_shows_at_its_stage(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, SERVICE, SERVICE_TEXT.replace("total > 100", "totl > 100"))
    page = browser.get(f"{SERVICE}/approval").text
    wrong = re.findall(r'class="chain-card has-problem" data-stage="([^"]+)"', page)
    assert wrong == ["/approval/stages/1"]
    assert "Once the checks find nothing wrong" in part(page, "trial")


def test_for_whom_exactly_follows_person_and_answers(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, SERVICE, SERVICE_TEXT)
    asked = browser.post(f"{SERVICE}/approval/try", data={"person": PLAIN, "answers-total": "50"})
    assert part(asked.text, "trial").count("Admin") == 1
    assert "Not needed for this" in part(asked.text, "trial")
    parts = browser.post(
        f"{SERVICE}/approval/try", data={"person": PLAIN, "answers-total": "500"}, headers={"X-Requested-With": "fetch"}
    )
    assert "<html" not in parts.text
    assert "This group decides" in part(parts.text, "trial")
    nobody = browser.post(f"{SERVICE}/approval/try", data={"person": "who@example.com"}).text
    assert "no person with this address" in part(nobody, "trial")


def test_trying_keeps_nothing_and_is_for_authors(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, SERVICE, SERVICE_TEXT)
    before = document(company, "permit", "service")
    browser.post(f"{SERVICE}/approval/try", data={"person": PLAIN, "answers-total": "500", "v:/title/en": "X"})
    assert document(company, "permit", "service").draft == before.draft
    assert browser_of(PLAIN).post(f"{SERVICE}/approval/try", data={"person": PLAIN}).status_code == 404
    assert browser.post(f"{SERVICE}/yaml/try").status_code == 404


def test_a_stage_is_added_and_selected(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, CHAIN, CHAIN_TEXT)
    answer = edit(browser, CHAIN, "approval", do="stage-add::1")
    assert answer.location == f"{CHAIN}/approval?at=/stages/1"
    assert [one["key"] for one in body_of(company, "two", "approval_chain")["stages"]] == [
        "manager",
        "new-stage",
        "finance",
    ]


def test_the_key_of_a_stage_follows_its_title_until_something_knows_it(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, CHAIN, CHAIN_TEXT)

    def titled(title: str) -> str:
        """As the page sends it: with what it says that follows."""
        page = browser.get(f"{CHAIN}/approval?at=/stages/1").text
        follows = {"do": "stage-name:/stages/1"} if 'value="stage-name:/stages/1"' in page else {}
        edit(browser, CHAIN, "approval", **{"v:/stages/1/title/en": title}, **follows)
        return str(body_of(company, "two", "approval_chain")["stages"][1]["key"])

    edit(browser, CHAIN, "approval", do="stage-add::1")
    assert [titled(one) for one in ("Legal", "Legal counsel", "Manager")] == ["legal", "legal-counsel", "manager-2"]
    edit(browser, CHAIN, "approval", **{"c:stage-key:/stages/1": "counsel"})
    assert titled("Lawyers") == "counsel"
    edit(browser, CHAIN, "approval", **{"c:stage-key:/stages/1": "lawyers"})
    assert titled("Attorneys") == "attorneys"
    assert browser.post(f"{CHAIN}/publish").status_code == 303
    assert titled("Barristers") == "attorneys"


def test_levels_are_edited_in_place(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, POLICY, POLICY_TEXT)
    assert "75 % of the time : tells Assignee, leads" in words_in(browser.get(f"{POLICY}/sla").text)
    edit(browser, POLICY, "sla", **{"v:/targets/0/by_priority/p1": "1 hour"})
    edit(browser, POLICY, "sla", **{"c:ticks:/targets/0/pause": ["", "returned", "on_hold"]})
    edit(browser, POLICY, "sla", do="step-add:/targets/0")
    edit(browser, POLICY, "sla", **{"c:condition:/targets/0/escalate/1/when": 'request.priority == "p1"'})
    edit(browser, POLICY, "sla", do="action-add:/targets/0/escalate/1:raise_priority")
    edit(browser, POLICY, "sla", do="target-add:")
    first, second = body_of(company, "levels", "sla_policy")["targets"]
    assert first["by_priority"] == {"p1": "1 hour", "p3": "4 hours"}
    assert first["pause"] == ["on_hold", "returned"]
    assert first["escalate"][1] == {
        "at": "100%",
        "do": [{"notify": ["assignee"]}, {"raise_priority": 1}],
        "when": 'request.priority == "p1"',
    }
    assert second["measure"] == "response"


def test_a_service_may_have_several_policies(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, SERVICE, SERVICE_TEXT)
    write(browser, POLICY, POLICY_TEXT)
    edit(browser, SERVICE, "sla", do="policy-begin:/sla")
    edit(browser, SERVICE, "sla", do="policy-add:/sla/-", **{"n:/sla/-": "levels"})
    assert [sorted(one) for one in body_of(company, "permit", "service")["sla"]] == [["priority", "targets"], ["use"]]
    assert "Not published yet" in words_in(browser.get(f"{SERVICE}/sla").text)
    edit(browser, SERVICE, "sla", do="policy-remove:/sla/0")
    edit(browser, SERVICE, "sla", do="policy-remove:/sla/0")
    assert "sla" not in body_of(company, "permit", "service")


def test_when_it_would_be_due_is_told_with_what_counts(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, HOURS, CALENDAR_TEXT)
    assert browser.post(f"{HOURS}/publish").status_code == 303
    write(browser, POLICY, POLICY_TEXT)
    asked = {"from": "2026-11-23T11:00", "shown": ":0-p3"}
    said = part(browser.post(f"{POLICY}/sla/try", data=asked).text, "due")
    assert "Resolution 23 Nov 2026, 16:30" in said
    assert "23 Nov 2026, 12:00 23 Nov 2026, 13:30 Outside working hours" in said
    assert "75%: 23 Nov 2026, 15:30" in said
    assert "is no date with a clock time" in part(browser.post(f"{POLICY}/sla/try", data={"from": "x"}).text, "due")


def test_a_day_is_closed_and_opened_and_plain_again(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, HOURS, CALENDAR_TEXT)
    day = "2026-12-24"
    assert edit(browser, HOURS, "year", do=f"day-close:{day}", at=day).location == f"{HOURS}/year?at={day}"
    edit(browser, HOURS, "year", do="day-close:2026-12-23", at=day)
    assert [one["date"] for one in body_of(company, "hours", "calendar")["closed"]] == ["2026-12-23", day]
    edit(browser, HOURS, "year", do=f"day-open:{day}")
    edit(browser, HOURS, "year", **{"c:hours:/open/0/hours": "9:00", "at": day})
    page = browser.get(f"{HOURS}/year?at={day}").text
    assert "Once its hours are sound" in page
    edit(browser, HOURS, "year", **{"c:hours:/open/0/hours": "09:00 – 12:00，13:00-14:00"})
    body = body_of(company, "hours", "calendar")
    assert body["open"] == [{"date": day, "hours": ["09:00-12:00", "13:00-14:00"]}]
    assert [one["date"] for one in body["closed"]] == ["2026-12-23"]
    said = words_in(browser.get(f"{HOURS}/year?at={day}").text)
    assert "09:00–12:00, 13:00–14:00 Open by exception" in said
    edit(browser, HOURS, "year", do=f"day-plain:{day}")
    assert "open" not in body_of(company, "hours", "calendar")
    assert edit(browser, HOURS, "year", do="day-close:nonsense").status_code == 422


def test_the_week_and_the_holidays_are_rows(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, HOURS, CALENDAR_TEXT)
    edit(browser, HOURS, "year", **{"c:week-days:/week/mon-fri": ["mon", "thu"]})
    edit(browser, HOURS, "year", do="week-add:/week")
    edit(browser, HOURS, "year", **{"c:hours:/week/fri": "09:00-12:00", "c:country:/holidays": "DE"})
    edit(browser, HOURS, "year", **{"v:/holidays/subdivision": "BE"})
    body = body_of(company, "hours", "calendar")
    assert body["week"] == {"mon-thu": ["09:00-12:00", "13:30-18:00"], "fri": ["09:00-12:00"]}
    assert body["holidays"] == {"country": "DE", "subdivision": "BE"}
    assert "Women's Day" in words_in(browser.get(f"{HOURS}/year?at=2026").text)
    assert edit(browser, HOURS, "year", **{"c:week-days:/week/fri": ["mon", "thu"]}).status_code == 422
    edit(browser, HOURS, "year", **{"c:country:/holidays": ""})
    assert "holidays" not in body_of(company, "hours", "calendar")


@pytest.mark.parametrize(
    ("start", "duration", "says"),
    [
        ("2026-11-23T11:00", "4 hours", "Due 23 Nov 2026, 16:30"),
        ("2026-09-30T15:00", "1 business day", "Due 8 Oct 2026, 15:00"),
        ("2026-11-22T15:00", "1 business day", "Due 24 Nov 2026, 09:00"),
        ("2026-09-30T15:00", "2 days", "Due 2 Oct 2026, 15:00"),
        ("2026-09-30T15:00", "soon", "is not a duration"),
        ("whenever", "4 hours", "is no date with a clock time"),
    ],
)
def test_the_calendar_says_when_something_would_be_due(
    company: Session, browser_of: Browser, start: str, duration: str, says: str
) -> None:
    browser = browser_of(AUTHOR)
    write(browser, HOURS, CALENDAR_TEXT)
    said = part(browser.post(f"{HOURS}/year/try", data={"from": start, "for": duration}).text, "due")
    assert says in said
    assert said.count("Business day") == (1 if "business" in duration else 0)


def test_the_year_shows_holidays_by_name_and_make_up_days(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, HOURS, CALENDAR_TEXT)
    said = words_in(browser.get(f"{HOURS}/year?at=2026").text)
    for words in ("National Day", "Make-up day", "Public holiday", "The year 2026"):
        assert words in said
    assert browser.get(f"{HOURS}/year?at=20260").status_code == 200


def test_the_list_of_calendars_opens_their_year(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    write(browser, HOURS, CALENDAR_TEXT)
    assert f'href="{HOURS}/year"' in browser.get("/admin/calendars").text


@pytest.mark.parametrize(
    ("base", "tab", "text"),
    [
        (SERVICE, "approval", "approval: 5"),
        (SERVICE, "approval", "approval: [a]"),
        (SERVICE, "approval", "approval: {use: nowhere/none}"),
        (
            SERVICE,
            "approval",
            "approval: {stages: [1, {key: 3, approvers: x, timeout: {then: {reassign: 1}}}], apart: x}",
        ),
        (SERVICE, "approval", "approval: {stages: x, parallel: [[a], 3]}"),
        (SERVICE, "sla", "sla: 5"),
        (SERVICE, "sla", "sla: [1, {use: none}, {targets: 3}]"),
        (SERVICE, "sla", "sla: {targets: [1, {measure: 3, by_priority: x, pause: 3, escalate: [1, {at: 3, do: x}]}]}"),
        (SERVICE, "sla", "sla: {targets: [{escalate: [{at: 75%, do: [1, {notify: [{group: 1}, 2]}, {x: 1, y: 2}]}]}]}"),
        (HOURS, "year", "week: 5\nclosed: x\nopen: 3\nholidays: DE"),
        (
            HOURS,
            "year",
            "week: {mon-xyz: [1], sun: 09:00}\nclosed: [1, {date: x}]\nholidays: {country: 5, subdivision: 3}",
        ),
    ],
)
def test_nonsense_in_a_draft_is_shown_not_broken(
    company: Session, browser_of: Browser, base: str, tab: str, text: str
) -> None:
    _studio, kind, department, key = base.strip("/").split("/")
    browser = browser_of(AUTHOR)
    write(browser, base, f"kind: {kind}\ndepartment: {department}\nkey: {key}\ntitle: X\n{text}\n")
    for at in ("/approval/stages/1", "2026-12-24", "x/stages/-"):
        assert browser.get(f"{base}/{tab}", query_string={"at": at}).status_code == 200, at
    assert browser.post(f"{base}/{tab}/try", data={"for": "1 day", "from": "0001-01-01T00:00"}).status_code == 200


def test_a_shared_stage_says_which_services_reopen_it(company: Session, browser_of: Browser) -> None:
    """Another key for it breaks what they say, and they are other documents."""
    browser, chain = browser_of(AUTHOR), "/studio/approval_chain/it/two"
    write(browser, chain, "kind: approval_chain\ndepartment: it\nkey: two\ntitle: {en: Two}\n" + STAGES)
    assert browser.post(f"{chain}/publish").status_code == 303
    write(browser, "/studio/service/it/lamp", REOPENING)
    assert browser.post("/studio/service/it/lamp/publish").status_code == 303
    pages = [words_in(browser.get(f"{chain}/approval?at=/stages/{number}").text) for number in (0, 1)]
    assert ["Fields of these services reopen it" in page for page in pages] == [True, False]
    assert "name it by themselves: Lamp." in pages[0]
