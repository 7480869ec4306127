"""What the designer does to a form: the document stays readable, and no act gives two fields one answer key."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servicehall.documents import field_changes, form_edits, option_sheets
from servicehall.documents.canonical import dump
from servicehall.documents.form_places import entries, in_order, lists
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.patching import patched, value_at
from servicehall.documents.rule_uses import uses
from servicehall.documents.source import read_yaml
from servicehall.errors import Invalid
from servicehall.forms.fields import FIELD_TYPES

FORM = "/form"


def field(key: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"key": key, "type": kind, "label": {"en": key}, **more}


def service(*pages: list[Any], **more: Any) -> dict[str, Any]:
    made = [{"key": f"p{n}", "title": {"en": f"P{n}"}, "fields": fields} for n, fields in enumerate(pages)]
    return {"kind": "service", "department": "it", "key": "a", "type": "request", "form": {"pages": made}, **more}


def keys(body: Any, form: str = FORM) -> list[str]:
    return [one.key for one in entries(body, form) if not one.column]


def do(body: Any, operations: Any) -> dict[str, Any]:
    return patched(body, operations)


TWO_PAGES = service(
    [field("who"), field("why", visible='who == "me"'), field("rows", "table", columns=[field("what"), field("who")])],
    [field("total", "computed", **{"as": "integer", "value": "size(answers.who) + rows.map(r, r.what).size()"})],
    approval={"stages": [{"key": "lead", "approvers": [{"field": "who"}], "when": 'has(answers.who) && who != "who"'}]},
)


@st.composite
def acts(draw: st.DrawFn) -> list[tuple[str, int, int, str]]:
    names = ("field", "page", "move", "step", "double", "remove", "group", "paste", "set", "rename", "retype")
    step = st.tuples(st.sampled_from(names), st.integers(0, 40), st.integers(0, 40), st.sampled_from(list(FIELD_TYPES)))
    return draw(st.lists(step, max_size=10))


def perform(body: dict[str, Any], act: tuple[str, int, int, str]) -> list[Any]:
    """One act at places that the numbers choose."""
    name, n, m, kind = act
    found = [one.pointer for one in entries(body, FORM)]
    held = [*lists(body, FORM), "/form/pages/0/fields/2/columns"]
    place = f"{held[n % len(held)]}/{m}"
    if name == "field":
        return form_edits.insert(body, FORM, place, [form_edits.new_field(kind)], used=["brought"])
    if name == "page":
        return form_edits.add_page(body, FORM, n)
    if not found:
        return []
    one, other = found[n % len(found)], found[m % len(found)]
    if name == "rename":
        return field_changes.new_key(body, FORM, one, f"k_{m}", along=True, used=["brought"])
    if name == "retype":
        near = field_changes.compatible(value_at(body, one).get("type", ""))
        return field_changes.retype(body, one, near[m % len(near)]) if near else []
    return {
        "move": lambda: form_edits.move(body, FORM, [one, other], place),
        "step": lambda: form_edits.step(body, FORM, one, 1 if m % 2 else -1),
        "double": lambda: form_edits.double(body, FORM, [one, other]),
        "remove": lambda: form_edits.remove(body, FORM, [one, other]),
        "group": lambda: form_edits.group(body, FORM, [one, other]),
        "paste": lambda: form_edits.insert(body, FORM, place, form_edits.values_of(body, FORM, [one, other])),
        "set": lambda: form_edits.put_set_in_place(body, FORM, [one], "it/set"),
    }[name]()


@settings(max_examples=50)
@given(acts())
def test_whatever_is_done_the_document_reads_and_no_key_is_there_twice(done: list[tuple[str, int, int, str]]) -> None:
    body = copy.deepcopy(TWO_PAGES)
    for act in done:
        try:
            body = do(body, perform(body, act))
        except Invalid:
            continue
        assert [key for key, count in Counter(filter(None, keys(body))).items() if count > 1] == []
        for table in [one for one in entries(body, FORM) if one.value.get("type") == "table"]:
            inner = [one.get("key") for one in table.value.get("columns", ())]
            assert len(inner) == len(set(inner))
        assert "brought" not in keys(body)
        text = dump(KINDS["service"].part, body)
        assert read_yaml(text).value == body


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 1), st.integers(0, 5))
def test_moving_loses_nothing_and_keeps_the_order(sources: list[int], page: int, index: int) -> None:
    body = service([field(one) for one in "abcd"], [field(one) for one in "xyz"])
    chosen = [f"/form/pages/0/fields/{n}" for n in sources]
    wanted = ["abcd"[n] for n in sorted(set(sources))]
    target = f"/form/pages/{page}/fields/{min(index, 4 if page == 0 else 3)}"
    after = keys(do(body, form_edits.move(body, FORM, chosen, target)))
    assert sorted(after) == sorted("abcdxyz")
    start = after.index(wanted[0])
    assert after[start : start + len(wanted)] == wanted


def test_a_new_field_takes_a_free_key_and_what_its_type_needs() -> None:
    body = service([field("text"), field("text_2")])
    (put,) = form_edits.insert(body, FORM, "/form/pages/0/fields/1", [form_edits.new_field("text")], used=["text_3"])
    assert (put["path"], put["value"]["key"]) == ("/form/pages/0/fields/1", "text_4")
    assert form_edits.new_field("choice")["options"]
    assert form_edits.new_field("table")["columns"]


def test_a_form_that_is_not_there_begins_with_its_first_field() -> None:
    bare = {"kind": "service", "department": "it", "key": "a", "fulfilment": {"tasks": [{"key": "do"}]}}
    at = "/fulfilment/tasks/0/form"
    body = do(bare, form_edits.insert(bare, at, f"{at}/fields/0", [form_edits.new_field("date")]))
    assert keys(body, at) == ["date"]
    paged = do(bare, form_edits.insert(bare, FORM, "/form/fields/0", [form_edits.new_field("date")]))
    paged = do(paged, form_edits.add_page(paged, FORM, 0))
    assert [len(page["fields"]) for page in paged["form"]["pages"]] == [1, 0]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("/form/pages/0/fields/2/columns/0", {"use": "it/set"}),
        ("/form/pages/0/fields/2/columns/0", {"key": "inner", "type": "table"}),
        ("/form/pages/9/fields/0", {"key": "a", "type": "text"}),
        ("/approval/stages/0", {"key": "a", "type": "text"}),
        ("/form/pages/0/fields/x", {"key": "a", "type": "text"}),
    ],
)
def test_what_cannot_stand_somewhere_is_refused(place: str, value: Any) -> None:
    with pytest.raises(Invalid):
        form_edits.insert(TWO_PAGES, FORM, place, [value])


def test_pasted_fields_keep_their_rules_among_each_other() -> None:
    copied = form_edits.values_of(TWO_PAGES, FORM, ["/form/pages/0/fields/1", "/form/pages/0/fields/0"])
    body = do(TWO_PAGES, form_edits.insert(TWO_PAGES, FORM, "/form/pages/1/fields/0", copied))
    assert [(one["key"], one.get("visible")) for one in body["form"]["pages"][1]["fields"][:2]] == [
        ("who_2", None),
        ("why_2", 'who_2 == "me"'),
    ]


def test_who_uses_a_field_is_known_in_rules_references_and_not_in_texts() -> None:
    found = {one.path: one.text for one in uses(TWO_PAGES, FORM, "/form/pages/0/fields/0")}
    assert sorted(found) == [
        "approval.stages[0].approvers[0].field",
        "approval.stages[0].when",
        "form.pages[0].fields[1].visible",
        "form.pages[1].fields[0].value",
    ]
    inner = [one.path for one in uses(TWO_PAGES, FORM, "/form/pages/0/fields/2/columns/0")]
    assert inner == ["form.pages[1].fields[0].value"]


def test_another_key_goes_into_the_rules_where_that_is_wanted() -> None:
    at = "/form/pages/0/fields/0"
    alone = do(TWO_PAGES, field_changes.new_key(TWO_PAGES, FORM, at, "person", along=False))
    assert alone["form"]["pages"][0]["fields"][1]["visible"] == 'who == "me"'
    body = do(TWO_PAGES, field_changes.new_key(TWO_PAGES, FORM, at, "person", along=True))
    stage = body["approval"]["stages"][0]
    assert stage["when"] == 'has(answers.person) && person != "who"'
    assert stage["approvers"] == [{"field": "person"}]
    assert body["form"]["pages"][0]["fields"][2]["columns"][1]["key"] == "who"
    assert "answers.person" in body["form"]["pages"][1]["fields"][0]["value"]
    for key in ("why", "Who", "type", ""):
        with pytest.raises(Invalid):
            field_changes.new_key(TWO_PAGES, FORM, at, key, along=True)


def test_a_task_s_answer_is_renamed_behind_the_task() -> None:
    form = "/fulfilment/tasks/0/form"
    tasks = [
        {"key": "set-up", "form": {"fields": [field("who"), field("ok", visible="who != ''")]}},
        {"key": "b", "when": 'tasks.set_up.who == who && "who" != ""'},
    ]
    body = {**TWO_PAGES, "fulfilment": {"tasks": tasks}}
    after = do(body, field_changes.new_key(body, form, f"{form}/fields/0", "login", along=True))
    assert after["fulfilment"]["tasks"][0]["form"]["fields"][1]["visible"] == "login != ''"
    assert after["fulfilment"]["tasks"][1]["when"] == 'tasks.set_up.login == who && "who" != ""'
    assert after["form"] == body["form"]


def test_a_key_follows_the_first_english_label_alone() -> None:
    body = service([form_edits.new_field("text")])
    at = "/form/pages/0/fields/0"
    assert field_changes.name_by_label(body, FORM, at) == []
    body["form"]["pages"][0]["fields"][0]["label"]["en"] = "Number plate"
    named = do(body, field_changes.name_by_label(body, FORM, at))
    assert keys(named) == ["number_plate"]
    named["form"]["pages"][0]["fields"][0]["label"]["en"] = "Licence plate"
    assert field_changes.name_by_label(named, FORM, at) == []


@pytest.mark.parametrize(
    ("before", "kind", "after", "dropped"),
    [
        (field("a", "text", pattern="[a-z]+", default="x"), "long_text", {"pattern": "[a-z]+", "default": "x"}, []),
        (field("a", "integer", min=1, step=2), "decimal", {"min": 1, "step": 2}, []),
        (field("a", "money", min="1.50", max="9", currency="EUR"), "integer", {"max": 9}, ["min", "currency"]),
        (field("a", "choice", default="x", options=[{"key": "x"}]), "choices", {"default": ["x"]}, []),
        (field("a", "choices", default=["x", "y"], max=2, options=[]), "choice", {}, ["default", "max"]),
        (
            field("a", "text", default={"value": "requester.name"}),
            "email",
            {"default": {"value": "requester.name"}},
            [],
        ),
    ],
)
def test_a_type_becomes_another_and_says_what_it_loses(before: Any, kind: str, after: Any, dropped: list[str]) -> None:
    made, lost = field_changes.retyped(before, kind)
    assert sorted(lost) == sorted(dropped)
    assert {name: made[name] for name in after} == after
    body = service([before])
    changed = do(body, field_changes.retype(body, "/form/pages/0/fields/0", kind))
    assert changed["form"]["pages"][0]["fields"][0] == made


def test_a_type_of_another_family_is_refused() -> None:
    with pytest.raises(Invalid):
        field_changes.retyped(field("a"), "date")


def test_pasted_cells_become_options_and_columns_a_tree() -> None:
    tree = option_sheets.read_sheet("China\tShanghai\n\tBeijing\nGermany\tBerlin\n")
    assert [(one["key"], [inner["key"] for inner in one["options"]]) for one in tree] == [
        ("china", ["shanghai", "beijing"]),
        ("germany", ["berlin"]),
    ]
    assert option_sheets.levels(tree) == 2
    flat = option_sheets.read_sheet('English\t中文\tPrice\nSmall\t小\t"1,200.00"\nLarge\t大\t3\n', tree)
    assert flat[0] == {"key": "small", "label": {"en": "Small", "zh": "小"}, "price": "1200.00"}
    again = option_sheets.read_sheet("Germany\nFrance", [{"key": "de", "label": {"en": "Germany"}, "price": "5"}])
    assert again == [
        {"key": "de", "label": {"en": "Germany"}, "price": "5"},
        {"key": "france", "label": {"en": "France"}},
    ]
    assert [one["key"] for one in option_sheets.read_sheet("上海\n北京", locale="zh")] == ["option_1", "option_2"]


@settings(max_examples=80)
@given(st.text(max_size=200))
@example('0"\r0')
@example('"' + "a" * 200_000)
def test_whatever_is_pasted_gives_options_or_is_refused(text: str) -> None:
    try:
        made = option_sheets.read_sheet(text)
    except Invalid:
        return
    found = [one["key"] for one in made]
    assert made and len(set(found)) == len(found)


def test_pointers_come_in_the_order_of_the_document() -> None:
    assert in_order(["/a/10", "/a/9/b/0", "/a/9", "/a/9"]) == ["/a/9", "/a/10"]
