"""The Fulfilment tab: the plan as picture and list, its acts, its dates, and plans that services share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import ADMIN, OTHER, PLAIN, document, look_again, write_draft
from tests.factories.packs import publish_documents
from tests.factories.people import make_group
from tests.forms import Forms

from servicehall.web.studio import reading

ROOT = Path(__file__).parents[2]
pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]
SERVICE = "/studio/service/it/desk-move"
TAB = f"{SERVICE}/fulfilment"
TEXT = """
kind: service
department: it
key: desk-move
type: request
title: {en: Desk move, zh: 换工位}
summary: {en: Another desk}
category: workplace
icon: desk
form:
  pages:
    - key: move
      fields:
        - {key: day, type: date, label: {en: Day of the move}, required: true}
        - {key: floor, type: text, label: {en: Floor}}
fulfilment:
  anchor: day
  tasks:
    - key: plan
      title: {en: Plan it}
      due: -5 business days
      form: {fields: [{key: van, type: text, label: {en: Van}}]}
    - key: carry
      department: hr
      title: {en: Carry it}
      after: [plan]
      when: 'tasks.plan.van != ""'
      due: -2 business days
    - {key: check, title: {en: Check it}, after: [carry], due: 4 hours}
"""


@pytest.fixture
def author(author: FlaskClient) -> FlaskClient:
    """IT's author, with a service whose plan has three tasks."""
    write_draft(author, SERVICE, TEXT)
    return author


def edition(browser: FlaskClient, tab: str = TAB) -> str:
    found = re.search(r'name="edition" value="([^"]+)"', browser.get(tab).text)
    assert found is not None
    return found[1]


def act(
    browser: FlaskClient, do: str = "", /, at: str = "", tab: str = TAB, said: Mapping[str, Any] | None = None
) -> Any:
    """A button or control of the tab, as the page sends it."""
    form = {
        "edition": edition(browser, tab),
        "tab": "fulfilment",
        "at": at,
        **({"do": do} if do else {}),
        **(said or {}),
    }
    return browser.post(f"{tab.rpartition('/')[0]}/edit", data=form)


def tasks(session: Session, key: str = "desk-move") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(session, key, "service").draft_body["fulfilment"]["tasks"]
    return found


def graph(browser: FlaskClient, query: str = "") -> Mapping[str, Any]:
    found = re.search(
        r'data-plan .*?<script type="application/json"[^>]*>(.*?)</script>', browser.get(TAB + query).text, re.S
    )
    assert found is not None
    value: Mapping[str, Any] = json.loads(found[1])
    return value


def test_picture_and_list_say_the_same(author: FlaskClient) -> None:
    drawn = graph(author, "?day=2026-12-18")
    assert [one["label"] for one in drawn["nodes"]] == ["Plan it", "Carry it", "Check it"]
    assert [(one["from"], one["to"]) for one in drawn["edges"]] == [(0, 1), (1, 2)]
    assert drawn["lanes"] == ["it", "hr"]
    assert [mark["text"] for mark in drawn["nodes"][1]["marks"]] == ["Only under a condition"]
    page = author.get(f"{TAB}?day=2026-12-18").text
    assert [one["due"] for one in drawn["nodes"][:2]] == ["14 Dec 2026", "17 Dec 2026"]
    for words in ("Plan it", "Carry it", "5 business days before the date", "2 business days before the date"):
        assert words in page


def test_departments_and_groups_are_chosen_by_what_people_call_them(author: FlaskClient, session: Session) -> None:
    for key, title in (("hr", "People"), ("it", "Computers")):
        make_group(f"{key}-desk", [], department=key)
        groups = f"groups: [{{key: {key}-desk, title: {{en: {title} desk}}}}]"
        publish_documents({"d.yaml": f"kind: department\ndepartment: {key}\nkey: {key}\ntitle: {title}\n{groups}\n"})
    look_again(session)
    page = author.get(f"{TAB}?at=/fulfilment/tasks/1").text
    assert '<option value="hr" selected>People (hr)</option>' in page
    assert "People desk (hr-desk)" in page
    assert page.index("Computers desk (it-desk)") < page.index("People desk (hr-desk)"), "its own come first"
    assert '<option value="it">Computers</option>' in author.get("/studio/new").text.replace(" selected", "")


