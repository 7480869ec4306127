"""Whatever two editors do to a draft: it stays loadable, undo gives back the bytes, and nothing is lost silently."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jsonpatch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.databases import on_sqlite
from tests.factories.company import ADMIN, IT_CATALOG

from servicehall.documents.document import Document
from servicehall.documents.merging import merge
from servicehall.documents.pack import as_document
from servicehall.documents.patching import value_at
from servicehall.documents.source import read_yaml

LAPTOP = "/definitions/service/it/laptop"
FIELDS = "/form/pages/0/fields"
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8).filter(str.strip)
index = st.integers(0, 6)
texts = st.builds(lambda locale, text: set_to(f"/title/{locale}", text), st.sampled_from(["en", "zh", "de"]), words)
adding = st.builds(
    lambda at, key: {"op": "add", "path": f"{FIELDS}/{at}", "value": {"key": key, "type": "text"}}, index, words
)
removing = st.builds(lambda at: {"op": "remove", "path": f"{FIELDS}/{at}"}, index)
moving = st.builds(lambda a, b: {"op": "move", "from": f"{FIELDS}/{a}", "path": f"{FIELDS}/{b}"}, index, index)
copying = st.builds(lambda a, b: {"op": "copy", "from": f"{FIELDS}/{a}", "path": f"{FIELDS}/{b}"}, index, index)
odd = st.sampled_from(
    [
        {"op": "add", "path": "/nothing/here", "value": 1},
        {"op": "add", "path": "/surprise", "value": {"of": ["any", {"shape": None}]}},
        {"op": "replace", "path": "/form", "value": "no form at all"},
        {"op": "replace", "path": "/key", "value": "other"},
        {"op": "test", "path": "/key", "value": "other"},
        {"op": "explode", "path": "/title"},
        {"op": "add", "path": "/price", "value": 1e400},
        {"path": "/title"},
        "no operation",
    ]
)
patches = st.lists(texts | adding | removing | moving | copying | odd, min_size=1, max_size=3)
steps = st.tuples(
    st.sampled_from([IT_CATALOG, ADMIN]),
    st.one_of(
        st.tuples(st.just("patch"), patches),
        st.tuples(st.just("put"), words),
        st.sampled_from([("undo", None), ("redo", None), ("look", None)]),
    ),
)


def set_to(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


class Story:
    """What the document has to say after each step, and what each of the two editors has seen of it."""

    def __init__(self, api: Callable[[str], Any]) -> None:
        self.api = api
        api(IT_CATALOG).delete(f"{LAPTOP}/draft")
        first = api(IT_CATALOG).get(LAPTOP)
        self.published = text_of(first.json["document"])
        self.history, self.at, self.there = [self.published], 0, first.headers["ETag"]
        self.seen = {IT_CATALOG: self.there, ADMIN: self.there}

    def play(self, editor: str, act: str, what: Any) -> None:
        program, seen = self.api(editor), {"If-Match": self.seen[editor]}
        before = program.get(LAPTOP).json["document"]
        if act == "look":
            self.seen[editor] = self.there
            return
        if act == "patch":
            answer = program.patch(
                f"{LAPTOP}/draft", json=what, headers=seen, content_type="application/json-patch+json"
            )
            wanted = applied(before, what)
        elif act == "put":
            wanted = {**before, "title": {"en": what}}
            answer = program.put(f"{LAPTOP}/draft", json=wanted, headers=seen)
        else:
            wanted = None
            answer = program.post(f"{LAPTOP}/{act}", json={}, headers=seen)
        self.check(editor, act, answer, wanted)

    def check(self, editor: str, act: str, answer: Any, wanted: Any) -> None:
        now = self.api(editor).get(LAPTOP)
        text = text_of(now.json["document"])
        if answer.status_code != 200:
            assert answer.status_code in (400, 409, 422), answer.json
            assert text == self.history[self.at], "what is refused changes nothing"
            return
        assert self.seen[editor] == self.there, "only who has seen the last edition writes"
        if act in ("undo", "redo"):
            self.at += 1 if act == "redo" else -1
        elif text != self.history[self.at]:
            self.history[self.at + 1 :] = [text]
            self.at += 1
        assert text == self.history[self.at], "undo and redo give back the bytes"
        assert wanted is None or now.json["document"] == wanted
        assert now.json["undoable"] == (self.at > 0)
        assert now.json["redoable"] == (self.at < len(self.history) - 1)
        self.there = self.seen[editor] = now.headers["ETag"]


def applied(body: Mapping[str, Any], operations: Sequence[Any]) -> Any:
    """What the library makes of a patch; None where it makes nothing."""
    try:
        return jsonpatch.apply_patch(copy.deepcopy(body), operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, ValueError):
        return None


def text_of(body: Mapping[str, Any]) -> str:
    """The canonical text, which reads as the same document again."""
    text = Document.of(body).canonical()
    again, problems = as_document(read_yaml(text))
    assert again is not None, problems
    assert again.body == body
    return text


@on_sqlite
def test_two_editors_in_any_order(api: Callable[[str], Any]) -> None:
    @settings(
        max_examples=12,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
    )
    @given(st.lists(steps, min_size=4, max_size=14))
    def tell(told: Sequence[Any]) -> None:
        story = Story(api)
        for editor, (act, what) in told:
            story.play(editor, act, what)
        while story.at:
            answer = api(IT_CATALOG).post(f"{LAPTOP}/undo", json={})
            story.at -= 1
            assert text_of(answer.json["document"]) == story.history[story.at]

    tell()


LEAVES = ["/title/en", "/title/zh", "/category", "/icon", "/form/pages/0/title/en", f"{FIELDS}/0/label/en"]
edits = st.dictionaries(st.sampled_from(LEAVES), words, max_size=4)
BODY: Mapping[str, Any] = {
    "title": {"en": "A", "zh": "甲"},
    "category": "c",
    "icon": "i",
    "form": {"pages": [{"key": "p", "title": {"en": "P"}, "fields": [{"key": "f", "label": {"en": "F"}}]}]},
}


@settings(max_examples=100)
@given(edits, edits, st.integers(0, 2))
def test_what_two_did_at_once_is_put_together_or_said(
    mine: Mapping[str, str], theirs: Mapping[str, str], added: int
) -> None:
    """Each change of either side stands in the result, or is a clash that names both; entries put in move nothing."""
    inserted = [{"op": "add", "path": f"{FIELDS}/0", "value": {"key": f"new_{n}"}} for n in range(added)]
    me = jsonpatch.apply_patch(BODY, [set_to(*one) for one in mine.items()])
    they = jsonpatch.apply_patch(BODY, [*(set_to(*one) for one in theirs.items()), *inserted])
    merged = merge(BODY, me, they)
    clashing = [(one.mine, one.theirs) for one in merged.clashes]
    for path in LEAVES:
        place = path.replace(f"{FIELDS}/0", f"{FIELDS}/{added}")
        was, ours, other = value_at(BODY, path), value_at(me, path), value_at(they, place)
        if ours != was and other not in (was, ours):
            assert (ours, other) in clashing
        else:
            assert value_at(merged.body, place) == (ours if ours != was else other)
    assert len(value_at(merged.body, FIELDS)) == 1 + added
