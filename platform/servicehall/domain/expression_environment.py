"""The names that an expression may use, with their types, and the words that are no names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from servicehall.domain.expression_types import PERSON, REQUEST, TIMESTAMP, Type, record

GIVEN = ("requester", "requested_for", "request", "answers", "tasks", "today", "now", "value")
RESERVED = frozenset(
    (
        *GIVEN,
        *("type", "int", "uint", "double", "string", "bool", "bytes", "list", "map", "null_type"),
        *("false", "in", "null", "true", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)


@dataclass(frozen=True)
class Environment:
    """The names that an expression may use: the form's fields and the answers of tasks, each with its type.

    `value` is the type of the field whose `check` it is. The given names (`requester`, `today`, …) are always there.
    """

    fields: tuple[tuple[str, Type], ...] = ()
    tasks: tuple[tuple[str, Type], ...] = ()
    value: Type | None = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Found once, and only where it is asked for: a form of hundreds of fields makes hundreds of these."""
        return hash((self.fields, self.tasks, self.value))

    @classmethod
    def of(
        cls,
        fields: Mapping[str, Type] | None = None,
        *,
        tasks: Mapping[str, Mapping[str, Type]] | None = None,
        value: Type | None = None,
    ) -> Environment:
        """From field key → type, and task key (with dashes or underscores) → answer key → type."""
        under = {key.replace("-", "_"): record(answers) for key, answers in (tasks or {}).items()}
        return cls(tuple((fields or {}).items()), tuple(under.items()), value)

    def with_value(self, value: Type) -> Environment:
        return Environment(self.fields, self.tasks, value)

    def with_tasks(self, tasks: tuple[tuple[str, Type], ...]) -> Environment:
        return Environment(self.fields, tasks, self.value)

    def roots(self) -> dict[str, Type]:
        """Every name at the start of a path, with its type."""
        given = {
            "requester": PERSON,
            "requested_for": PERSON,
            "request": REQUEST,
            "today": TIMESTAMP,
            "now": TIMESTAMP,
            "answers": Type("record", fields=self.fields),
            "tasks": Type("record", fields=self.tasks),
        }
        own = {"value": self.value} if self.value else {}
        return {**dict(self.fields), **given, **own}

    def names(self) -> Iterator[str]:
        """Every path that may be written, for the editor's completion and for suggestions."""
        for root, type_ in self.roots().items():
            yield from _paths(root, type_)


def _paths(name: str, type_: Type) -> Iterator[str]:
    yield name
    for inner, kind in type_.fields:
        yield from _paths(f"{name}.{inner}", kind)