def test_each_task_opens_with_its_properties(author: FlaskClient) -> None:
    page = author.get(f"{TAB}?at=/fulfilment/tasks/1").text
    assert 'name="c:task-key:/fulfilment/tasks/1" value="carry"' in page
    assert re.search(r'name="c:task-after:/fulfilment/tasks/1" value="plan" checked', page)
    assert re.search(r'name="c:task-after:/fulfilment/tasks/1" value="check" disabled', page)
    assert author.get(f"{TAB}?at=/fulfilment/tasks/99").status_code == 200
    assert author.get(f"{TAB}?at=/fulfilment/tasks/x&day=never").status_code == 200


def test_tasks_are_added_connected_and_removed_by_buttons(author: FlaskClient, session: Session) -> None:
    assert act(author, "task-add:/fulfilment:0-1").location == f"{TAB}?at=/fulfilment/tasks/1"
    assert [one["key"] for one in tasks(session)] == ["plan", "new-task", "carry", "check"]
    assert tasks(session)[2]["after"] == ["new-task"]
    assert act(author, "task-connect:/fulfilment:0-3").status_code == 303
    assert tasks(session)[3]["after"] == ["carry", "plan"]
    assert act(author, "task-disconnect:/fulfilment:0-3").status_code == 303
    assert act(author, "task-remove:/fulfilment/tasks/1").status_code == 303
    assert [(one["key"], one.get("after")) for one in tasks(session)] == [
        ("plan", None),
        ("carry", ["plan"]),
        ("check", ["carry"]),
    ]
    assert act(author, "task-copy:/fulfilment/tasks/2").location == f"{TAB}?at=/fulfilment/tasks/3"
    assert tasks(session)[3]["key"] == "check-2"


def test_what_would_break_the_plan_is_refused_in_words(author: FlaskClient, session: Session) -> None:
    before = tasks(session)
    circle = act(author, "task-connect:/fulfilment:2-0")
    assert circle.status_code == 422
    assert "Check it → Plan it → Carry it → Check it" in circle.text
    used = act(author, "task-remove:/fulfilment/tasks/0")
    assert "The answers of “Plan it” are still used by: Carry it." in used.text
    assert "There is no such task any more." in act(author, "task-remove:/fulfilment/tasks/7").text
    assert act(author, "task-add:/fulfilment:x-y").status_code == 303
    assert tasks(session)[:3] == before


def test_controls_of_a_task(author: FlaskClient, session: Session) -> None:
    at = "/fulfilment/tasks/2"
    assert act(author, at=at, said={f"c:task-after:{at}": ["", "=any", "plan", "carry", "1=plan"]}).status_code == 303
    assert tasks(session)[2]["after"] == [{"any": ["carry", "plan"]}, {"any": ["plan"]}]
    act(author, at=at, said={f"c:task-after:{at}": [""], f"c:task-due:{at}": ["3", "before"]})
    assert "after" not in tasks(session)[2]
    assert tasks(session)[2]["due"] == "-3 business days"
    act(author, at=at, said={f"c:task-due:{at}": ["1", "hour"], f"c:ticks:{at}/shows": ["", "floor"]})
    assert (tasks(session)[2]["due"], tasks(session)[2]["shows"]) == ("1 hour", ["floor"])
    act(author, at=at, said={f"c:task-work:{at}": "request:desk-move"})
    act(author, at=at, said={f"c:task-answer:{at}/answers/day": "today", f"c:task-answer:{at}/answers/floor": ""})
    assert (tasks(session)[2]["request"], tasks(session)[2]["answers"]) == ("desk-move", {"day": "today"})
    act(author, at=at, said={f"c:task-answer:{at}/answers/day": "", f"c:task-due:{at}": ["", "hour"]})
    assert not {"answers", "due"} & set(tasks(session)[2])
    act(author, at=at, said={f"c:task-work:{at}": "approval"})
    assert tasks(session)[2]["approval"]["stages"][0]["approvers"] == [{"manager": {"of": "requested_for"}}]
    assert "request" not in tasks(session)[2]


