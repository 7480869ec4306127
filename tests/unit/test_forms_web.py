"""Forms as pages: what a browser posts, rows without JavaScript, uploads, and the HTML that comes of it."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import CombinedMultiDict, FileStorage, MultiDict

import servicehall
from servicehall.domain.conditions import Context, PersonFacts
from servicehall.errors import UnsupportedMedia
from servicehall.forms import FileFacts, compile_form
from servicehall.texts import _, use_locale

ANA = PersonFacts(id="p1", name="Ana", email="ana@example.com", department="hr")
CONTEXT = Context(ANA, ANA, now=datetime(2026, 11, 22, 9, 30, tzinfo=UTC), today=date(2026, 11, 22))
SHA = "ab" * 32
FILE = FileFacts(SHA, "contract.pdf", "application/pdf", 1234)
TEMPLATES = Path(servicehall.__file__).parent / "web" / "templates"


class People:
    def __init__(self, count=2):
        self.people = [(f"p{n}@example.com", f"Person {n}") for n in range(count)]

    def exists(self, kind, key):
        return key in dict(self.people)

    def label(self, kind, key, locale):
        return dict(self.people).get(key, key)

    def search(self, kind, q, limit):
        return self.people[:limit]

    def file(self, sha256):
        return FILE if sha256 == SHA else None


def form(*fields):
    return compile_form({"pages": [{"key": "main", "title": "Main", "fields": list(fields)}]})


def field(key, kind="text", **more):
    return {"key": key, "type": kind, "label": key.capitalize(), **more}


def post(compiled, *pairs, **given):
    data = MultiDict([(f"answers-{name}", value) for name, value in pairs])
    return compiled.web(data, CONTEXT, **{"lookup": People(), **given})


def render(web):
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.globals["_"] = _
    return str(environment.get_template("macros/form.html").module.pages(web, "/search"))


OPTIONS = [{"key": "a", "label": "A"}, {"key": "b", "label": "B"}]
ITEMS = field(
    "items",
    "table",
    columns=[field("what", required=True), field("count", "integer", default=1), field("new", "boolean")],
)


class TestPosted:
    @pytest.mark.parametrize(
        ("kind", "posted", "raw"),
        [
            ({"type": "text"}, ["x"], "x"),
            ({"type": "text"}, [""], None),
            ({"type": "integer"}, ["12"], 12),
            ({"type": "integer"}, ["1.5"], "1.5"),
            ({"type": "integer"}, ["²"], "²"),
            ({"type": "decimal"}, ["1.50"], "1.50"),
            ({"type": "boolean"}, ["false", "true"], True),
            ({"type": "boolean"}, ["false"], False),
            ({"type": "boolean"}, ["maybe"], "maybe"),
            ({"type": "choice", "options": OPTIONS}, ["", "b"], "b"),
            ({"type": "choice", "options": OPTIONS}, [""], None),
            ({"type": "choices", "options": OPTIONS}, ["", "b", "a"], ["b", "a"]),
            ({"type": "choices", "options": OPTIONS}, [""], None),
            ({"type": "rating"}, ["", "4"], 4),
            ({"type": "datetime"}, ["2026-11-22T17:00"], "2026-11-22T09:00:00Z"),
            ({"type": "datetime"}, ["whenever"], "whenever"),
            ({"type": "file"}, [SHA], {"sha256": SHA}),
            ({"type": "file"}, [SHA, ""], None),
        ],
    )
    def test_a_browser_posts_what_an_api_client_would_send(self, kind, posted, raw):
        compiled = form({"key": "it", **kind})
        web = post(compiled, *(("it", value) for value in posted), zone=ZoneInfo("Asia/Shanghai"))
        assert web.raw() == {"it": raw}

    def test_what_is_not_posted_is_absent_and_may_get_its_default(self):
        compiled = form(field("a", default="x"), field("b", default="y"))
        assert post(compiled, ("a", "")).checked.answers == {"b": "y"}

    def test_what_was_refused_stays_as_it_was_typed_beside_its_error(self):
        web = post(form(field("n", "integer")), ("n", "12x"))
        assert (web.field("n").value, web.field("n").errors) == ("12x", ("This must be a whole number.",))

    def test_foreign_names_are_not_looked_at(self):
        web = post(form(field("a")), ("a", "x"), ("state", "approved"), ("items-999999999-x", "y"))
        assert (web.raw(), web.errors) == ({"a": "x"}, ())

    def test_read_only_and_stored_values_are_shown(self):
        compiled = form(field("a", read_only=True, default="x"), field("when", "datetime"))
        answers = {"a": "stored", "when": "2026-11-22T09:00:00Z"}
        web = compiled.web(None, CONTEXT, lookup=People(), answers=answers, zone=ZoneInfo("Asia/Shanghai"))
        assert web.field("a").value == "stored"
        assert web.field("when").value == "2026-11-22T17:00"
        assert web.field("when").display == "22 Nov 2026, 17:00"

    def test_a_page_that_is_opened_shows_no_errors(self):
        web = form(field("a", required=True)).web(None, CONTEXT, lookup=People())
        assert web.field("a").errors == ()
        assert [one.code for one in web.errors] == ["required"]


class TestRows:
    compiled = form(ITEMS, field("size", "computed", value="size(items)", **{"as": "integer"}))

    def names(self, web):
        return [[cell.name for cell in row.cells] for row in web.field("items").rows]

    def test_an_empty_row_waits_with_its_defaults(self):
        web = self.compiled.web(None, CONTEXT, lookup=People())
        assert self.names(web) == [["answers-items-0-what", "answers-items-0-count", "answers-items-0-new"]]
        assert web.field("items").rows[0].cells[1].value == "1"
        assert web.checked.answers == {}

    def test_a_row_left_as_it_was_is_not_sent(self):
        row = [("items-0-what", ""), ("items-0-count", "1"), ("items-0-new", "false")]
        assert post(self.compiled, *row).errors == ()
        assert post(self.compiled, *row, ("items-1-what", "pen")).raw() == {"items": [{"what": "pen"}]}

    def test_a_button_adds_a_row_and_shows_no_errors(self):
        web = post(self.compiled, ("items-0-what", ""), ("items-0-count", "x"), ("items-add", "1"))
        assert web.rearranged
        assert len(web.field("items").rows) == 2
        assert web.field("items").rows[0].cells[1].value == "x"
        assert all(cell.errors == () for row in web.field("items").rows for cell in row.cells)

    def test_a_button_removes_its_row(self):
        rows = [("items-0-what", "pen"), ("items-1-what", "cap"), ("items-7-what", "bag")]
        web = post(self.compiled, *rows, ("items-remove", "1"))
        assert web.rearranged
        assert web.raw() == {"items": [{"what": "pen"}, {"what": "bag"}]}
        assert post(self.compiled, *rows, ("items-remove", "7")).raw() == {"items": [{"what": "pen"}, {"what": "cap"}]}

    @pytest.mark.parametrize("number", ["x", "-1", "²", "99999999999999999999", ""])
    def test_a_number_that_is_none_removes_nothing(self, number):
        web = post(self.compiled, ("items-0-what", "pen"), ("items-remove", number), (f"items-{number}-what", "z"))
        assert {"what": "pen"} in web.raw()["items"]

    def test_errors_stand_in_their_cells(self):
        web = post(self.compiled, ("items-0-what", "pen"), ("items-3-count", "x"))
        cells = {cell.path: cell.errors for row in web.field("items").rows for cell in row.cells}
        assert cells["items[1].what"] == ("This needs an answer.",)
        assert cells["items[1].count"] == ("This must be a whole number.",)

    def test_no_more_rows_than_the_table_takes_are_read(self):
        compiled = form({**ITEMS, "max_rows": 2})
        rows = [(f"items-{n}-what", "x") for n in range(5)]
        web = post(compiled, *rows)
        assert len(web.raw()["items"]) == 2
        assert not web.field("items").can_add


class TestUploads:
    compiled = form(field("contract", "file", required=True), ITEMS)

    def upload(self, *pairs, store=lambda file: FILE, name="answers-contract"):
        data = MultiDict([(f"answers-{key}", value) for key, value in pairs])
        files = MultiDict([(name, FileStorage(io.BytesIO(b"x"), filename="contract.pdf"))])
        return self.compiled.web(CombinedMultiDict([data, files]), CONTEXT, lookup=People(), store=store)

    def test_an_upload_is_stored_and_answers_the_field(self):
        assert self.upload().checked.answers["contract"] == FILE.as_answer()

    def test_a_new_upload_replaces_the_file_that_was_kept(self):
        assert self.upload(("contract", "cd" * 32)).errors == ()

    def test_a_refused_upload_says_why_at_its_field(self):
        def refuse(file):
            raise UnsupportedMedia("No programs, please.")

        web = self.upload(store=refuse)
        assert [(one.path, one.code, one.message) for one in web.errors] == [
            ("contract", "upload", "No programs, please.")
        ]

    def test_no_file_is_no_answer(self):
        files = MultiDict([("answers-contract", FileStorage(io.BytesIO(b""), filename=""))])
        web = self.compiled.web(files, CONTEXT, lookup=People(), store=lambda file: FILE)
        assert [one.code for one in web.errors] == ["required"]


class TestControls:
    def test_few_options_are_radios_and_many_or_cascading_ones_a_list(self):
        many = [{"key": f"o{n}"} for n in range(9)]
        nested = [{"key": "a", "options": OPTIONS}]
        compiled = form(
            field("few", "choice", options=OPTIONS),
            field("many", "choice", options=many),
            field("top", "choice", options=nested),
            field("under", "choice", options={"from": "top"}),
        )
        web = compiled.web(None, CONTEXT, lookup=People())
        assert [one.control for one in web.fields()] == ["radio", "select", "select", "select"]

    def test_people_are_a_list_where_all_fit_else_searched_for_and_else_typed(self):
        compiled = form(field("boss", "person"))
        few = compiled.web(None, CONTEXT, lookup=People(), answers={"boss": "gone@example.com"}).field("boss")
        assert few.control == "select"
        assert [option.key for option in few.options if option.selected] == ["gone@example.com"]
        many = compiled.web(None, CONTEXT, lookup=People(999), answers={"boss": "p7@example.com"})
        assert many.field("boss").control == "picker"
        assert [(option.key, option.label) for option in many.field("boss").options] == [("p7@example.com", "Person 7")]
        assert 'data-search="/search?kind=person"' in render(many)
        assert compiled.web(None, CONTEXT, lookup=People(0)).field("boss").control == "input"

    def test_without_scripts_the_typed_key_counts(self):
        compiled = form(field("boss", "person"))
        assert post(compiled, ("boss", "p0@example.com"), ("boss", "p1@example.com")).raw() == {
            "boss": "p1@example.com"
        }

    def test_the_digest_follows_the_state_but_not_what_is_typed(self):
        compiled = form(field("a"), field("b", visible="a == 'x'"))
        one, two, three = (post(compiled, ("a", text)) for text in ("p", "q", "x"))
        assert [w.field("a").digest for w in (two, three)] == [one.field("a").digest] * 2
        assert one.field("b").digest == two.field("b").digest != three.field("b").digest


EVERYTHING = form(
    *(
        field(kind, kind, help="<b>Hint</b>")
        for kind in ("text", "long_text", "integer", "decimal", "money", "boolean", "date", "datetime", "time")
    ),
    *(
        field(f"{kind}_x", kind, required=True)
        for kind in ("duration", "email", "phone", "url", "person", "file", "rating")
    ),
    field("one", "choice", options=OPTIONS),
    field("several", "choices", options=OPTIONS, required=True),
    field("hidden", visible="text == 'show'"),
    field("part", "section"),
    field("words", "note", help="Read <script>alert(1)</script>"),
    field("sum", "computed", value="integer * 2", **{"as": "integer"}),
    ITEMS,
)


class TestHtml:
    def test_every_control_has_a_label_and_every_error_its_place(self):
        html = render(post(EVERYTHING, ("integer", "x"), ("text", '"><script>'), ("items-0-count", "y")))
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        for reference in re.findall(r'(?:for|aria-describedby)="([^"]+)"', html):
            assert set(reference.split()) <= set(ids)
        controls = re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', html)
        labelled = set(re.findall(r'for="([^"]+)"', html))
        wrapped = set(re.findall(r'<label class="form-check[^"]*"><input[^>]* id="([^"]+)"', html))
        assert set(controls) <= labelled | wrapped
        assert html.count('aria-invalid="true"') == html.count("invalid-feedback d-block")
        assert "<script>" not in html
        assert "<b>" not in html

    def test_invisible_fields_are_empty_hidden_wrappers(self):
        html = render(EVERYTHING.web(None, CONTEXT, lookup=People()))
        assert re.search(r'<div id="field-hidden" data-field="hidden"[^>]* hidden></div>', html)

    def test_required_is_said_in_words_in_both_languages(self):
        assert "(required)" in render(EVERYTHING.web(None, CONTEXT, lookup=People()))
        with use_locale("zh"):
            assert "(必填)" in render(EVERYTHING.web(None, CONTEXT, lookup=People()))

    def test_posting_the_page_as_it_stands_answers_what_it_showed(self):
        stored = {
            "text": "a & b", "long_text": "\n\nx\ny", "integer": 5, "decimal": "1.50", "money": "2.00", "boolean": True,
            "date": "2026-11-22", "datetime": "2026-11-22T09:00:00Z", "time": "09:30", "duration_x": "P1DT4H",
            "email_x": "a@example.com", "phone_x": "+4930901820;ext=12", "url_x": "https://example.com/?a=1&b=2",
            "person_x": "p1@example.com", "file_x": FILE.as_answer(), "rating_x": 3, "one": "b", "several": ["a", "b"],
            "sum": 10, "items": [{"what": "pen", "count": 2, "new": True}, {"what": "cap", "new": False}],
        }  # fmt: skip
        stored["long_text"] = "x\n\ny"
        web = EVERYTHING.web(None, CONTEXT, lookup=People(), answers=stored)
        again = EVERYTHING.web(MultiDict(successful(render(web))), CONTEXT, lookup=People(), answers=stored)
        assert again.errors == ()
        assert again.checked.answers == stored


def successful(html):
    """The pairs that a browser would send for this HTML (HTML 4.10.21.4, as far as it is used here)."""
    import html as entities

    pairs = []
    for tag in re.finditer(r"<(input|select|textarea)\b([^>]*)>(.*?(?=<))?", html, re.S):
        kind, text = tag[1], tag[2]
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', text))
        name, value = found.get("name"), entities.unescape(found.get("value", ""))
        if kind == "textarea":
            body = html[tag.end(2) + 1 : html.index("</textarea>", tag.end(2))]
            value = entities.unescape(body.removeprefix("\n"))
        if kind == "select":
            body = html[tag.end(2) : html.index("</select>", tag.end(2))]
            chosen = re.search(r'<option value="([^"]*)" selected', body)
            value = chosen[1] if chosen else ""
        if found.get("type") in ("checkbox", "radio") and not text.rstrip().endswith("checked"):
            continue
        if name and found.get("type") != "file":
            pairs.append((name, value))
    return pairs
