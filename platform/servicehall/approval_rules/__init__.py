"""Approver rules: how each word of `approvers` finds the people or groups to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from servicehall.approval_rules import department_head, field, group, manager, manager_until, person, role
from servicehall.approval_rules.view import Amount, Manager, Members, View
from servicehall.domain.approval_chains import ApproverRule
from servicehall.domain.voices import Candidate
from servicehall.registry import Registry

Resolve = Callable[[Any, View], Sequence[Candidate]]

RULES: Registry[Resolve] = Registry("approver rule")
RULES.register("manager", manager.resolve)
RULES.register("manager_until", manager_until.resolve)
RULES.register("department_head", department_head.resolve)
RULES.register("group", group.resolve)
RULES.register("role", role.resolve)
RULES.register("person", person.resolve)
RULES.register("field", field.resolve)


def resolve_rules(rules: Sequence[ApproverRule], view: View) -> list[Candidate]:
    """The candidates of a stage, in the order of its rules."""
    return [found for rule in rules for found in RULES[rule.name](rule.params, view)]


__all__ = ["RULES", "Amount", "Manager", "Members", "View", "resolve_rules"]
