"""A property that is `true`, `false` or a condition, and a default that is a literal or an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from servicehall.domain.conditions import Activation, Condition

Rule = bool | Condition

BEFORE_ANSWERS = ("requester", "requested_for", "today")
"""What a default may ask beside the fields above it."""


def decide(rule: Rule, activation: Activation) -> bool:
    """A rule of a form that cannot be decided is false."""
    return rule if isinstance(rule, bool) else rule.holds(activation, otherwise=False)


def rule_text(rule: Rule) -> bool | str:
    """As the author wrote it, for JSON Schema and the studio."""
    return rule if isinstance(rule, bool) else rule.text


def rule_fields(*rules: Rule | None) -> frozenset[str]:
    """The fields that these rules depend upon."""
    found = [rule.fields for rule in rules if isinstance(rule, Condition)]
    return frozenset().union(*found)


@dataclass(frozen=True, slots=True)
class Check:
    """A rule over `value` and other fields, and what is said where it fails."""

    rule: Condition
    message: Any

    def fails(self, activation: Activation, key: str) -> bool:
        """Only asked where the field itself has an answer; then no value counts as failed."""
        return not self.rule.holds(activation.with_value(key), otherwise=False)
