"""`kind: priority_matrix`: the priority for each impact (rows) and urgency (columns)."""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.parts import ListOf
from servicehall.documents.words import PRIORITIES, Line, OneWord


class PriorityMatrixLayout(Header):
    impact = ListOf(Line(), inline=True, least=1, required=True)
    urgency = ListOf(Line(), inline=True, least=1, required=True)
    priority = ListOf(ListOf(OneWord(PRIORITIES), inline=True), inline=True, least=1, required=True)


KIND = Kind("priority_matrix", PriorityMatrixLayout, pinned=True)
