"""The engine's complaints about an expression, in words that name the place and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from servicehall.domain.expression_tree import Node
from servicehall.errors import Problem
from servicehall.texts import N_, _

_NO_LINE = 2**31
"""From here on the engine's line is a negative number gone astray."""
_ENTRY = re.compile(r"^(?:[A-Z_]+: )?ERROR: <input>:(-?\d+):(-?\d+): (.*)$", re.MULTILINE)
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_UNDEFINED = re.compile(r"undefined field '([^']*)' not found in struct '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '([^']*)'")
_SYNTAX = re.compile(r"Syntax error: (?:.*? input|token recognition error at:|.*? at) '(.*?)'?(?: expecting .*)?$")
_OPERATOR = re.compile(r"_|@")
_TYPE_WORDS = {
    "int": N_("an integer"),
    "uint": N_("an integer"),
    "double": N_("a decimal"),
    "string": N_("a text"),
    "bool": N_("a yes or no"),
    "null_type": N_("null"),
    "null": N_("null"),
    "timestamp": N_("a date"),
    "google.protobuf.Timestamp": N_("a date"),
    "duration": N_("a duration"),
    "google.protobuf.Duration": N_("a duration"),
    "dyn": N_("anything"),
    "record": N_("a record"),
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint of the engine: line and column from 1, or below where it has no place."""

    line: int
    column: int
    text: str

    def offset(self, expression: str) -> int:
        """The place as code points from the start."""
        if self.line < 1:
            return -1
        return sum(len(line) + 1 for line in expression.split("\n")[: self.line - 1]) + self.column - 1

    @property
    def overload(self) -> tuple[str, list[str]] | None:
        """The function and the types it was given, where that is the complaint."""
        match = _OVERLOAD.search(self.text)
        return (match[1], split_types(match[2])) if match else None


def complaints(message: str) -> list[Complaint]:
    """All complaints in one message of the engine."""
    entries = ((int(line), int(column), text) for line, column, text in _ENTRY.findall(message))
    found = [Complaint(line if line < _NO_LINE else -1, column, text) for line, column, text in entries]
    return found or [Complaint(-1, -1, message.splitlines()[0] if message else "")]


def split_types(text: str) -> list[str]:
    """`(int, list(double))` or `string.(int)` as a list of types, the receiver first."""
    receiver, _dot, rest = text.partition(".(")
    parts = [receiver] if _dot else []
    inner = rest.removesuffix(")") if _dot else text.removeprefix("(").removesuffix(")")
    depth, start = 0, 0
    for place, character in enumerate(inner):
        depth += (character in "(<") - (character in ")>")
        if character == "," and depth == 0:
            parts.append(inner[start:place].strip())
            start = place + 1
    return [*parts, inner[start:].strip()] if inner.strip() else parts


def type_words(name: str) -> str:
    """A type for a person: `list(string)` → a list."""
    if name.startswith("list"):
        return _("a list")
    if name.startswith("map"):
        return _("a record")
    return _(_TYPE_WORDS.get(name, N_("a record")))


def problems(
    found: Iterable[Complaint], *, expression: str, tree: Node | None, known: Iterable[str], path: str
) -> Iterator[Problem]:
    """Each complaint as a problem at `path`; those that only follow from another are left out."""
    names = sorted(known)
    seen = set()
    complaints_ = list(found)
    for complaint in [one for one in complaints_ if "*error*" not in one.text] or complaints_:
        offset = complaint.offset(expression)
        code, words = _words(complaint, _Place(offset, tree, names))
        if (complaint.line, complaint.column, words) in seen:
            continue
        seen.add((complaint.line, complaint.column, words))
        yield Problem(path, code, _located(complaint, words), offset)


def _located(complaint: Complaint, words: str) -> str:
    if complaint.line < 1:
        return words
    if complaint.line == 1:
        return _("At column {column}: {words}", column=complaint.column, words=words)
    return _("At line {line}, column {column}: {words}", line=complaint.line, column=complaint.column, words=words)


@dataclass(frozen=True, slots=True)
class _Place:
    offset: int
    tree: Node | None
    known: list[str]

    def node(self, kind: str, name: str) -> Node | None:
        nodes = self.tree.walk() if self.tree else iter(())
        at_place = (n for n in nodes if n.offset == self.offset and n.kind == kind and n.name == name)
        return next(at_place, None)

    def similar(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.known, n=1)
        return " " + _("Did you mean {name}?", name=close[0]) if close else ""


def _words(complaint: Complaint, place: _Place) -> tuple[str, str]:
    for pattern, words in _READERS:
        match = pattern.search(complaint.text)
        if match:
            return words(match, place)
    return "invalid", complaint.text


def _undeclared(match: re.Match[str], place: _Place) -> tuple[str, str]:
    name = match[1].split(".")[0]
    return "unknown_name", _("There is no name {name} here.", name=name) + place.similar(name)


def _undefined(match: re.Match[str], place: _Place) -> tuple[str, str]:
    field = match[1]
    select = place.node("select", field)
    owner = (select.children[0].path() if select else None) or _("The record")
    words = _("{owner} has no {field}.", owner=owner, field=field)
    inside = [name.rsplit(".", 1)[1] for name in place.known if "." in name]
    if select and (base := select.children[0].path()):
        inside = [n.removeprefix(base + ".") for n in place.known if n.startswith(base + ".")] or inside
    close = difflib.get_close_matches(field, inside, n=1)
    return "unknown_name", words + (" " + _("Did you mean {name}?", name=close[0]) if close else "")


def _overload(match: re.Match[str], place: _Place) -> tuple[str, str]:
    function, types = match[1], split_types(match[2])
    shown = _OPERATOR.sub("", function).replace("?:", "? :") if _OPERATOR.search(function) else function
    if "null_type" in types or "null" in types:
        return "type", _("Nothing is null here; ask has(answers.field) whether there is an answer.")
    if {"int", "double"} <= set(types) and function.startswith("_"):
        node = place.node("call", function)
        integer = _integer_side(node, types)
        return "type", _(
            "{operator} does not take an integer and a decimal together; write {fix}.",
            operator=shown, fix=f"double({integer})",
        )  # fmt: skip
    listed = _(" and ").join(type_words(one) for one in types) or _("nothing")
    return "type", _("{operator} does not take {types}.", operator=shown, types=listed)


def _integer_side(node: Node | None, types: list[str]) -> str:
    if node is None or len(node.children) != len(types):
        return "…"
    side = node.children[types.index("int")]
    names = [path for part in side.walk() if (path := part.path())]
    return side.path() or (names[0] if len(names) == 1 else "…")


def _syntax(match: re.Match[str], place: _Place) -> tuple[str, str]:
    if match[1] == "<EOF>":
        return "syntax", _("The expression ends too early.")
    return "syntax", _("{text} cannot stand here.", text=match[1])


def too_deep() -> str:
    return _("The expression is nested too deeply; at most 32 levels.")


def _simple(code: str, message: str) -> Callable[[re.Match[str], _Place], tuple[str, str]]:
    return lambda match, place: (code, _(message))


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], _Place], tuple[str, str]]], ...] = (
    (_UNDEFINED, _undefined),
    (_UNDECLARED, _undeclared),
    (_OVERLOAD, _overload),
    (_SYNTAX, _syntax),
    (re.compile("recursion"), lambda match, place: ("too_deep", too_deep())),
    (re.compile(r"has\(\) "), _simple("syntax", N_("has takes a name behind a dot: has(answers.total)."))),
    (re.compile("range of a comprehension"), _simple("type", N_("Only a list has entries; this is none."))),
    (re.compile("invalid (int|uint) literal"), _simple("syntax", N_("This number is too large."))),
)
