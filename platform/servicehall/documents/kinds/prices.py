"""What a service, or an option, costs: once, and again each period."""

from __future__ import annotations

from servicehall.documents.parts import Block, Layout
from servicehall.documents.words import Amount, Currency, OneWord

PERIODS = ("day", "week", "month", "quarter", "year")


class RecurringLayout(Layout):
    amount = Amount(required=True)
    currency = Currency()
    per = OneWord(PERIODS, required=True)


class PriceLayout(Layout):
    amount = Amount(required=True)
    currency = Currency()
    recurring = Block(RecurringLayout, inline=True)
