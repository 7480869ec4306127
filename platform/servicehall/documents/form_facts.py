"""What approval, clocks and plan need to know of a form: each field's type, and who may read its answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servicehall.domain.conditions import Environment
from servicehall.domain.expression_types import Type


@dataclass(frozen=True)
class FieldFact:
    """`answers` is the field type whose answers it holds: its own, or what a computed one computes (`as`).

    `needed` says that no request can do without its answer.
    """

    key: str
    answers: str
    type: Type
    definition: Mapping[str, Any]
    needed: bool = False

    @property
    def classification(self) -> str:
        return str(self.definition.get("classification", "public"))

    @property
    def share_with(self) -> Collection[str]:
        return list(self.definition.get("share_with") or ())

    @property
    def computed(self) -> bool:
        return self.definition.get("type") == "computed"


@dataclass(frozen=True)
class FormFacts:
    """The fields that have answers, by key."""

    fields: Mapping[str, FieldFact]

    @property
    def types(self) -> dict[str, Type]:
        return {key: fact.type for key, fact in self.fields.items()}

    def environment(self, tasks: Mapping[str, Mapping[str, Type]] | None = None) -> Environment:
        return Environment.of(self.types, tasks=tasks)


def field_definitions(form: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field of a form with its path, sets not followed: of the pages, and of a short form without them."""
    for prefix, holder in [("", form), *((f"pages[{n}].", page) for n, page in enumerate(form.get("pages") or ()))]:
        for index, entry in enumerate(holder.get("fields") or ()):
            if "use" not in entry:
                yield f"{prefix}fields[{index}]", entry