def test_a_page_sent_as_it_stands_changes_nothing(author: FlaskClient, session: Session) -> None:
    text = (ROOT / "catalogs/hr/first-day.yaml").read_text("utf-8").replace("department: hr", "department: it", 1)
    base = "/studio/fulfilment_plan/it/first-day"
    assert author.post(f"{base}/text", data={"text": text, "edition": "new"}).status_code == 303
    body = document(session, "first-day", "fulfilment_plan").draft_body
    for at in ("", *(f"/tasks/{index}" for index in range(len(body["tasks"])))):
        page = author.get(f"{base}/fulfilment?at={at}")
        for controls in Forms.saving(page.text):
            assert reading.operations("fulfilment_plan", body, controls) == [], at


def test_another_key_is_another_in_rules(author: FlaskClient, session: Session) -> None:
    act(author, said={"c:task-key:/fulfilment/tasks/0": "make-plan"})
    assert tasks(session)[1]["after"] == ["make-plan"]
    assert tasks(session)[1]["when"] == 'tasks.make_plan.van != ""'


def test_a_date_that_cannot_be_met_is_said(author: FlaskClient) -> None:
    page = author.get(f"{TAB}?day=2020-01-10").text
    assert "would have to be done by" in page
    far = author.get(f"{TAB}?day=2099-01-09").text
    assert "would have to be done by" not in far
    assert "plan-critical" in far


def test_problems_stand_at_their_task(author: FlaskClient) -> None:
    act(author, said={"v:/fulfilment/tasks/2/group": "nobody"})
    drawn = graph(author)
    assert [one["tone"] for one in drawn["nodes"]][2] == "danger"
    assert "knows no group “nobody”" in drawn["nodes"][2]["said"]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("after: [carry], due: 4 hours", "after: [carry, ghost], due: soon"),
        ("- key: plan\n", "- key: plan\n      after: [check]\n"),
        ("    - {key: check", "    - just text\n    - {key: check"),
        ("{key: check, ", "{key: plan, "),
        ("due: 4 hours", "due: [1], shows: some, help: 7, group: {a: 1}, form: 3, undo: x, checklist: [1]"),
        ("due: 4 hours", "request: 5, answers: [1], assign: {nobody: 1}"),
        ("due: 4 hours", "approval: {use: nothing}, automate: 4, when: false"),
        ("anchor: day", "anchor: [day]\n  calendar: 4"),
        (TEXT.partition("fulfilment:\n")[2], "  just text\n"),
        (TEXT.partition("fulfilment:\n")[2], "  tasks: just text\n"),
        (TEXT.partition("fulfilment:\n")[2], "  use: 5\n"),
    ],
)
def test_whatever_stands_in_a_draft_it_opens_and_stays(
    author: FlaskClient, session: Session, was: str, now: str
) -> None:
    sent = {"text": TEXT.replace(was, now), "edition": edition(author)}
    assert author.post(f"{SERVICE}/text", data=sent).status_code == 303
    body = document(session, "desk-move", "service").draft_body
    for at in ("", "/fulfilment/tasks/1", "/fulfilment/tasks/2"):
        page = author.get(f"{TAB}?at={at}")
        assert page.status_code == 200, at
        for controls in Forms.saving(page.text):
            assert reading.operations("service", body, controls) == [], at


def test_a_plan_begins_and_ends(author: FlaskClient, session: Session) -> None:
    act(author, "remove:/fulfilment")
    assert "fulfilment" not in document(session, "desk-move", "service").draft_body
    assert "There is one task, for the department" in author.get(TAB).text
    act(author, "task-add:/fulfilment:")
    assert [one["key"] for one in tasks(session)] == ["new-task"]


