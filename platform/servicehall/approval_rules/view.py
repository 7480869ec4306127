"""What an approver rule may ask: the request as it is, and the directory as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from servicehall.domain.voices import PersonCandidate, Superior, Why


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody in the line upwards; `limit` is what they may approve alone, in `currency`."""

    id: str
    active: bool
    limit: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True)
class Members:
    """A group by its id, with its active members in order."""

    id: str
    key: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    value: Decimal
    currency: str


class View(Protocol):
    """People are ids; what is not there is None or empty."""

    def subject(self, of: str) -> str | None:
        """`requester`, `requested_for`, or the person whom an answer names."""

    def line(self, person: str) -> Sequence[Manager]:
        """The managers above somebody, nearest first."""

    def is_active(self, person: str) -> bool: ...

    def department_head(self, person: str) -> str | None:
        """The head of the department that somebody belongs to."""

    def group(self, key: str) -> Members | None: ...

    def with_role(self, role: str) -> Sequence[str]:
        """The active people with a business role, in order."""

    def person(self, email: str) -> str | None: ...

    def answer(self, field: str) -> tuple[str, Any]:
        """The type of a field and its answer (None where unanswered)."""

    def amount(self, expression: str) -> Amount | None:
        """The value of an expression as money; None where it has none."""


def superiors(view: View, person: str, code: str) -> tuple[Superior, ...]:
    """The line above somebody, for climbing past requester and beneficiary."""
    return tuple(
        Superior(one.id, {"code": code, "params": {"level": level}}, one.active)
        for level, one in enumerate(view.line(person), start=1)
    )


def candidate(view: View, person: str, why: Why, *, climbs: bool = False) -> PersonCandidate:
    """A person whom a rule names; a manager-like rule lets the next one up be asked in their place."""
    above = superiors(view, person, str(why["code"])) if climbs else ()
    return PersonCandidate(person, why, above, view.is_active(person))
