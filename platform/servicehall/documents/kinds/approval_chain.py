"""`approval` / `kind: approval_chain`: who decides, in which stages."""

from __future__ import annotations

from typing import Any

from servicehall.documents.kinds.kind import Header, Kind, block_or_use
from servicehall.documents.parts import ANYTHING, Block, Layout, ListOf, OneOf, Part, not_a, suggest, wrong
from servicehall.documents.words import (
    CalendarReference,
    Expression,
    FieldKey,
    Flag,
    GroupKey,
    Length,
    Line,
    Name,
    OneWord,
    PersonEmail,
    Text,
    Whole,
)
from servicehall.registry import Registry
from servicehall.texts import _

SUBJECTS = ("requester", "requested_for")
MOST_LEVELS = 20


class ManagerLayout(Layout):
    of = OneWord(SUBJECTS)
    level = Whole(least=1, most=MOST_LEVELS)


class ManagerUntilLayout(Layout):
    of = OneWord(SUBJECTS)
    limit = FieldKey(required=True)


class DepartmentHeadLayout(Layout):
    of = OneWord(SUBJECTS)


APPROVER_RULES: Registry[Part] = Registry("approver rule")
"""What stands behind each rule's name; a new rule in `approval_rules/` registers its part here."""

APPROVER_RULES.register("manager", Block(ManagerLayout, inline=True))
APPROVER_RULES.register("manager_until", Block(ManagerUntilLayout, inline=True))
APPROVER_RULES.register("department_head", Block(DepartmentHeadLayout, inline=True))
APPROVER_RULES.register("group", GroupKey())
APPROVER_RULES.register("role", Line())
APPROVER_RULES.register("person", PersonEmail())
APPROVER_RULES.register("field", FieldKey())


class ApproverRule(Part):
    """One rule by its name: `{manager: {of: requester}}`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise not_a(_("a rule such as {example}", example="manager: {of: requested_for}"), value)
        if len(value) != 1:
            raise wrong("one_name", _("a rule has exactly one name: {words}", words=", ".join(APPROVER_RULES)))
        name = next(iter(value))
        if name not in APPROVER_RULES:
            raise wrong(
                "unknown", _("no approver rule “{name}”; {hint}", name=name, hint=suggest(name, APPROVER_RULES))
            )
        return Block(_rule_layout(name)).deserialize(value)

    def children(self, value: Any) -> Any:
        if isinstance(value, dict):
            for name in sorted(value):
                yield name, _rule(name), value[name]
        else:
            yield from super().children(value)


def _rule(name: str) -> Part:
    if name not in APPROVER_RULES:
        return ANYTHING
    return APPROVER_RULES[name]


_RULE_LAYOUTS: dict[str, type[Layout]] = {}


def _rule_layout(name: str) -> type[Layout]:
    if name not in _RULE_LAYOUTS:
        _RULE_LAYOUTS[name] = Layout.from_dict({name: APPROVER_RULES[name]}, name=f"Rule_{name}")  # type: ignore[assignment]
    return _RULE_LAYOUTS[name]


class AtLeastLayout(Layout):
    at_least = Whole(least=1, most=1000, required=True)


class PercentLayout(Layout):
    percent = Whole(least=1, most=100, required=True)


_WAYS = OneWord(("all", "any"))
_COUNTED = (Block(PercentLayout, inline=True), Block(AtLeastLayout, inline=True))


def _decide(value: Any) -> Part:
    return _COUNTED["at_least" in value] if isinstance(value, dict) else _WAYS


class RemindLayout(Layout):
    every = Length(required=True)


class ToGroupLayout(Layout):
    group = GroupKey(required=True)


class ReassignLayout(Layout):
    reassign = Block(ToGroupLayout, inline=True, required=True)


_THEN = OneWord(("escalate", "reject", "approve"))
_REASSIGN = Block(ReassignLayout, inline=True)


class TimeoutLayout(Layout):
    after = Length(required=True)
    then = OneOf(
        lambda value: _REASSIGN if isinstance(value, dict) else _THEN,
        lambda: (_THEN, _REASSIGN),
        inline=True,
        required=True,
    )


class StageLayout(Layout):
    key = Name(required=True)
    title = Text()
    help = Text()
    when = Expression()
    approvers = ListOf(ApproverRule(), least=1, required=True, inline=False)
    decide = OneOf(_decide, lambda: (_WAYS, *_COUNTED), inline=True)
    group_counts = OneWord(("one", "each"))
    comment = OneWord(("never", "on_reject", "always"))
    sign = Flag()
    fields_ = ListOf(FieldKey(), inline=True, data_key="fields")
    shows = ListOf(FieldKey(), inline=True)
    remind = Block(RemindLayout, inline=True)
    timeout = Block(TimeoutLayout, inline=True)


class ChainLayout(Layout):
    calendar = CalendarReference()
    self_approval = OneWord(("forbid", "skip", "allow"))
    repeat_approver = OneWord(("skip", "ask"))
    stages = ListOf(Block(StageLayout), least=1, required=True)
    parallel = ListOf(ListOf(Name(), inline=True), inline=True)
    apart = ListOf(ListOf(Name(), inline=True), inline=True)


class ApprovalChainLayout(ChainLayout, Header):
    class Meta(Header.Meta):
        pass


def chain_part(**options: Any) -> Part:
    """A chain's block, or the use of a chain."""
    return block_or_use("approval_chain", lambda: ChainLayout, **options)


KIND = Kind("approval_chain", ApprovalChainLayout, pinned=True)
