"""From the text of an expression to something that can be run: parsed, literals promoted, names and types checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from servicehall.domain import expression_errors as errors
from servicehall.domain import expression_tree as trees
from servicehall.domain.expression_engine import Program, engines, type_of
from servicehall.domain.expression_environment import Environment
from servicehall.domain.expression_patterns import refuse_costly
from servicehall.domain.expression_types import DOUBLE, INT, Type
from servicehall.errors import Invalid, Problem
from servicehall.texts import _

MAX_LENGTH = 2000
_INDEX = re.compile(r"""\[\s*(["'])([A-Za-z_]\w*)\1\s*\]""")
_INTEGER = re.compile(r"-?\s*(0[xX][0-9a-fA-F]+|\d+)")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a text: the type of its result, the paths it takes from outside, and its program."""

    type: Type
    paths: frozenset[str]
    program: Program


def readable(text: Any) -> str:
    """The text itself, if it can be one of an expression at all; Invalid otherwise."""
    if not isinstance(text, str) or not text.strip():
        raise refusal("syntax", _("An expression is a text that is not empty."))
    if len(text) > MAX_LENGTH:
        raise refusal("too_long", _("The expression is longer than {n} characters.", n=MAX_LENGTH))
    if any((ord(c) < 32 and c not in "\t\r\n") or 0xD800 <= ord(c) < 0xE000 for c in text):
        raise refusal("syntax", _("The expression contains characters that cannot be read."))
    return text


def refusal(code: str, message: str) -> Invalid:
    """One problem with the whole text."""
    return Invalid(message, [Problem("", code, message)])


class Compiler:
    """One text on its way to a condition: parsed, its literals promoted, checked, and compiled to run."""

    def __init__(self, environment: Environment, text: str) -> None:
        self.environment = environment
        self.checking, self.running = engines(environment)
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.tree = self._parse()

    def compiled(self, expects: Type | None) -> Compiled:
        """The expression, its result of the type that is expected (None: any)."""
        self._index_by_name()
        checked = self._check()
        refuse_costly(self.tree)
        result = type_of(checked.return_type())
        if expects is not None and not _fits(result, expects):
            words = (errors.type_words(str(result)), errors.type_words(str(expects)))
            message = _("The result is {found}; it must be {expected}.", found=words[0], expected=words[1])
            raise refusal("type", message)
        return Compiled(result, frozenset(trees.free_paths(self.tree)), Program(self._engine(self.running)))

    def _parse(self) -> trees.Node:
        try:
            return trees.read_tree(self.running.compile(self.text, disable_check=True).serialize())
        except RecursionError:
            raise refusal("too_deep", errors.too_deep()) from None
        except RuntimeError as error:
            raise self._refused(errors.complaints(str(error)), None) from None

    def _index_by_name(self) -> None:
        """`row["price"]` means `row.price`; written so, the checker knows its type."""
        for node in self.tree.walk():
            if node.kind == "call" and node.name == "_[_]":
                match = _INDEX.match(self.text, node.offset)
                if match:
                    plain = f".{match[2]}".ljust(len(match[0]))
                    self.text = self.text[: match.start()] + plain + self.text[match.end() :]
        self.tree = self._parse()
        bare = [p for p in trees.free_paths(self.tree) if p in ("answers", "tasks")]
        if bare:
            message = _("{name} is used with a name behind a dot: {name}.key", name=bare[0])
            raise refusal("type", message)

    def _check(self) -> Any:
        """The checked expression; integer literals beside decimals are promoted, level by level."""
        while True:
            try:
                return self.checking.compile(self.text)
            except RuntimeError as error:
                found = errors.complaints(str(error))
                places = {place for one in found for place in self._promotable(one)}
                if not places:
                    raise self._refused(found, self.tree) from None
                self._promote(places)

    def _promotable(self, complaint: errors.Complaint) -> Iterator[int]:
        overload = complaint.overload
        if overload is None or not any("double" in one for one in overload[1]):
            return
        offset = complaint.offset(self.text)
        for node in self.tree.walk():
            if node.kind == "call" and node.offset == offset and node.name == overload[0]:
                for child in node.children:
                    yield from trees.literals(child) or ()

    def _promote(self, places: set[int]) -> None:
        for place in sorted(places, reverse=True):
            match = _INTEGER.match(self.text, place)
            if match:
                number = f"{int(match[1], 0 if match[1][:2].lower() == '0x' else 10)}.0"
                self.text = self.text[: match.start(1)] + number + self.text[match.end(1) :]
        self.tree = self._parse()

    def _engine(self, engine: Any) -> Any:
        try:
            return engine.compile(self.text)
        except RuntimeError as error:
            raise self._refused(errors.complaints(str(error)), self.tree) from None

    def _refused(self, found: list[errors.Complaint], tree: trees.Node | None) -> Invalid:
        names = self.environment.names()
        return Invalid(problems=errors.problems(found, expression=self.text, tree=tree, known=names, path=""))


def _fits(found: Type, expected: Type) -> bool:
    if found.name == "list" and expected.name == "list":
        return found.of is None or expected.of is None or _fits(found.of, expected.of)
    return found.name == expected.name or (found == INT and expected == DOUBLE)
