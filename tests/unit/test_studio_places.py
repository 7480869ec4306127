"""Places and changes of documents in words, and texts that go to a spreadsheet and come back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from servicehall.texts import use_locale
from servicehall.web.studio import translate
from servicehall.web.studio.places import place, sentences

SERVICE: dict[str, Any] = {
    "kind": "service",
    "department": "it",
    "key": "thing",
    "title": {"en": "Thing"},
    "form": {
        "pages": [
            {
                "key": "main",
                "title": "Main",
                "fields": [
                    {
                        "key": "reason",
                        "type": "choice",
                        "label": {"en": "Reason"},
                        "options": [{"key": "1", "label": "A"}, {"key": "0", "label": "B"}],
                    },
                    {"key": "note", "type": "text", "label": "Note"},
                ],
            }
        ]
    },
    "approval": {
        "stages": [{"key": "lead", "title": "Lead", "decide": "all", "approvers": [{"manager": {"of": "requester"}}]}]
    },
    "audience": "true",
}
FIELDS = SERVICE["form"]["pages"][0]["fields"]


def changed(**by_path: Any) -> dict[str, Any]:
    """The service with values put in by path, such as `form__pages__0__title`; `...` takes away."""
    body: Any = copy.deepcopy(SERVICE)
    for path, value in by_path.items():
        *keys, last = [int(key) if key.isdecimal() else key for key in path.split("__")]
        held = body
        for key in keys:
            held = held[key]
        if value is ...:
            del held[last]
        else:
            held[last] = value
    return body


REASON = "form__pages__0__fields__0"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"title__en": "Other"}, "Title (English): was “Thing”, is “Other”."),
        ({f"{REASON}__label__zh": "理由"}, "Label (Chinese) of field “Reason”: was not set, is “理由”."),
        ({f"{REASON}__options__1__label": "C"}, "Label of option “C” of field “Reason”: was “B”, is “C”."),
        ({f"{REASON}__required": True}, "Required of field “Reason”: was not set, is yes."),
        ({"audience": ...}, "Who may see and order it: was “true”, is not set any more."),
        (
            {"approval__stages__0__decide": "any"},
            "How it is decided of stage “Lead”: was “All of them”, is “Any one of them”.",
        ),
        ({"form__pages__0__fields": FIELDS[::-1]}, "Fields of page “Main”: in another order now, note, reason."),
        ({"form__pages__0__fields": FIELDS[:1]}, "Gone: field “Note”."),
        ({"form__pages__0__fields": [*FIELDS, {"key": "more", "label": {"en": "More"}}]}, "New: field “More”."),
        ({"keywords": ["a", "b"]}, "Search words: was not set, is a, b."),
        (
            {"approval__stages__0__approvers": [{"role": "x"}]},
            "Approvers of stage “Lead”: was Manager, is Business role.",
        ),
        ({"nonsense": {"a": [1, None]}}, "nonsense: was not set, is a 1, nothing."),
    ],
)
def test_a_change_is_one_sentence(now: dict[str, Any], said: str) -> None:
    assert sentences("service", SERVICE, changed(**now)) == [said[:1].upper() + said[1:]]


def test_sentences_speak_the_readers_language() -> None:
    with use_locale("zh"):
        assert sentences("service", SERVICE, changed(title__en="Other")) == ["标题（英文）：原为“Thing”，现为“Other”。"]


def test_what_was_not_there_or_is_no_more_needs_no_list() -> None:
    assert sentences("service", None, SERVICE) == ["All of it is new."]
    assert sentences("service", SERVICE, SERVICE) == sentences("service", SERVICE, None) == []


def test_a_number_is_an_index_and_a_text_a_key() -> None:
    at = ["form", "pages", 0, "fields", 0, "options"]
    assert place("service", SERVICE, [*at, 1, "label"]) == "Label of option “B” of field “Reason”"
    assert place("service", SERVICE, [*at, "1", "label"]) == "Label of option “A” of field “Reason”"
    assert place("service", SERVICE, []) == "The document"


@pytest.mark.parametrize(
    "value", [None, 3, "x", [], {}, [1, {}], {"use": 1}, {"pages": 1}, {"stages": [{"key": "a"}] * 2}]
)
@pytest.mark.parametrize("name", ["form", "approval", "sla", "title", "price", "x.y", "[", "keywords"])
def test_whatever_a_draft_holds_its_changes_and_texts_can_be_told(name: str, value: Any) -> None:
    now = {**SERVICE, name: value}
    for was, is_now in ((SERVICE, now), (now, SERVICE), (now, {"kind": "service"})):
        assert all(sentences("service", was, is_now))
    assert translate.as_csv(translate.lines_of("service", now)).startswith("\ufeffplace,where,en,zh")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49 30", "-5", "@home", "\t=x", "\r\n=x", "'=x", "''@x", "'quoted'", "'", "a=b", "", "两行\r\n第二行"],
)
def test_no_cell_is_a_formula_and_every_text_comes_back(text: str) -> None:
    cell = translate._cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert translate._text(cell) == text.replace("\r\n", "\n").strip()
