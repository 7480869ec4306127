"""The studio: who may come in, drafts and versions, two editors, publishing, retiring, and any part as controls."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import (
    ADMIN,
    AUTHOR,
    CALENDAR,
    HOURS,
    OTHER,
    PLAIN,
    WEEK,
    document,
    look_again,
    publish_hours,
)
from tests.factories.people import make_group

from servicehall.errors import Invalid
from servicehall.models.definitions import Document
from servicehall.services import authored, directory, drafting
from servicehall.services.visibility import as_viewer
from servicehall.web.accounts import person_of
from servicehall.web.studio import kinds

Browser = Callable[[str], FlaskClient]


def draft(browser: FlaskClient, text: str, edition: str = "new") -> Any:
    return browser.post(f"{HOURS}/text", data={"text": text, "edition": edition})


def published_hours(session: Session, browser: FlaskClient) -> Any:
    publish_hours(browser)
    return document(session)


def edit(browser: FlaskClient, path: str, edition: str, /, **said: Any) -> Any:
    """Controls as the page sends them: `edit(browser, base, edition, **{"v:/title/en": "X"})`."""
    return browser.post(f"{path}/edit", data={"edition": edition, **said})


# --- who may come in -----------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize(
    ("path", "admin", "author", "plain"),
    [
        ("/studio", 200, 200, 404),
        ("/studio/new", 200, 200, 404),
        (f"{HOURS}/content", 200, 200, 404),
        (f"{HOURS}/yaml", 200, 200, 404),
        (f"{HOURS}/history", 200, 200, 404),
        (f"{HOURS}/publish", 200, 200, 404),
        (f"{HOURS}/nonsense", 404, 404, 404),
        ("/studio/calendar/it/none/content", 404, 404, 404),
        ("/studio/nonsense/it/x", 404, 404, 404),
    ],
)
def test_each_page_is_for_its_people(
    company: Session, browser_of: Browser, path: str, admin: int, author: int, plain: int
) -> None:
    publish_hours(browser_of(AUTHOR))
    seen = [browser_of(email).get(path).status_code for email in (ADMIN, AUTHOR, PLAIN)]
    assert seen == [admin, author, plain]


@on_sqlite
def test_an_author_touches_nothing_of_other_departments(company: Session, browser_of: Browser) -> None:
    base = "/studio/calendar/hr/hours"
    other = {"text": CALENDAR.replace("department: it", "department: hr") + WEEK}
    assert browser_of(AUTHOR).post(f"{base}/text", data=other).status_code == 404
    assert browser_of(ADMIN).post(f"{base}/text", data=other).status_code == 303
    browser = browser_of(AUTHOR)
    assert [browser.get(f"{base}/{tab}").status_code for tab in ("content", "yaml", "history", "publish")] == [404] * 4
    assert [browser.post(f"{base}/{act}").status_code for act in ("edit", "undo", "publish", "discard")] == [404] * 4


# --- new documents -------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("kind", kinds.NAMES)
def test_a_new_document_begins_with_what_the_checks_accept(company: Session, browser_of: Browser, kind: str) -> None:
    person = directory.by_email(company, PLAIN)
    assert person is not None
    make_group("GROUP", [person.id])
    look_again(company)
    browser, key = browser_of(AUTHOR), "it" if kind == "department" else "fresh-start"
    said = {"kind": kind, "department": "it", "title": "Fresh start", "key": key if kind == "department" else ""}
    assert browser.post("/studio/new", data=said).location == f"/studio/{kind}/it/{key}"
    opened = browser.get(f"/studio/{kind}/it/{key}", follow_redirects=True)
    assert "The checks find nothing wrong" in opened.text
    assert document(company, key, kind).draft_body["title"] == {"en": "Fresh start"}


@on_sqlite
@pytest.mark.parametrize("kind", ["", "spell", "../../x"])
def test_a_document_of_no_kind_is_refused_in_words(company: Session, browser_of: Browser, kind: str) -> None:
    said = {"kind": kind, "department": "it", "title": "Fresh start", "key": ""}
    answer = browser_of(AUTHOR).post("/studio/new", data=said)
    assert (answer.status_code, "Fresh start" in answer.text) == (422, True)


@on_sqlite
def test_a_document_begins_in_the_language_of_its_writer(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    browser.post("/preferences", data={"locale": "zh"})
    said = {"kind": "service", "department": "it", "title": "停车证", "key": ""}
    refused = browser.post("/studio/new", data=said)
    assert "parking-permit" in refused.text, "a title without Latin letters gives no key; what one looks like is said"
    browser.post("/studio/new", data=said | {"key": "permit"})
    page = document(company, "permit", "service").draft_body["form"]["pages"][0]
    assert page["title"] == {"zh": "您的需求"}
    assert page["fields"][0]["label"] == {"zh": "理由"}
    opened = browser.get("/studio/service/it/permit/design").text
    assert "已存为草稿，发布后他人才能看到。" in opened
    assert "缺少英文文本" in opened


@on_sqlite
def test_a_copy_takes_all_but_key_and_title(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    was = published_hours(company, browser).body
    said = {"kind": "calendar", "department": "it", "key": "", "title": "Late hours", "copy": "it/hours"}
    assert browser.post("/studio/new", data=said).status_code == 303
    made = document(company, "late-hours").draft_body
    assert made == was | {"key": "late-hours", "title": {"en": "Late hours"}}


@on_sqlite
def test_what_cannot_be_a_key_is_said_at_its_field(company: Session, browser_of: Browser) -> None:
    said = {"kind": "calendar", "department": "it", "key": "Not A Key", "title": "T"}
    answer = browser_of(AUTHOR).post("/studio/new", data=said)
    assert answer.status_code == 422
    assert 'id="field-key-error"' in answer.text
    assert 'value="Not A Key"' in answer.text


# --- drafts and versions -------------------------------------------------------------------------------------


def test_a_draft_becomes_a_version_that_stays(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    row = published_hours(company, browser)
    changed = CALENDAR + WEEK.replace("09:00", "08:00")
    assert draft(browser, changed, drafting.edition(row)).status_code == 303
    page = browser.get(f"{HOURS}/history").text
    assert "What the draft changes" in page
    assert "08:00-18:00" in page
    assert "09:00-18:00" in browser.get(f"{HOURS}/download").text
    assert browser.post(f"{HOURS}/publish").status_code == 303
    assert "08:00-18:00" in browser.get(f"{HOURS}/download").text
    second = browser.get(f"{HOURS}/history?version=2").text
    assert '<li class="removed">' in second
    assert "09:00-18:00" in browser.get(f"{HOURS}/download?version=1").text
    assert browser.get(f"{HOURS}/history?version=3").status_code == 404
    assert "Author" in browser.get(f"{HOURS}/history").text


def test_an_earlier_version_comes_back_as_a_draft(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    first = published_hours(company, browser)
    draft(browser, CALENDAR + WEEK.replace("09:00", "08:00"), drafting.edition(first))
    browser.post(f"{HOURS}/publish")
    assert "Bring this version back?" in browser.get(f"{HOURS}/restore?version=1").text
    assert browser.post(f"{HOURS}/restore", data={"version": "1"}).status_code == 303
    assert document(company).draft_body == first.body
    assert document(company).version == 2


def test_text_that_cannot_be_read_is_told_by_line_and_kept_on_the_page(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    row = published_hours(company, browser)
    answer = draft(browser, CALENDAR + "week: {mon-fri: [\n", drafting.edition(row))
    assert answer.status_code == 422
    assert 'data-line="' in answer.text
    assert "week: {mon-fri: [" in answer.text
    assert document(company).draft is None


def test_a_draft_with_errors_is_kept_and_not_published(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    assert draft(browser, CALENDAR + WEEK.replace("CN", "XX")).status_code == 303
    page = browser.get(f"{HOURS}/yaml").text
    assert 'data-line="7"' in page
    assert 'id="L7" class="has-problem"' in page
    refused = browser.post(f"{HOURS}/publish")
    assert refused.status_code == 422
    assert "The draft cannot be published yet." in refused.text
    assert document(company).state == "draft"


def test_a_file_takes_the_place_of_the_text(company: Session, browser_of: Browser) -> None:
    file = (io.BytesIO((CALENDAR + WEEK).encode()), "hours.yaml")
    answer = browser_of(AUTHOR).post(f"{HOURS}/text", data={"text": "x", "edition": "new", "file": file})
    assert answer.status_code == 303
    assert document(company).draft_body is not None


@on_sqlite
def test_documents_are_found_by_title_kind_and_draft(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    published_hours(company, browser)
    for query, found in (("q=hou", True), ("kind=service", False), ("state=draft", False), ("state=published", True)):
        assert (f'href="{HOURS}"' in browser.get(f"/studio?{query}").text) is found, query


# --- controls ------------------------------------------------------------------------------------------------


def test_controls_change_their_places_and_undo_takes_it_back(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    row = published_hours(company, browser)
    said = {"v:/title/en": "Office hours", "v:/title/zh": "工作时间", "v:/time_zone": "Europe/Berlin"}
    assert edit(browser, HOURS, drafting.edition(row), **said).status_code == 303
    changed = row.body | {"title": {"en": "Office hours", "zh": "工作时间"}, "time_zone": "Europe/Berlin"}
    assert document(company).draft_body == changed
    assert browser.post(f"{HOURS}/undo").status_code == 303
    assert document(company).draft_body == row.body
    assert browser.post(f"{HOURS}/redo").status_code == 303
    assert document(company).draft_body == changed
    assert browser.post(f"{HOURS}/redo").status_code == 409


@on_sqlite
@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"do": "nonsense:/title"}, "This cannot be done here."),
        ({"v:/nowhere": "x"}, "There is no such place"),
        ({"operations": "not json"}, "The change cannot be made."),
        ({"operations": '[{"op": "replace", "path": "/key", "value": "other"}]'}, "The change cannot be made."),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    company: Session, browser_of: Browser, said: dict[str, str], what: str
) -> None:
    browser = browser_of(AUTHOR)
    row = published_hours(company, browser)
    answer = edit(browser, HOURS, drafting.edition(row), **said)
    assert answer.status_code == 422
    assert what in answer.text
    assert document(company).draft is None


# --- two editors ---------------------------------------------------------------------------------------------


def test_two_editors_never_overwrite_each_other_silently(company: Session, browser_of: Browser) -> None:
    browser, other = browser_of(AUTHOR), browser_of(OTHER)
    edition = drafting.edition(published_hours(company, browser))
    assert draft(other, CALENDAR + WEEK.replace("09:00", "07:00"), edition).status_code == 303
    answer = draft(browser, CALENDAR + WEEK.replace("09:00", "10:00"), edition)
    assert answer.status_code == 409
    assert "07:00-18:00" in answer.text
    assert "10:00-18:00" in answer.text
    assert "07:00" in str(document(company).draft_body)
    again = re.search(r'name="edition" value="([^"]+)"', answer.text)
    assert again is not None
    assert draft(browser, CALENDAR + WEEK.replace("09:00", "10:00"), again[1]).status_code == 303
    assert "10:00" in str(document(company).draft_body)


def test_what_two_editors_did_elsewhere_is_put_together_and_a_clash_is_chosen(
    company: Session, browser_of: Browser
) -> None:
    browser, other = browser_of(AUTHOR), browser_of(OTHER)
    edition = drafting.edition(published_hours(company, browser))
    edit(other, HOURS, edition, **{"v:/title/en": "Theirs", "v:/time_zone": "Europe/Berlin"})
    assert edit(browser, HOURS, edition, **{"v:/holidays/country": "DE"}).status_code == 303
    both = document(company).draft_body
    assert (both["time_zone"], both["holidays"]["country"]) == ("Europe/Berlin", "DE")
    answer = edit(browser, HOURS, edition, **{"v:/title/en": "Mine"})
    assert answer.status_code == 409
    for word in ("Theirs", "Mine", 'name="choose:title.en" value="mine"'):
        assert word in answer.text
    assert document(company).draft_body["title"]["en"] == "Theirs"
    assert edit(browser, HOURS, edition, **{"v:/title/en": "Mine", "choose:title.en": "mine"}).status_code == 303
    assert document(company).draft_body["title"]["en"] == "Mine"


# --- publishing and retiring ---------------------------------------------------------------------------------


def test_only_the_draft_that_was_looked_at_is_published_or_discarded(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    draft(browser, CALENDAR + WEEK)
    old = drafting.edition(document(company))
    draft(browser, CALENDAR + WEEK.replace("09:00", "10:00"), old)
    for act in ("publish", "discard"):
        assert browser.post(f"{HOURS}/{act}", data={"edition": old}).status_code == 303
        assert document(company).version == 0
        assert document(company).draft is not None
    browser.post(f"{HOURS}/discard", data={"edition": drafting.edition(document(company))})
    assert document(company).draft is None


def test_a_draft_that_is_discarded_before_it_was_published_leaves_nothing(
    company: Session, browser_of: Browser
) -> None:
    browser = browser_of(AUTHOR)
    draft(browser, CALENDAR + WEEK)
    assert HOURS in browser.get("/studio?kind=calendar").text
    sent = browser.post(f"{HOURS}/discard", data={"edition": drafting.edition(document(company))})
    assert sent.location == "/studio"
    assert [browser.get(f"{HOURS}/{page}").status_code for page in ("content", "publish", "history")] == [404] * 3
    assert HOURS not in browser.get("/studio?kind=calendar").text
    draft(browser, CALENDAR + WEEK)
    assert document(company).draft is not None
    assert browser.get(f"{HOURS}/content").status_code == 200


def test_where_a_department_asks_for_it_a_second_person_publishes(company: Session, browser_of: Browser) -> None:
    browser, other = browser_of(AUTHOR), browser_of(OTHER)
    text = "kind: department\ndepartment: it\nkey: it\ntitle: {en: IT}\nagents: []\nreview: true\n"
    browser.post("/studio/department/it/it/text", data={"text": text})
    browser.post("/studio/department/it/it/publish")
    draft(browser, CALENDAR + WEEK)
    browser.post(f"{HOURS}/publish")
    assert document(company).state == "draft"
    other.post(f"{HOURS}/publish")
    assert document(company).state == "published"


def test_what_is_used_is_not_retired_and_its_users_are_named(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    published_hours(company, browser)
    policy = kinds.skeleton("sla_policy", "it", "quick") + "calendar: hours\n"
    browser.post("/studio/sla_policy/it/quick/text", data={"text": policy})
    browser.post("/studio/sla_policy/it/quick/publish")
    assert "it/quick" in browser.get(f"{HOURS}/users").text
    asked = browser.get(f"{HOURS}/retire").text
    assert ("it/quick" in asked, "btn-danger" in asked) == (True, False), "what would be refused is not offered"
    browser.post(f"{HOURS}/retire")
    assert document(company).state == "published"
    browser.post("/studio/sla_policy/it/quick/retire")
    assert "btn-danger" in browser.get(f"{HOURS}/retire").text
    browser.post(f"{HOURS}/retire")
    assert document(company).state == "retired"


@on_sqlite
def test_the_verb_refuses_an_edition_that_is_old(company: Session, browser_of: Browser) -> None:
    draft(browser_of(AUTHOR), CALENDAR + WEEK)
    answer = draft(browser_of(AUTHOR), CALENDAR, "new")
    assert answer.status_code == 409
    assert "Somebody changed this document" in answer.text
    look_again(company)
    assert company.scalars(select(Document.draft_step)).one() == 1


@on_sqlite
def test_the_list_goes_on_page_by_page(company: Session, browser_of: Browser) -> None:
    """Every document once, whatever the size of a page, and none of departments that are not one's own."""
    draft(browser_of(AUTHOR), CALENDAR + WEEK)
    for number in range(5):
        text = f"kind: choice_list\ndepartment: it\nkey: list-{number}\n"
        browser_of(AUTHOR).post(f"/studio/choice_list/it/list-{number}/text", data={"text": text, "edition": "new"})
    look_again(company)
    viewer = as_viewer(company, person_of(company, AUTHOR).id)
    keys, place = [], None
    for _page in range(9):
        found = authored.documents(viewer, cursor=place, limit=2)
        keys += [one.key for one in found.rows]
        place = found.next
        if place is None:
            break
    assert keys == ["hours", *(f"list-{number}" for number in range(5))]
    assert [one.key for one in authored.documents(viewer, q="ist-3", with_draft=True, limit=2).rows] == ["list-3"]
    assert authored.documents(viewer, state="published", limit=2).rows == []
    with pytest.raises(Invalid):
        authored.documents(viewer, cursor="nonsense", limit=2)
