"""A document with where it came from, and a place in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from servicehall.documents.canonical import dump
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.source import child, line_of


@dataclass(frozen=True, eq=False)
class Document:
    """One document: `body` is the whole mapping, header included; `version` is its number in the database.

    `file` and `lines` (path to line) are known where it was read from a text.
    """

    kind: str
    department: str
    key: str
    body: Mapping[str, Any]
    version: int | None = None
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        body: Mapping[str, Any],
        *,
        version: int | None = None,
        file: str = "",
        lines: Mapping[str, int] | None = None,
    ) -> Document:
        """The document of a mapping; its names are empty where the header does not say them."""
        kind, department = _text(body, "kind"), _text(body, "department")
        key = _text(body, "key") or (department if kind == "department" else "")
        return cls(kind, department, key, body, version, file, lines or {})

    @property
    def name(self) -> tuple[str, str, str]:
        """What makes it one of its kind: (kind, department, key)."""
        return self.kind, self.department, self.key

    @property
    def reference(self) -> str:
        return f"{self.department}/{self.key}"

    def line(self, path: str = "") -> int:
        return line_of(self.lines, path)

    def canonical(self) -> str:
        """Its canonical YAML; KeyError where the kind is unknown."""
        return dump(KINDS[self.kind].part, self.body)


Finder = Callable[[str, str, str], Document | None]
"""(kind, department, key) to the document, or None."""


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, eq=False)
class Place:
    """A value in a document; `via` is where another document named this one."""

    value: Any
    document: Document
    path: str = ""
    via: Place | None = None

    def at(self, *keys: str | int) -> Place:
        """The place of a part; its value is None where there is nothing."""
        value, path = self.value, self.path
        for key in keys:
            value, path = _part(value, key), child(path, key)
        return Place(value, self.document, path, self.via)

    def below(self, path: str) -> Place:
        """The place of a path that begins here (`stages[1].when`), as the checks of the domain name it."""
        joined = f"{self.path}{'' if path.startswith('[') or not self.path or not path else '.'}{path}"
        return Place(None, self.document, joined, self.via)

    def only(self, *keys: str) -> Place:
        """The same place with nothing but these parts."""
        return Place({key: self.value[key] for key in keys if key in self.value}, self.document, self.path, self.via)

    def items(self, key: str) -> list[Place]:
        """The places of a list's entries; none where it is absent."""
        found = _part(self.value, key)
        return [self.at(key, index) for index in range(len(found))] if isinstance(found, list) else []


def _part(value: Any, key: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return None
