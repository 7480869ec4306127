"""`kind: department`: its agents, who decides when nobody can, whose hours count."""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.parts import ListOf
from servicehall.documents.words import CalendarReference, Flag, GroupKey, Key, Reference, Whole


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


KIND = Kind("department", DepartmentLayout)
