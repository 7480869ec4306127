"""Every text of the interface, in code and templates, has its Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from babel.messages.pofile import read_po
from jinja2 import nodes

from servicehall import texts

PACKAGE = Path(texts.__file__).parent
MARKS = {"_", "N_"}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def in_code() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in MARKS and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", first.value


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


def test_areas_agree() -> None:
    """The same English in two files has the same Chinese: otherwise chance would decide which is shown."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((texts.TRANSLATIONS / "zh").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh"):
                if message.id:
                    found.setdefault(str(message.id), {})[path.name] = str(message.string)
    differing = {text: said for text, said in found.items() if len(set(said.values())) > 1}
    assert differing == {}
