"""One definition, several faces: the web and the API accept and refuse the same answers, and nothing breaks them."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from servicehall.content import canonical
from servicehall.domain.conditions import Context, PersonFacts
from servicehall.domain.expression_types import format_duration
from servicehall.errors import Invalid
from servicehall.forms import FIELD_TYPES, FileFacts, check_form, compile_form

ANA = PersonFacts(id="p1", name="Ana", email="ana@example.com", department="hr")
CONTEXT = Context(ANA, ANA, now=datetime(2026, 11, 22, 9, 30, tzinfo=UTC), today=date(2026, 11, 22))
SHAS = ["ab" * 32, "cd" * 32]
OPTIONS = [
    {"key": "cn", "options": [{"key": "sh"}, {"key": "bj"}]},
    {"key": "de", "options": [{"key": "b"}, {"key": "sh"}]},
]
FLAT = [{"key": "a"}, {"key": "b", "when": "boolean"}, {"key": "c"}]
DIRECTORY = ("person", "group", "department", "location", "asset")


class World:
    def exists(self, kind, key):
        return key.startswith(kind)

    def label(self, kind, key, locale):
        return key

    def search(self, kind, q, limit):
        return ()

    def file(self, sha256):
        return FileFacts(sha256, "x.pdf", "application/pdf", 1) if sha256 == SHAS[0] else None


def field(kind, **more):
    return {"key": more.pop("key", kind), "type": kind, **more}


PLAIN = [
    field("text", min_length=2, max_length=12, pattern="[^!]*", required="integer > 50"),
    field("long_text", visible="boolean || integer > 10"),
    field("integer", min=-100, max=100, step=1),
    field("decimal", max="1000", check=[{"rule": "value != 7", "message": "not seven"}]),
    field("money", min=0),
    field("boolean"),
    field("choice", options=OPTIONS),
    field("choices", options=FLAT, max=2),
    field("date", min="2000-01-01"),
    field("datetime"),
    field("time"),
    field("duration", max="P30D"),
    field("email"),
    field("phone"),
    field("url"),
    *(field(kind) for kind in DIRECTORY),
    field("file", required="boolean"),
    field("rating"),
]
COMPILED = compile_form(
    {
        "pages": [
            {
                "key": "main",
                "fields": [
                    *PLAIN,
                    field("choice", key="city", options={"from": "choice"}),
                    field("computed", value="double(integer) * decimal", **{"as": "money"}),
                    field("section"),
                    field("note"),
                    field(
                        "table",
                        min_rows=1,
                        max_rows=4,
                        columns=[
                            *({k: v for k, v in one.items() if k != "check"} for one in PLAIN),
                            field("computed", key="twice", value="integer * 2", **{"as": "integer"}),
                        ],
                    ),
                ],
            }
        ]
    }
)


def typed(*, alphabet="ab12 !-:+.,/@中\n\x00"):
    """What people type, right or wrong."""
    return st.text(alphabet=alphabet, min_size=1, max_size=14).filter(lambda text: text.strip())


def number_texts():
    good = st.integers(-120, 1200).map(str) | st.decimals(-5, 1500, places=3, allow_nan=False).map(str)
    return good | st.sampled_from(["NaN", "1e2", "1,5", "²", "--1", "7", "7.0"]) | typed()


ANSWERS = {
    "text": typed(),
    "long_text": typed(),
    "integer": st.integers(-120, 120) | typed(alphabet="ab.x²"),
    "decimal": number_texts(),
    "money": number_texts(),
    "boolean": st.booleans() | st.just("maybe"),
    "choice": st.sampled_from(["cn", "de", "sh", "nowhere"]),
    "city": st.sampled_from(["sh", "bj", "b", "x"]),
    "choices": st.lists(st.sampled_from(["a", "b", "c", "x"]), min_size=1, max_size=4),
    "date": st.dates().map(str) | typed(),
    "datetime": st.datetimes(min_value=datetime(1900, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z") | typed(),
    "time": st.times().map(lambda at: f"{at:%H:%M}") | st.just("24:00") | typed(),
    "duration": st.integers(0, 10**7).map(lambda n: format_duration(timedelta(seconds=n)))
    | st.sampled_from(["4 hours", "2 days 1 hour", "1天4小时", "soon"]),
    "email": st.sampled_from(["a@example.com", "A@EXAMPLE.com", "a@", "a@b"]) | typed(),
    "phone": st.sampled_from(["+86 138 0000 0000", "138", "+1", "+49 30 901820"]) | typed(),
    "url": st.sampled_from(["https://example.com", "ftp://x", "https://"]) | typed(),
    **{kind: st.sampled_from([f"{kind}-1", f" {kind}-2 ", "gone"]) | typed() for kind in DIRECTORY},
    "file": st.sampled_from([*SHAS, "x"]).map(lambda sha256: {"sha256": sha256}),
    "rating": st.integers(-1, 7) | typed(alphabet="ab.x²"),
}
ROWS = st.fixed_dictionaries({}, optional={key: ANSWERS[key] for key in ANSWERS if key != "city"}).map(
    lambda row: {"text": "some", **row}
)
RAW = st.fixed_dictionaries({}, optional={**ANSWERS, "table": st.lists(ROWS, min_size=1, max_size=3)})


def posted(answers, prefix="answers-"):
    """The same answers as a browser would post them."""
    for key, value in answers.items():
        if key == "table":
            for index, row in enumerate(value):
                yield from posted(row, f"{prefix}table-{index}-")
        elif isinstance(value, bool):
            yield from [(prefix + key, "false"), *([(prefix + key, "true")] if value else [])]
        elif isinstance(value, list):
            yield from [(prefix + key, ""), *((prefix + key, one) for one in value)]
        elif isinstance(value, dict):
            yield prefix + key, value["sha256"]
        else:
            yield prefix + key, str(value)


def outcome(checked):
    return checked.answers, [(one.path, one.code) for one in checked.errors], checked.visible, checked.required


@given(RAW)
def test_web_and_api_come_to_the_same(raw):
    by_api = COMPILED.check(raw, CONTEXT, lookup=World())
    by_web = COMPILED.web(MultiDict(list(posted(raw))), CONTEXT, lookup=World())
    assert outcome(by_api) == outcome(by_web.checked)
    assert outcome(COMPILED.check(by_web.raw(), CONTEXT, lookup=World())) == outcome(by_api)


@given(RAW)
def test_answers_without_errors_are_canonical(raw):
    checked = COMPILED.check(raw, CONTEXT, lookup=World())
    canonical(checked.answers)
    assert set(checked.answers) <= set(checked.visible)
    if not checked.errors:
        again = COMPILED.check(checked.answers, CONTEXT, lookup=World())
        assert (again.answers, again.errors) == (checked.answers, ())


@given(RAW)
def test_every_stored_answer_can_be_shown_and_edited(raw):
    checked = COMPILED.check(raw, CONTEXT, lookup=World())
    answers = checked.answers
    for key, value in answers.items():
        assert key == "table" or COMPILED.by_key[key].display(value, "zh", World())
    web = COMPILED.web(None, CONTEXT, lookup=World(), answers=answers)
    aside = {"table"}
    if {"boolean", "integer"} & {one.path for one in checked.errors}:
        aside.add("long_text")  # opened by an answer that was refused, and so is not stored beside it
    assert answers.keys() - aside <= {one.key for one in web.fields() if one.visible}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([*COMPILED.by_key, "zz", "__class__"])


@given(st.dictionaries(KEYS, JSON, max_size=8) | JSON)
def test_no_json_breaks_the_check(raw):
    checked = COMPILED.check(raw, CONTEXT, lookup=World())
    canonical(checked.answers)
    json.dumps([one.as_dict() for one in checked.errors]).encode()


def test_deep_and_large_answers_are_only_refused():
    deep = value = []
    for _level in range(5000):
        value.append([])
        value = value[0]
    raw = dict.fromkeys(COMPILED.by_key, deep)
    assert COMPILED.check(raw, CONTEXT, lookup=World()).errors
    large = dict.fromkeys(COMPILED.by_key, "x" * 1_000_000)
    assert COMPILED.check(large, CONTEXT, lookup=World()).errors
    wide = {"table": [{"text": "ok"}] * 100_000, "integer": math.inf, **{f"k{n}": 1 for n in range(1000)}}
    assert len(COMPILED.check(wide, CONTEXT, lookup=World()).errors) < 50


@given(st.lists(st.tuples(st.text(max_size=12) | st.sampled_from(["answers-table-0-text", "answers-table-add"]),
                          st.text(max_size=12)), max_size=8))  # fmt: skip
def test_no_posted_form_breaks_the_page(pairs):
    COMPILED.web(MultiDict([("answers-" + name, value) for name, value in pairs]), CONTEXT, lookup=World())


PROPERTIES = sorted({name for kind in FIELD_TYPES.members() for name in kind.properties()} - {"key", "type"})
BROKEN = st.fixed_dictionaries(
    {"key": st.sampled_from(["a", "b", "c"]) | JSON, "type": st.sampled_from(list(FIELD_TYPES)) | JSON},
    optional={
        name: JSON | st.sampled_from(["a == 'x'", "b > 1", {"from": "a"}, {"value": "b"}]) for name in PROPERTIES
    },
)


@given(JSON | st.fixed_dictionaries({"pages": JSON | st.lists(st.fixed_dictionaries(
    {"key": st.just("p") | JSON, "fields": st.lists(BROKEN, max_size=3) | JSON}), max_size=2)}))  # fmt: skip
def test_no_definition_breaks_the_compiler(form):
    problems = check_form(form)
    if not problems and isinstance(form, dict):
        compile_form(form).json_schema()
    for one in problems:
        json.dumps(one.as_dict()).encode()


def test_a_form_that_is_refused_is_refused_by_both():
    form = {"pages": [{"key": "p", "fields": [{"key": "a", "type": "x"}]}]}
    with pytest.raises(Invalid) as caught:
        compile_form(form)
    assert list(caught.value.problems) == check_form(form)
