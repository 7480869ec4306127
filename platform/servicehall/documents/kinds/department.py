"""`kind: department`: its agents, who decides when nobody can, whose hours count, its place in the catalog.

And what its groups are called.
"""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.parts import Block, Layout, ListOf
from servicehall.documents.words import CalendarReference, Flag, GroupKey, Key, Line, Reference, ServiceKey, Text, Whole

MOST = 100


class CategoryLayout(Layout):
    """A category of the catalog: what it is called, and its icon's name."""

    key = Key(required=True)
    title = Text()
    icon = Line()


class NamedGroupLayout(Layout):
    """What people read where a group is named."""

    key = GroupKey(required=True)
    title = Text(required=True)


class DepartmentLayout(Header):
    """A department has one; its key is the department's unless it says otherwise."""

    key = Key()
    agents = ListOf(GroupKey(), inline=True)
    assignment = Reference("assignment_rule")
    approval_fallback = GroupKey()
    calendar = CalendarReference()
    review = Flag()
    reopen_days = Whole(least=0, most=3650)
    close_days = Whole(least=0, most=3650)
    categories = ListOf(Block(CategoryLayout, inline=True), inline=False, most=MOST)
    groups = ListOf(Block(NamedGroupLayout, inline=True), inline=False, most=MOST)
    featured = ListOf(ServiceKey(), inline=True, most=MOST)


KIND = Kind("department", DepartmentLayout)
