"""`kind: service`: what can be ordered, by whom, and all that follows."""

from __future__ import annotations

from servicehall.documents.kinds.approval_chain import chain_part
from servicehall.documents.kinds.examples import ExamplesLayout
from servicehall.documents.kinds.forms import FormLayout
from servicehall.documents.kinds.fulfilment_plan import plan_part
from servicehall.documents.kinds.kind import Kind, Name
from servicehall.documents.kinds.prices import PriceLayout
from servicehall.documents.kinds.sla_policy import sla_part
from servicehall.documents.parts import Block, ListOf
from servicehall.documents.words import CategoryKey, Expression, Flag, Line, OneWord, Picture, Text

TYPES = ("request", "incident", "problem", "change")


class ServiceLayout(Name):
    type = OneWord(TYPES)
    title = Text()
    label = Text()
    summary = Text()
    help = Text()
    category = CategoryKey()
    icon = Line()
    image = Picture()
    keywords = ListOf(Line(), inline=True)
    audience = Expression()
    excluded = Expression()
    confidential = Flag()
    on_behalf = OneWord(("self", "reports", "anyone"))
    price = Block(PriceLayout, inline=True)
    form = Block(FormLayout)
    approval = chain_part(inline=True)
    sla = sla_part()
    fulfilment = plan_part(inline=True)
    examples = Block(ExamplesLayout)


KIND = Kind("service", ServiceLayout)
