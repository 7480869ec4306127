"""What conditions may know of people and of the request, besides the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property
from typing import Any

from servicehall.domain.expression_types import instant


@dataclass(frozen=True)
class PersonFacts:
    """A person as `requester` and `requested_for` show them; what is empty has no value in a condition."""

    id: str
    name: str
    email: str
    department: str | None = None
    location: str | None = None
    title: str | None = None
    grade: str | None = None
    type: str | None = None
    manager: str | None = None
    is_manager: bool = False
    groups: tuple[str, ...] = ()
    start_date: date | None = None


@dataclass(frozen=True)
class RequestFacts:
    """A request as `request` shows it; `created_at` is aware."""

    type: str = "request"
    priority: str | None = None
    impact: str | None = None
    urgency: str | None = None
    created_at: datetime | None = None
    department: str | None = None


@dataclass(frozen=True)
class Context:
    """Everything that a condition may ask beside the form's own answers.

    `today` is the date in the requester's time zone. `tasks` holds the canonical answers of finished tasks,
    by task key with underscores and answer key.
    """

    requester: PersonFacts
    requested_for: PersonFacts
    now: datetime
    today: date
    request: RequestFacts = RequestFacts()
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The engine's values by name; `tasks` is left to the activation, which knows the answers' types."""
        requester = _known(self.requester)
        return {
            "requester": requester,
            "requested_for": requester if self.requested_for is self.requester else _known(self.requested_for),
            "request": _known(self.request),
            "today": instant(self.today),
            "now": instant(self.now),
        }


def _known(facts: PersonFacts | RequestFacts) -> dict[str, Any]:
    values = ((one.name, getattr(facts, one.name)) for one in fields(facts))
    return {name: _plain(value) for name, value in values if value is not None and value != ""}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return instant(value) if isinstance(value, date) else value
