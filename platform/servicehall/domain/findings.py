"""Collecting everything that is wrong with a document, each with its place, before saying anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from servicehall.errors import Problem
from servicehall.texts import _

HEADER = frozenset({"kind", "department", "key", "title", "summary", "help", "label"})


def child(path: str, key: str | int) -> str:
    """The path of a part: `targets` and 0 give `targets[0]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


class Findings:
    """The problems found so far; the readers return what is usable and note the rest here."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, path: str, code: str, message: str) -> None:
        self.problems.append(Problem(path, code, message))

    def mapping(self, value: Any, path: str, keys: Collection[str] | None = None) -> Mapping[str, Any]:
        """The value where it is a mapping with text keys, of these only; else an empty one."""
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            self.note(path, "type", _("this is a mapping of names to values"))
            return {}
        for key in value:
            if keys is not None and key not in keys:
                known = ", ".join(sorted(set(keys) - HEADER))
                message = _("“{key}” is not known here; known are {known}", key=key, known=known)
                self.note(child(path, key), "unknown", message)
        return value

    def items(self, value: Any, path: str) -> Iterator[tuple[str, Any]]:
        """Each part of a list with its path; anything but a list is noted."""
        if not isinstance(value, list | tuple):
            self.note(path, "type", _("this is a list"))
            return
        for index, part in enumerate(value):
            yield child(path, index), part

    def text(self, value: Any, path: str) -> str:
        """The value where it is a text with something in it; else an empty one."""
        if isinstance(value, str) and value:
            return value
        self.note(path, "type", _("this is a text"))
        return ""

    def label(self, value: Any, path: str) -> None:
        """A text, or a mapping of locale to text."""
        parts = value.values() if isinstance(value, Mapping) else (value,)
        if not value or not all(isinstance(part, str) for part in parts):
            self.note(path, "type", _("this is a text, or a mapping of locale to text"))

    def choice(self, value: Any, path: str, known: Collection[str]) -> str:
        """The value where it is one of the known words; else an empty text."""
        if isinstance(value, str) and value in known:
            return value
        self.note(path, "invalid", _("this is one of {known}", known=", ".join(known)))
        return ""

    def flag(self, value: Any, path: str) -> bool:
        """The value where it is true or false; else false."""
        if not isinstance(value, bool):
            self.note(path, "type", _("this is true or false"))
        return value is True

    def condition(self, value: Any, path: str) -> str | bool:
        """A condition's text, or true or false; else true."""
        if isinstance(value, bool) or (isinstance(value, str) and value):
            return value
        self.note(path, "type", _("this is a condition, or true or false"))
        return True
