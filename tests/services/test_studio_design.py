"""The Design tab: fields added, moved, named, copied and removed by buttons alone; what is wrong shows at its field."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import AUTHOR, PLAIN, document, look_again
from tests.forms import Forms

from servicehall.clock import now
from servicehall.services import drafting
from servicehall.services.visibility import as_viewer
from servicehall.web.accounts import person_of

Browser = Callable[[str], FlaskClient]
pytestmark = on_sqlite
BASE = "/studio/service/it/permit"
FIRST = "/form/pages/0/fields/0"
BODY: dict[str, Any] = {
    "kind": "service",
    "department": "it",
    "key": "permit",
    "type": "request",
    "title": {"en": "Permit"},
    "form": {
        "pages": [
            {
                "key": "car",
                "title": {"en": "Car"},
                "fields": [
                    {"key": "plate", "type": "text", "label": {"en": "Plate"}, "required": True},
                    {"key": "why", "type": "text", "label": {"en": "Why"}, "visible": 'plate == "x"'},
                ],
            },
            {"key": "more", "title": {"en": "More"}, "fields": []},
        ]
    },
    "fulfilment": {"tasks": [{"key": "print", "title": {"en": "Print"}}]},
}


class Designer:
    """One author's browser on the Design tab; `press` sends a button as the page does, and gives the draft after it."""

    def __init__(self, session: Session, browser: FlaskClient) -> None:
        self.session, self.browser = session, browser
        viewer = as_viewer(session, person_of(session, AUTHOR).id)
        drafting.save(("service", "it", "permit"), body=BODY, viewer=viewer, at=now())
        look_again(session)

    @property
    def row(self) -> Any:
        return document(self.session, "permit", "service")

    def send(self, path: str, **said: Any) -> Any:
        sent = {"edition": drafting.edition(self.row), "tab": "design", "form": "/form", **said}
        return self.browser.post(f"{BASE}/{path}", data=sent)

    def press(self, act: str = "", **said: Any) -> Any:
        answer = self.send("edit", **({"do": act} if act else {}), **said)
        assert answer.status_code == 303, answer.text
        body = self.row.draft_body
        assert body is not None
        return body["form"]["pages"]

    def page(self, query: str = "") -> str:
        answer = self.browser.get(f"{BASE}/design{query}")
        assert answer.status_code == 200
        return str(answer.text)


@pytest.fixture
def designer(session: Session, author: FlaskClient) -> Designer:
    return Designer(session, author)


def keys(pages: Any) -> list[list[str]]:
    return [[one.get("key", one.get("use")) for one in page["fields"]] for page in pages]


def test_a_field_is_added_named_by_its_label_moved_and_removed(designer: Designer) -> None:
    at = "/form/pages/0/fields/1"
    assert keys(designer.press("field::money", at=FIRST)) == [["plate", "money", "why"], []]
    assert f'value="name:{at}"' in designer.page(f"?at={at}")
    pages = designer.press(f"name:{at}", **{f"v:{at}/label/en": "Yearly fee"})
    assert keys(pages) == [["plate", "yearly_fee", "why"], []]
    assert 'value="name:' not in designer.page(f"?at={at}")
    assert keys(designer.press(f"shift:{at}:up")) == [["yearly_fee", "plate", "why"], []]
    assert keys(designer.press(f"send:{FIRST}", **{"to-page": "/form/pages/1/fields"})) == [
        ["plate", "why"],
        ["yearly_fee"],
    ]
    assert keys(designer.press("drop:/form/pages/1/fields/0")) == [["plate", "why"], []]


def test_a_field_s_properties_are_read_as_its_type_writes_them(designer: Designer) -> None:
    designer.press("field:/form/pages/0/fields/0:money")
    name = f"c:property:{FIRST}"
    (fee, *_others), _more = (
        page["fields"]
        for page in designer.press(
            **{
                f"{name}/min": "0.50",
                f"{name}/default": "12.00",
                f"{name}/currency": "EUR",
                f"c:field-rule:{FIRST}/required": ["=rule", 'plate != ""'],
                f"c:field-rule:{FIRST}/visible": ["=rule", ""],
                f"c:ticked:{FIRST}/share_with": ["", "it"],
                f"c:reopens:{FIRST}/reopens": ["none"],
            }
        )
    )
    said = {name: fee[name] for name in ("min", "default", "currency", "required", "share_with", "reopens")}
    assert said == {
        "min": "0.50",
        "default": "12.00",
        "currency": "EUR",
        "required": 'plate != ""',
        "share_with": ["it"],
        "reopens": [],
    }
    assert "visible" not in fee


def test_who_uses_a_field_is_said_before_it_goes_and_its_key_changes_with_the_rules(designer: Designer) -> None:
    page = designer.page(f"?at={FIRST}")
    assert "Rules use this field" in page
    assert "Why, Shown: plate == &#34;x&#34;" in page
    renamed = designer.press(f"rename:{FIRST}/key", **{f"n:{FIRST}/key": "number_plate", "along": "true"})
    assert renamed[0]["fields"][1]["visible"] == 'number_plate == "x"'
    assert "Rules use this field" not in designer.page("?at=/form/pages/0/fields/1")


