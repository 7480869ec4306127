"""`fulfilment` / `kind: fulfilment_plan`: the tasks, and what waits for what."""

from __future__ import annotations

from typing import Any

from servicehall.documents.kinds.approval_chain import ApproverRule, chain_part
from servicehall.documents.kinds.forms import FormLayout
from servicehall.documents.kinds.kind import Header, Kind, block_or_use
from servicehall.documents.parts import Block, Layout, ListOf, MapOf, OneOf, Part
from servicehall.documents.words import (
    CalendarReference,
    DepartmentKey,
    Expression,
    FieldKey,
    Flag,
    GroupKey,
    Key,
    Length,
    Line,
    PlainName,
    Reference,
    Text,
    Whole,
)

MOST_RETRIES = 100


class AnyLayout(Layout):
    any = ListOf(Key(), inline=True, least=1, required=True)


_ANY, _KEY = Block(AnyLayout, inline=True), Key()
_ENTRY = OneOf(lambda value: _ANY if isinstance(value, dict) else _KEY, lambda: (_KEY, _ANY), inline=True)
_ALL = ListOf(_ENTRY, inline=True)


class AutomateLayout(Layout):
    webhook = PlainName(required=True)
    retry = Whole(least=0, most=MOST_RETRIES)


class UndoLayout(Layout):
    title = Text(required=True)
    group = GroupKey()


class AssignRule(ApproverRule):
    """Who does the task, by the same rules as approvers."""

    inline = True


class TaskLayout(Layout):
    key = Key(required=True)
    department = DepartmentKey()
    group = GroupKey()
    assign = AssignRule()
    title = Text()
    help = Text()
    after = OneOf(lambda value: _ANY if isinstance(value, dict) else _ALL, lambda: (_ALL, _ANY), inline=True)
    when = Expression()
    due = Length(anchored=True)
    skills = ListOf(Line(), inline=True)
    shows = ListOf(FieldKey(), inline=True)
    form = Block(FormLayout)
    checklist = ListOf(Text(), inline=False)
    optional = Flag()
    approval = chain_part(inline=True)
    request = Reference("service")
    answers = MapOf(Expression(), key=FieldKey(), inline=False)
    automate = Block(AutomateLayout, inline=True)
    undo = Block(UndoLayout, inline=True)


class PlanLayout(Layout):
    anchor = FieldKey()
    calendar = CalendarReference()
    tasks = ListOf(Block(TaskLayout), least=1, required=True)


class FulfilmentPlanLayout(PlanLayout, Header):
    """The plan as a document of its own."""


def plan_part(**options: Any) -> Part:
    """A plan's block, or the use of a plan."""
    return block_or_use("fulfilment_plan", lambda: PlanLayout, **options)


KIND = Kind("fulfilment_plan", FulfilmentPlanLayout, pinned=True)
