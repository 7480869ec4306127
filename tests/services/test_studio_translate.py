"""The studio's translations: every text side by side, what is missing, and the way to a spreadsheet and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import PLAIN, document, write_draft

from servicehall.services import drafting

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]
BASE = "/studio/choice_list/it/colours"
TEXT = """\
kind: choice_list
department: it
key: colours
title: {en: Colours, zh: 颜色, de: Farben}
options:
  - {key: red, label: {en: Red}}
  - {key: blue, label: Blue}
  - {key: green, label: {zh: 绿}}
"""


@pytest.fixture
def author(author: FlaskClient) -> FlaskClient:
    write_draft(author, BASE, TEXT)
    return author


def options(session: Session) -> dict[str, Any]:
    body = document(session, "colours", "choice_list").draft_body
    return {one["key"]: one["label"] for one in body["options"]}


def edition(session: Session) -> str:
    return drafting.edition(document(session, "colours", "choice_list"))


def upload(browser: FlaskClient, session: Session, text: str | bytes) -> Any:
    data = text.encode() if isinstance(text, str) else text
    said = {"edition": edition(session), "file": (io.BytesIO(data), "texts.csv")}
    return browser.post(f"{BASE}/translate", data=said)


def test_every_text_stands_side_by_side_and_what_is_missing_is_counted(author: FlaskClient) -> None:
    page = author.get(f"{BASE}/translate").text
    for word in (
        "English: 1 of 4 missing",
        "Chinese: 2 of 4 missing",
        "Label of option “Red”",
        'name="v:/options/1/label/zh"',
        'name="v:/title/de"',
    ):
        assert word in page
    missing = author.get(f"{BASE}/translate?missing=yes").text
    assert 'name="v:/title/en"' not in missing
    assert 'name="v:/options/0/label/zh"' in missing
    assert 'name="missing" value="yes"' in missing


def test_texts_are_edited_in_place_and_a_plain_one_becomes_one_of_two_languages(
    author: FlaskClient, session: Session
) -> None:
    said = {"tab": "translate", "edition": edition(session), "v:/options/1/label/en": "Blue"}
    assert author.post(f"{BASE}/edit", data=said).status_code == 303
    assert options(session)["blue"] == "Blue"
    said = {"tab": "translate", "edition": edition(session), "missing": "yes", "v:/options/1/label/zh": "蓝"}
    answer = author.post(f"{BASE}/edit", data=said, headers={"X-Requested-With": "fetch"})
    assert options(session)["blue"] == {"en": "Blue", "zh": "蓝"}
    assert "Chinese: 1 of 4 missing" in answer.text
    assert 'name="v:/options/1/label/zh"' not in answer.text


def test_texts_of_one_list_are_taken_away_together(author: FlaskClient, session: Session) -> None:
    base = "/studio/fulfilment_plan/it/steps"
    task = "{key: do, title: {en: Do}, checklist: [One, Two, Three]}"
    text = f"kind: fulfilment_plan\ndepartment: it\nkey: steps\ntitle: {{en: Steps}}\ntasks: [{task}]\n"
    assert author.post(f"{base}/text", data={"text": text, "edition": "new"}).status_code == 303
    known = drafting.edition(document(session, "steps", "fulfilment_plan"))
    list_at = "v:/tasks/0/checklist"
    said = {f"{list_at}/0/en": "", f"{list_at}/1/en": "", f"{list_at}/2/en": "3"}
    assert author.post(f"{base}/edit", data={"edition": known, **said}).status_code == 303
    assert document(session, "steps", "fulfilment_plan").draft_body["tasks"][0]["checklist"] == ["3"]


def test_a_file_goes_out_and_comes_back(author: FlaskClient, session: Session) -> None:
    answer = author.get(f"{BASE}/texts.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert rows[0] == ["place", "where", "en", "zh", "de"]
    assert rows[2] == ["options[red].label", "Label of option “Red”", "Red", "", ""]
    assert b"attachment" in answer.headers["Content-Disposition"].encode()
    back = "place,where,zh,fr!\noptions[red].label,,红,x\noptions[pink].label,,粉,\ntitle,,,\n,,,\n"
    page = upload(author, session, back).text
    assert options(session) == {"red": {"en": "Red", "zh": "红"}, "blue": "Blue", "green": {"zh": "绿"}}
    assert "Texts taken over from the file: 1." in page
    assert "<code>options[pink].label</code>: The document has no text at this place." in page
    assert "<code>fr!</code>: This is no language tag." in page
    assert document(session, "colours", "choice_list").draft_body["title"]["zh"] == "颜色"


def test_the_same_file_changes_nothing(author: FlaskClient, session: Session) -> None:
    before = edition(session)
    data = author.get(f"{BASE}/texts.csv").get_data()
    assert "Texts taken over from the file: 0." in upload(author, session, data).text
    assert upload(author, session, data.replace(b",", b";")).status_code == 200
    assert edition(session) == before


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b'place,en\n"open', b"place\n" + b"x\n" * 5001, b"x" * (2**21 + 2)]
)
def test_what_is_no_such_file_is_refused_in_words(author: FlaskClient, session: Session, data: bytes) -> None:
    before = edition(session)
    answer = upload(author, session, data)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert edition(session) == before


def test_a_file_over_a_change_that_somebody_made_meanwhile_overwrites_nothing(
    author: FlaskClient, session: Session
) -> None:
    before = edition(session)
    other = {"edition": before, "v:/options/0/label/zh": "赤"}
    assert author.post(f"{BASE}/edit", data=other).status_code == 303
    file = io.BytesIO("place,zh\noptions[red].label,红\n".encode())
    assert author.post(f"{BASE}/translate", data={"edition": before, "file": (file, "t.csv")}).status_code == 409
    assert options(session)["red"]["zh"] == "赤"


def test_the_file_is_for_authors(author: FlaskClient, browser_of: Browser) -> None:
    assert browser_of(PLAIN).get(f"{BASE}/texts.csv").status_code == 404
    assert browser_of(PLAIN).post(f"{BASE}/translate").status_code == 404
