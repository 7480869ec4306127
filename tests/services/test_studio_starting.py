"""Where a document of the studio may begin: from what is shipped, from a spreadsheet, from YAML files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import ADMIN, AUTHOR, PLAIN, document, look_again
from tests.unit.test_field_sheets import archive

from servicehall.documents.starters import starters
from servicehall.models.definitions import Document

Browser = Callable[[str], FlaskClient]
pytestmark = on_sqlite
SHEET = "/studio/new/spreadsheet"
FILES = "/studio/new/files"
FIELDS = b"label,label_zh,type,required\nNumber plate,\xe8\xbd\xa6\xe7\x89\x8c,text,yes\nSince,,date,no\n"


def yaml(key: str, department: str = "it", kind: str = "text") -> bytes:
    fields = f"fields:\n  - {{key: plate, type: {kind}, label: {{en: Plate}}}}\n"
    return f"kind: field_set\ndepartment: {department}\nkey: {key}\n{fields}".encode()


def send(browser: FlaskClient, path: str, data: bytes, name: str, **said: str) -> Any:
    return browser.post(path, data={"file": (io.BytesIO(data), name), **said})


def how_many(session: Session) -> int:
    look_again(session)
    found = session.scalar(select(func.count()).select_from(Document)) or 0
    session.rollback()
    return found


@pytest.mark.parametrize("key", list(starters()))
def test_every_template_is_a_draft_that_the_checks_accept(company: Session, browser_of: Browser, key: str) -> None:
    browser = browser_of(AUTHOR)
    said = {"kind": "service", "department": "it", "title": "My service", "key": "", "copy": f"starter:{key}"}
    assert f'value="starter:{key}"' in browser.get("/studio/new").text
    assert browser.post("/studio/new", data=said).location == "/studio/service/it/my-service"
    body = document(company, "my-service", "service").draft_body
    assert (body["key"], body["department"], body["title"]["en"]) == ("my-service", "it", "My service")
    assert "own" not in str([one.get("department") for one in body.get("fulfilment", {}).get("tasks", [])])
    assert browser.post("/studio/service/it/my-service/publish").status_code == 303
    assert document(company, "my-service", "service").state == "published"


def test_a_template_of_another_kind_is_refused(company: Session, browser_of: Browser) -> None:
    said = {"kind": "calendar", "department": "it", "title": "X", "copy": "starter:incident"}
    answer = browser_of(AUTHOR).post("/studio/new", data=said)
    assert answer.status_code == 422
    assert "another kind" in answer.text


@pytest.mark.parametrize("kind", ["service", "field_set"])
def test_a_spreadsheet_becomes_a_draft(company: Session, browser_of: Browser, kind: str) -> None:
    browser = browser_of(AUTHOR)
    said = {"kind": kind, "department": "it", "title": "Parking permit"}
    assert send(browser, SHEET, FIELDS, "fields.csv", **said).location == f"/studio/{kind}/it/parking-permit"
    body = document(company, "parking-permit", kind).draft_body
    fields = body["fields"] if kind == "field_set" else body["form"]["pages"][0]["fields"]
    assert [one["key"] for one in fields] == ["number_plate", "since"]
    assert send(browser, SHEET, FIELDS, "fields.csv", **said).status_code == 409, "there is one already"


def test_what_a_spreadsheet_says_wrongly_is_listed_and_the_rest_is_kept(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    said = {"kind": "service", "department": "it", "title": "Permit"}
    answer = send(browser, SHEET, FIELDS + b"Third,,nonsense,no\n<script>,,text,no\n", "fields.csv", **said)
    assert answer.status_code == 200
    assert "C4</strong>: no field type" in answer.text
    assert 'href="/studio/service/it/permit"' in answer.text
    assert len(document(company, "permit", "service").draft_body["form"]["pages"][0]["fields"]) == 4
    assert "<script>,," not in answer.text
    refused = send(browser, SHEET, b"PK\x03\x04", "x.xlsx", **{**said, "key": "other"})
    assert (refused.status_code, how_many(company)) == (422, 1)


def test_files_become_drafts_all_or_nothing(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    good = archive(one__yaml=yaml("one"), two__yaml=yaml("two"))
    only_checked = send(browser, FILES, good, "pack.zip", check="yes")
    assert "All of it can be kept" in only_checked.text
    assert how_many(company) == 0
    for bad in (
        yaml("three", kind="nonsense"),
        yaml("Not A Key"),
        yaml("k" * 61),
        b"a: [",
        yaml("three", department="hr"),
    ):
        answer = send(browser, FILES, archive(one__yaml=yaml("one"), bad__yaml=bad), "pack.zip")
        assert (answer.status_code, "Nothing was kept." in answer.text, how_many(company)) == (422, True, 0), bad
        assert "bad.yaml:" in answer.text
    assert send(browser, FILES, good, "pack.zip").status_code == 200
    assert how_many(company) == 2
    assert document(company, "one", "field_set").state == "draft"
    assert 'href="/studio/field_set/it/one"' in send(browser, FILES, yaml("one"), "one.yaml").text
    assert send(browser_of(ADMIN), FILES, yaml("one", department="hr"), "one.yaml").status_code == 200


def test_they_are_for_authors_of_the_department(company: Session, browser_of: Browser) -> None:
    plain, author = browser_of(PLAIN), browser_of(AUTHOR)
    for path in (SHEET, FILES):
        assert plain.get(path).status_code == plain.post(path).status_code == 404
    said = {"kind": "service", "department": "hr", "title": "Permit"}
    assert send(author, SHEET, FIELDS, "fields.csv", **said).status_code == 404
    assert how_many(company) == 0
