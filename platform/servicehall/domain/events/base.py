"""Every kind of event: what was done, in the words of the log. A stream is one request, person, group or document.

Bodies name people by id and what people wrote by the hash of its content, so that the log can stand for ever.
A change of a kind's fields raises its `schema`, and `UPCASTERS` lifts what is older.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, dataclass_transform

KINDS: dict[str, type[Event]] = {}
UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}

Json = dict[str, Any]
E = TypeVar("E", bound="Event")


class Event:
    """The base: `KIND` and `SCHEMA` are set by `@event`."""

    KIND: ClassVar[str]
    SCHEMA: ClassVar[int]

    @property
    def flow_key(self) -> str:
        """Under which name others answer it: its kind; for acts of the state tables `request.<act>` or `task.<act>`."""
        return self.KIND

    def body(self) -> Json:
        """The fields as JSON, without those that say no more than their default."""
        stated = [(one.name, one.default, getattr(self, one.name)) for one in dataclasses.fields(self)]  # type: ignore[arg-type]
        return {name: value for name, default, value in stated if value is not None or default is not None}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(kind: str, *, schema: int = 1) -> Callable[[type[E]], type[E]]:
    """Registers a frozen dataclass as the event of this kind; a kind that stands twice stops the start."""

    def register(cls: type[E]) -> type[E]:
        if kind in KINDS:
            raise RuntimeError(f"event {kind!r} is registered twice")
        made = dataclass(frozen=True, slots=False, kw_only=True)(cls)
        made.KIND, made.SCHEMA = kind, schema
        KINDS[kind] = made
        return made

    return register


def read_event(kind: str, schema: int, body: Mapping[str, Any]) -> Event:
    """The event of a row of the log, lifted to the present schema."""
    values = dict(body)
    cls = KINDS[kind]
    while schema < cls.SCHEMA:
        values = UPCASTERS[kind, schema](values)
        schema += 1
    return cls(**values)