def test_a_plan_is_shared_and_made_ones_own_again(author: FlaskClient, session: Session) -> None:
    before = document(session, "desk-move", "service").draft_body["fulfilment"]
    said = {"edition": edition(author), "tab": "fulfilment"}
    assert author.post(f"{SERVICE}/share/fulfilment", data={**said, "share_as": "Moving!"}).status_code == 422
    assert author.post(f"{SERVICE}/share/fulfilment", data={**said, "share_as": "moving"}).location == TAB
    assert document(session, "desk-move", "service").draft_body["fulfilment"] == {"use": "moving"}
    shared = document(session, "moving", "fulfilment_plan").draft_body
    assert (shared["title"], shared["tasks"]) == ({"en": "Desk move", "zh": "换工位"}, before["tasks"])
    page = author.get(TAB).text
    assert "/studio/fulfilment_plan/it/moving" in page
    assert "Plan it" in page
    assert "task-add" not in page
    plan = "/studio/fulfilment_plan/it/moving/fulfilment"
    act(author, "task-add::0-1", tab=plan)
    assert [one["key"] for one in document(session, "moving", "fulfilment_plan").draft_body["tasks"]][1] == "new-task"
    assert author.post(f"{SERVICE}/unshare/fulfilment", data=said).location == TAB
    assert [one["key"] for one in tasks(session)] == ["plan", "new-task", "carry", "check"]
    assert author.post(f"{SERVICE}/unshare/fulfilment", data=said).status_code == 422
    act(author, "use-shared:/fulfilment", said={"n:/fulfilment": "moving"})
    again = author.post(f"{SERVICE}/share/fulfilment", data={**said, "share_as": "moving"})
    assert (again.status_code, "nothing here that could be shared" in again.text) == (422, True)


def test_another_departments_draft_is_its_own_and_a_copy_means_the_same(
    author: FlaskClient, browser_of: Browser, session: Session
) -> None:
    text = "kind: fulfilment_plan\ndepartment: hr\nkey: common\ntitle: {en: Common}\ncalendar: hours\ntasks:\n"
    text += "  - {key: one, title: {en: One}}\n  - {key: two, department: it, request: badge, approval: {use: boss}}\n"
    text += "  - {key: three, automate: {webhook: hr-system}}\n"
    sent = {"text": text, "edition": "new"}
    assert browser_of(ADMIN).post("/studio/fulfilment_plan/hr/common/text", data=sent).status_code == 303
    act(author, "use-shared:/fulfilment", said={"n:/fulfilment": "hr/common"})
    assert author.post(f"{SERVICE}/unshare/fulfilment").status_code == 404
    assert ">One<" not in author.get(TAB).text
    assert browser_of(ADMIN).post(f"{SERVICE}/unshare/fulfilment").status_code == 303
    assert document(session, "desk-move", "service").draft_body["fulfilment"] == {
        "calendar": "hr/hours",
        "tasks": [
            {"key": "one", "title": {"en": "One"}, "department": "hr"},
            {"key": "two", "department": "it", "request": "hr/badge", "approval": {"use": "hr/boss"}},
            {"key": "three", "automate": {"webhook": "hr-system"}, "department": "hr"},
        ],
    }


def test_only_authors_share(author: FlaskClient, browser_of: Browser) -> None:
    assert browser_of(PLAIN).post(f"{SERVICE}/share/fulfilment", data={"share_as": "x"}).status_code == 404
    assert author.post(f"{SERVICE}/share/form", data={"share_as": "x"}).status_code == 404
    assert author.post("/studio/service/hr/onboarding/unshare/fulfilment").status_code == 404


def test_two_editors_of_one_plan_keep_both(author: FlaskClient, browser_of: Browser, session: Session) -> None:
    theirs, was = browser_of(OTHER), edition(author)
    mine = {"edition": was, "tab": "fulfilment", "do": "task-add:/fulfilment:2-"}
    other = {"edition": was, "tab": "fulfilment", "c:task-due:/fulfilment/tasks/2": ["1", "day"]}
    assert author.post(f"{SERVICE}/edit", data=mine).status_code == 303
    assert theirs.post(f"{SERVICE}/edit", data=other).status_code == 303
    assert [(one["key"], one.get("due")) for one in tasks(session)][2:] == [("check", "1 day"), ("new-task", None)]


def test_a_plan_of_200_tasks_opens_and_is_edited(author: FlaskClient, session: Session) -> None:
    after = ("check", *(f"t{n}" for n in range(196)))
    more = "".join(f"    - {{key: t{n}, title: {{en: Task {n}}}, after: [{one}]}}\n" for n, one in enumerate(after))
    assert author.post(f"{SERVICE}/text", data={"text": TEXT + more, "edition": edition(author)}).status_code == 303
    assert len(graph(author)["nodes"]) == 200
    assert act(author, "task-add:/fulfilment:100-101").status_code == 303
    found = tasks(session)
    assert len(found) == 201
    assert found[102]["after"] == ["new-task"]
