"""Forms as they are written: every mistake with its place, and what a compiled form tells of itself."""

from __future__ import annotations

import pytest

from servicehall.domain.expression_types import STRING
from servicehall.errors import Invalid
from servicehall.forms import FIELD_TYPES, check_form, compile_form, compile_form_cached
from servicehall.texts import use_locale


def page(*fields, **more):
    return {"pages": [{"key": "main", "fields": list(fields), **more}]}


def found(form, **given):
    return [(one.path, one.code) for one in check_form(form, **given)]


TEXT = {"key": "a", "type": "text"}
COMPUTED = {"key": "a", "type": "computed", "value": "1", "as": "integer"}
OPTIONS = [{"key": "x", "label": "X"}]


@pytest.mark.parametrize(
    ("field", "path", "code"),
    [
        ({"key": "a"}, "type", "unknown_type"),
        ({"key": "a", "type": "nteger"}, "type", "unknown_type"),
        ({"key": "a", "type": ["text"]}, "type", "unknown_type"),
        ({"type": "text"}, "key", "type"),
        ({"key": "Name", "type": "text"}, "key", "type"),
        ({"key": "a-b", "type": "text"}, "key", "type"),
        ({"key": "a" * 65, "type": "text"}, "key", "type"),
        *(
            ({"key": key, "type": "text"}, "key", "reserved")
            for key in ("type", "int", "null_type", "requester", "today", "value", "answers", "in", "while", "list")
        ),
        ({**TEXT, "labl": "x"}, "labl", "unknown_property"),
        ({**TEXT, "options": OPTIONS}, "options", "unknown_property"),
        ({**TEXT, "label": 5}, "label", "type"),
        ({**TEXT, "label": {"en": 5}}, "label", "type"),
        ({**TEXT, "help": {"not a locale": "x"}}, "help", "type"),
        ({**TEXT, "required": "yes please"}, "required", "syntax"),
        ({**TEXT, "required": 1}, "required", "type"),
        ({**TEXT, "visible": "nothing > 1"}, "visible", "unknown_name"),
        ({**TEXT, "visible": "requester.departmant == 'x'"}, "visible", "unknown_name"),
        ({**TEXT, "read_only": "a"}, "read_only", "type"),
        ({**TEXT, "min_length": -1}, "min_length", "type"),
        ({**TEXT, "min_length": 5, "max_length": 2}, "min_length", "range"),
        ({**TEXT, "pattern": "("}, "pattern", "pattern"),
        ({**TEXT, "pattern": "(?=lookahead)"}, "pattern", "pattern"),
        ({**TEXT, "pattern": "x{1000}{1000}{1000}"}, "pattern", "pattern"),
        ({**TEXT, "classification": "top"}, "classification", "type"),
        ({**TEXT, "share_with": "it"}, "share_with", "type"),
        ({**TEXT, "reopens": [1]}, "reopens", "type"),
        ({**TEXT, "report": "yes"}, "report", "type"),
        ({**TEXT, "default": 5}, "default", "type"),
        ({**TEXT, "default": {"value": "b"}}, "default.value", "unknown_name"),
        ({**TEXT, "default": {"value": "requester.is_manager"}}, "default.value", "type"),
        ({**TEXT, "default": {"value": "below"}}, "default.value", "order"),
        ({**TEXT, "default": {"value": "request.priority"}}, "default.value", "order"),
        ({**TEXT, "default": {"valeu": "today"}}, "default.valeu", "unknown_property"),
        ({**TEXT, "check": "value == 'x'"}, "check", "type"),
        ({**TEXT, "check": ["value == 'x'"]}, "check[0]", "type"),
        ({**TEXT, "check": [{"rule": "value > 5"}]}, "check[0].rule", "type"),
        ({**TEXT, "check": [{"message": "x"}]}, "check[0].rule", "syntax"),
        ({**TEXT, "check": [{"rule": "true", "text": "x"}]}, "check[0].text", "unknown_property"),
        ({"key": "a", "type": "integer", "min": "1"}, "min", "type"),
        ({"key": "a", "type": "integer", "min": 5, "max": 1}, "min", "range"),
        ({"key": "a", "type": "integer", "step": 0}, "step", "range"),
        ({"key": "a", "type": "integer", "min": 5, "default": 1}, "default", "type"),
        ({"key": "a", "type": "decimal", "max": "x"}, "max", "type"),
        ({"key": "a", "type": "money", "currency": "XXQ"}, "currency", "currency"),
        ({"key": "a", "type": "money", "default": "1.005"}, "default", "type"),
        ({"key": "a", "type": "date", "min": "2026-02-30"}, "min", "type"),
        ({"key": "a", "type": "rating", "max": 99}, "max", "range"),
        ({"key": "a", "type": "file", "default": {"sha256": "x"}}, "default", "type"),
        ({"key": "a", "type": "choice"}, "options", "type"),
        ({"key": "a", "type": "choice", "options": []}, "options", "type"),
        ({"key": "a", "type": "choice", "options": {"use": "countries"}}, "options", "unresolved"),
        ({"key": "a", "type": "choice", "options": {"from": "gone"}}, "options.from", "unknown_name"),
        ({"key": "a", "type": "choice", "options": {"from": "a"}}, "options.from", "cycle"),
        ({"key": "a", "type": "choice", "options": {"from": "below"}}, "options.from", "type"),
        ({"key": "a", "type": "choice", "options": [*OPTIONS, *OPTIONS]}, "options[1].key", "duplicate"),
        ({"key": "a", "type": "choice", "options": [{"key": True}]}, "options[0].key", "type"),
        ({"key": "a", "type": "choice", "options": [{"key": "x", "price": "much"}]}, "options[0].price", "type"),
        ({"key": "a", "type": "choice", "options": [{"key": "x", "when": "b"}]}, "options[0].when", "unknown_name"),
        ({"key": "a", "type": "choice", "options": OPTIONS, "default": "y"}, "default", "type"),
        ({"key": "a", "type": "choices", "options": OPTIONS, "default": ["x", "y"]}, "default", "type"),
        ({"key": "a", "type": "computed", "as": "text"}, "value", "required"),
        ({"key": "a", "type": "computed", "value": "1"}, "as", "required"),
        ({"key": "a", "type": "computed", "value": "1", "as": "number"}, "as", "type"),
        ({"key": "a", "type": "computed", "value": "'x'", "as": "money"}, "value", "type"),
        ({"key": "a", "type": "computed", "value": "a", "as": "text"}, "", "cycle"),
        ({**COMPUTED, "required": True}, "required", "unknown_property"),
        ({**COMPUTED, "currency": "CNY"}, "currency", "unknown_property"),
        ({"key": "a", "type": "note", "required": True}, "required", "unknown_property"),
        ({"key": "a", "type": "table"}, "columns", "required"),
        ({"key": "a", "type": "table", "columns": [{"key": "b", "type": "table"}]}, "columns[0].type", "unknown_type"),
        ({"key": "a", "type": "table", "columns": [TEXT, TEXT]}, "columns[1].key", "duplicate"),
        ({"key": "a", "type": "table", "columns": [{**TEXT, "report": 1}]}, "columns[0].report", "type"),
        ({"key": "a", "type": "table", "columns": [{**TEXT, "visible": "c"}]}, "columns[0].visible", "unknown_name"),
        ({"key": "a", "type": "table", "columns": [TEXT], "min_rows": 5, "max_rows": 2}, "min_rows", "range"),
        ({"key": "a", "type": "table", "columns": [TEXT], "max_rows": 9999}, "max_rows", "range"),
        ({"key": "a", "type": "table", "columns": [{**TEXT, "visible": "a == 'x'"}]}, "columns", "cycle"),
        ({"use": "shared/address"}, "", "unresolved"),
        ("text", "", "type"),
        (None, "", "type"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(field, path, code):
    problems = found(page(field, {"key": "below", "type": "text"}))
    here = "pages[0].fields[0]"
    assert (f"{here}.{path}" if path else here, code) in problems


def test_all_mistakes_are_told_at_once():
    form = page(
        {"key": "a", "type": "text", "visible": "b == 'x'", "foo": 1},
        {"key": "b", "type": "text", "visible": "a == 'x'", "pattern": "("},
        {"key": "c", "type": "integer", "required": "zzz > 1", "default": "x"},
    )
    assert set(found(form)) == {
        ("pages[0].fields[0].foo", "unknown_property"),
        ("pages[0].fields[0]", "cycle"),
        ("pages[0].fields[1].pattern", "pattern"),
        ("pages[0].fields[2].required", "unknown_name"),
        ("pages[0].fields[2].default", "type"),
    }
    with pytest.raises(Invalid) as caught:
        compile_form(form)
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize(
    ("form", "path", "code"),
    [
        ([], "", "type"),
        ({"pages": {}}, "pages", "type"),
        ({"pages": ["x"]}, "pages[0]", "type"),
        ({"pages": [{"fields": []}]}, "pages[0].key", "type"),
        ({"pages": [{"key": "a", "fields": {}}]}, "pages[0].fields", "type"),
        ({"pages": [{"key": "a"}, {"key": "a"}]}, "pages[1].key", "duplicate"),
        ({"pages": [{"key": "a", "visible": "zz"}]}, "pages[0].visible", "unknown_name"),
        ({"pages": [{"key": "a", "titel": "x"}]}, "pages[0].titel", "unknown_property"),
        ({"steps": []}, "steps", "unknown_property"),
        ({"pages": [], "fields": []}, "pages", "unknown_property"),
        ({"fields": [{"key": "a", "type": "x"}]}, "fields[0].type", "unknown_type"),
    ],
)
def test_mistakes_of_pages_are_named(form, path, code):
    assert (path, code) in found(form)


def test_cycles_of_cascades_are_refused():
    form = page(
        {"key": "a", "type": "choice", "options": {"from": "b"}},
        {"key": "b", "type": "choice", "options": {"from": "a"}},
    )
    assert ("pages[0].fields[1].options.from", "cycle") in found(form)


def test_keys_are_unique_over_all_pages():
    pages = [{"key": "one", "fields": [TEXT]}, {"key": "two", "fields": [TEXT]}]
    assert found({"pages": pages}) == [("pages[1].fields[0].key", "duplicate")]


def test_a_form_may_be_empty_and_short():
    for form in (None, {}, {"pages": []}, {"fields": []}):
        assert compile_form(form).fields == ()


def test_display_fields_need_no_key():
    form = compile_form(page({"type": "note", "help": "Hello"}, {"type": "section", "label": "S"}, {"type": "note"}))
    assert [field.key for field in form.fields] == ["note_1", "section_1", "note_2"]


def test_tasks_may_be_asked_where_they_are_known():
    form = page({**TEXT, "visible": "tasks.create_accounts.login == 'x'"})
    assert found(form, tasks={"create-accounts": {"login": STRING}}) == []
    assert found(form) == [("pages[0].fields[0].visible", "unknown_name")]


def test_paths_begin_where_the_caller_says():
    assert found(page({**TEXT, "x": 1}), path="form") == [("form.pages[0].fields[0].x", "unknown_property")]


def test_one_form_is_compiled_once_for_its_key():
    form = page(TEXT)
    assert compile_form_cached("k1", form) is compile_form_cached("k1", form)
    assert compile_form_cached("k1", form) is not compile_form_cached("k2", form)


def test_what_others_need_to_know_of_a_field():
    field = {**TEXT, "classification": "secret", "share_with": ["it"], "reopens": ["manager"], "report": True}
    made = compile_form(page(field, {"key": "b", "type": "text", "reopens": []}, {"key": "c", "type": "text"})).fields
    assert (made[0].classification, made[0].share_with, made[0].reopens, made[0].report) == (
        "secret", ("it",), ("manager",), True,
    )  # fmt: skip
    assert (made[1].reopens, made[2].reopens) == ((), None)
    assert (made[2].classification, made[2].page, made[2].currency) == ("public", "main", None)


class TestJsonSchema:
    form = compile_form(
        page(
            {"key": "who", "type": "person", "label": {"en": "Who", "zh": "谁"}, "required": True},
            {"key": "n", "type": "integer", "min": 1, "max": 5, "visible": "has(answers.who)", "help": "Count"},
            {"key": "c", "type": "choice", "options": [{"key": "x", "label": "X", "when": "n > 1"}, {"key": "y"}]},
            {"key": "t", "type": "table", "columns": [{"key": "m", "type": "money", "required": "n > 1"}]},
            {"key": "s", "type": "computed", "value": "n * 2", "as": "integer"},
            {"key": "d", "type": "date", "default": {"value": "today"}, "read_only": True},
            {"key": "info", "type": "note", "help": "Read this"},
        )
    )

    def test_it_is_closed_and_says_what_is_required(self):
        schema = self.form.json_schema("en")
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["additionalProperties"] is False
        assert schema["required"] == ["who"]
        assert list(schema["properties"]) == ["who", "n", "c", "t", "s", "d"]

    def test_conditions_stand_in_it_as_text(self):
        properties = self.form.json_schema("en")["properties"]
        assert properties["n"]["x-visible"] == "has(answers.who)"
        assert properties["who"]["x-required"] is True
        assert properties["c"]["x-options-when"] == {"x": "n > 1"}
        assert properties["c"]["enum"] == ["x", "y"]
        assert properties["t"]["items"]["properties"]["m"]["x-required"] == "n > 1"
        assert properties["s"]["x-value"] == "n * 2"
        assert properties["s"]["readOnly"] is True
        assert properties["d"]["x-default"] == "today"

    def test_texts_come_in_the_language_asked_for(self):
        assert self.form.json_schema("zh")["properties"]["who"]["title"] == "谁"
        with use_locale("zh"):
            assert self.form.json_schema("en")["properties"]["who"]["title"] == "Who"

    def test_pages_keep_their_order_with_what_is_only_shown(self):
        fields = self.form.json_schema("en")["x-pages"][0]["fields"]
        assert fields[:6] == ["who", "n", "c", "t", "s", "d"]
        assert fields[6]["key"] == "info"

    def test_every_type_has_a_fragment(self):
        assert all(hasattr(kind, "schema_fragment") for kind in FIELD_TYPES.members())


def test_the_marshmallow_schema_refuses_types_and_unknown_keys():
    schema = TestJsonSchema.form.schema()
    assert schema.load({"who": "a", "n": 2}) == {"who": "a", "n": 2}
    assert set(schema.validate({"n": "2", "zz": 1})) == {"n", "zz"}