def test_ticked_fields_are_copied_grouped_and_become_a_set(designer: Designer, session: Session) -> None:
    both = [FIRST, "/form/pages/0/fields/1"]
    copied = designer.browser.get(f"{BASE}/copied?form=/form&pick={both[0]}&pick={both[1]}").json
    pages = designer.press("paste:/form/pages/1/fields/0", clip=json.dumps(copied))
    assert keys(pages) == [["plate", "why"], ["plate_2", "why_2"]]
    assert pages[1]["fields"][1]["visible"] == 'plate_2 == "x"'
    assert keys(designer.press("group:", pick=["/form/pages/1/fields/0", both[1]])) == [
        ["plate", "section", "why", "plate_2"],
        ["why_2"],
    ]
    made = {"pick": ["/form/pages/0/fields/2", "/form/pages/1/fields/0"], "set-title": "About the car"}
    assert designer.send("field-set", **made).status_code == 303
    assert keys(designer.row.draft_body["form"]["pages"]) == [["plate", "section", "about-the-car", "plate_2"], []]
    made_set = document(session, "about-the-car", "field_set")
    assert [one["key"] for one in made_set.draft_body["fields"]] == ["why", "why_2"]
    assert designer.send("field-set", pick=[FIRST], **{"set-title": "About the car"}).status_code == 422
    assert keys(designer.row.draft_body["form"]["pages"])[0][0] == "plate"


def test_options_come_from_a_sheet_and_from_elsewhere(designer: Designer) -> None:
    designer.press("field:/form/pages/1/fields/0:choice")
    at = "/form/pages/1/fields/0/options"
    pages = designer.press(f"sheet:{at}", sheet="China\tShanghai\n\tBeijing\nGermany\tBerlin")
    assert [[one["key"] for one in option["options"]] for option in pages[1]["fields"][0]["options"]] == [
        ["shanghai", "beijing"],
        ["berlin"],
    ]
    assert pages[1]["fields"][1]["options"] == {"from": "choice"}
    assert "Beijing" in designer.page("?at=/form/pages/1/fields/0")
    said = {f"v:{at}/0/price": "12.50", f"v:{at}/0/label/zh": "中国", "option-en": "France"}
    (country, _city) = designer.press(f"option:{at}", **said)[1]["fields"]
    assert [(one["key"], one.get("price")) for one in country["options"]] == [
        ("china", "12.50"),
        ("germany", None),
        ("france", None),
    ]
    assert designer.press(f"source:{at}", **{f"n:{at}": "use=models"})[1]["fields"][0]["options"] == {"use": "models"}


def test_a_type_changes_and_what_is_wrong_stands_at_its_field(designer: Designer) -> None:
    pages = designer.press(f"retype:{FIRST}/type", **{f"n:{FIRST}/type": "long_text"})
    assert pages[0]["fields"][0]["type"] == "long_text"
    pages = designer.press(**{"c:field-rule:/form/pages/0/fields/1/visible": ["=rule", "plat == 5"]})
    row = designer.page().split('data-at="/form/pages/0/fields/1"', 1)[1]
    assert "There is no name plat here. Did you mean plate?" in row.split("</li>", 1)[0]


def test_a_task_s_form_is_designed_by_the_same_tab(designer: Designer) -> None:
    form = "/fulfilment/tasks/0/form"
    assert "Task: Print" in designer.page(f"?form={form}")
    designer.press("field::date", form=form)
    body = designer.row.draft_body
    assert body is not None
    assert body["fulfilment"]["tasks"][0]["form"]["fields"][0]["type"] == "date"


@pytest.mark.parametrize(
    "act",
    [
        "field:/approval/0:text",
        "field::nothing",
        "paste:",
        f"retype:{FIRST}/type:date",
        "shift:/title:up",
        "drop:/title/en",
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(designer: Designer, act: str) -> None:
    before = drafting.edition(designer.row)
    answer = designer.send("edit", do=act, clip="<script>")
    assert answer.status_code == 422
    assert drafting.edition(designer.row) == before


def test_nobody_else_copies_or_makes_sets_of_these_fields(designer: Designer, browser_of: Browser) -> None:
    other = browser_of(PLAIN)
    assert other.get(f"{BASE}/copied?form=/form&pick={FIRST}").status_code == 404
    assert other.post(f"{BASE}/field-set", data={"pick": FIRST, "set-title": "Mine"}).status_code == 404


@pytest.mark.parametrize(
    ("act", "said", "gone"),
    [
        ("drop:", {"pick": [FIRST]}, [["why"], []]),
        (f"drop:{FIRST}", {}, [["why"], []]),
        (f"remove:{FIRST}", {}, [["why"], []]),
        ("drop:", {"pick": [FIRST, "/form/pages/0/fields/1"]}, None),
    ],
)
def test_what_rules_use_is_removed_only_when_one_is_sure(
    designer: Designer, act: str, said: dict[str, Any], gone: Any
) -> None:
    """They are named, and the page offers the same once more; what nothing else names goes at once."""
    answer = designer.send("edit", do=act, **said)
    if gone is None:
        assert (answer.status_code, keys(designer.row.draft_body["form"]["pages"])) == (303, [[], []])
        return
    assert (answer.status_code, "Rules use what you remove." in answer.text) == (422, True)
    assert "plate == " in answer.text
    assert keys(designer.row.draft_body["form"]["pages"]) == [["plate", "why"], []]
    again = next(sent for _form, sent in Forms(answer.text).found if sent.get("do", [""])[-1].endswith(":sure"))
    assert designer.browser.post(f"{BASE}/edit", data=again).status_code == 303
    assert keys(designer.row.draft_body["form"]["pages"]) == gone
