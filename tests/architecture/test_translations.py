"""Every text of the interface, in code and templates, has its Chinese."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import flask_appbuilder
import jinja2
import pytest
import wtforms
from babel.messages.pofile import read_po
from jinja2 import nodes

from servicehall import texts

PACKAGE = Path(texts.__file__).parent
LIBRARIES = (flask_appbuilder.__file__, wtforms.__file__)
MARKS = {"_", "N_"}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@cache
def strings() -> list[tuple[str, str, bool]]:
    """Every string in the code: where it stands, what it says, and whether it is marked as a text."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        marked = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in MARKS:
                marked |= {id(one) for one in node.args[:1]}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append((f"{path.relative_to(PACKAGE)}:{node.lineno}", node.value, id(node) in marked))
    return found


def in_code() -> Iterator[tuple[str, str]]:
    return ((where, text) for where, text, marked in strings() if marked)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def in_templates() -> Iterator[tuple[str, str]]:
    environment = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    for path in sorted(PACKAGE.rglob("*.html")):
        if "static" in path.parts:
            continue
        for call in environment.parse(path.read_text("utf-8")).find_all(nodes.Call):
            marked = isinstance(call.node, nodes.Name) and call.node.name in MARKS
            if marked and call.args and isinstance(call.args[0], nodes.Const):
                yield f"{path.relative_to(PACKAGE)}:{call.lineno}", str(call.args[0].value)


def test_every_text_has_its_chinese() -> None:
    chinese = texts.messages("zh")
    missing = {text: where for where, text in [*in_code(), *in_templates()] if text and text not in chinese}
    assert missing == {}


@pytest.mark.parametrize("path", sorted((texts.TRANSLATIONS / "zh").glob("*.po")), ids=lambda path: path.name)
def test_translations_name_what_the_original_names(path: Path) -> None:
    with path.open("rb") as file:
        for message in read_po(file, locale="zh"):
            if message.id:
                assert isinstance(message.id, str), message.id
                assert message.string, f"{message.id!r} has no translation"
                assert not message.fuzzy, message.id
                assert set(PLACEHOLDER.findall(str(message.string))) == set(PLACEHOLDER.findall(message.id)), message.id


def test_each_translation_stands_once_and_is_of_a_text_that_is_shown() -> None:
    """Of ours, or of a library's; some of ours are marked where they are shown and stand as plain strings elsewhere."""
    found: list[str] = []
    for path in sorted((texts.TRANSLATIONS / "zh").glob("*.po")):
        with path.open("rb") as file:
            read = list(read_po(file, locale="zh"))
        found += [str(message.id) for message in read if message.id]
        assert len(re.findall("^msgid ", path.read_text("utf-8"), re.MULTILINE)) == len(read), f"{path.name} repeats"
    assert [text for text, times in Counter(found).items() if times > 1] == []
    unseen = set(found) - {text for _where, text, _marked in strings()} - {text for _where, text in in_templates()}
    sources = [path.read_text("utf-8") for library in LIBRARIES for path in Path(library).parent.rglob("*.py")]
    assert {text for text in unseen if not any(text in source for source in sources)} == set()
