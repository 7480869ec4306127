"""`kind: choice_list`: options that several fields offer, nested for cascades."""

from __future__ import annotations

from servicehall.documents.kinds.forms import MOST_OPTIONS, OptionLayout
from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.parts import Block, ListOf


class ChoiceListLayout(Header):
    options = ListOf(Block(OptionLayout, inline=True), inline=False, least=1, most=MOST_OPTIONS, required=True)


KIND = Kind("choice_list", ChoiceListLayout, pinned=True)
