"""`kind: assignment_rule`: which group takes a department's requests, and how they are spread in it."""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind, condition
from servicehall.documents.parts import Block, Layout, ListOf
from servicehall.documents.words import GroupKey, OneWord


class RuleLayout(Layout):
    when = condition()
    group = GroupKey(required=True)
    how = OneWord(("manual", "round_robin", "least_loaded", "skills"))


class AssignmentRuleLayout(Header):
    rules = ListOf(Block(RuleLayout, inline=True), inline=False, least=1, required=True)


KIND = Kind("assignment_rule", AssignmentRuleLayout)
