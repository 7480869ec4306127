"""Durations as the catalog language writes them: one positive integer and one unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from servicehall.errors import Invalid
from servicehall.texts import N_, _


class Unit(StrEnum):
    """Minutes and hours are working time, days are 24 elapsed hours, business days are counted on the calendar."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    BUSINESS_DAY = "business day"


MICROSECONDS = {Unit.MINUTE: 60_000_000, Unit.HOUR: 3_600_000_000, Unit.DAY: 86_400_000_000}
WORDS = {
    Unit.MINUTE: (N_("{amount} minute"), N_("{amount} minutes")),
    Unit.HOUR: (N_("{amount} hour"), N_("{amount} hours")),
    Unit.DAY: (N_("{amount} day"), N_("{amount} days")),
    Unit.BUSINESS_DAY: (N_("{amount} business day"), N_("{amount} business days")),
}
_WRITTEN = re.compile(r"(?P<sign>-?)(?P<amount>[1-9][0-9]{0,8}) (?P<unit>minute|hour|day|business day)s?")


@dataclass(frozen=True, slots=True)
class Duration:
    """`amount` of `unit`; negative amounts are business days before an anchor date."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Read `30 minutes`, `4 hours`, `2 days`, `3 business days`, `-3 business days`; Invalid says what is right."""
        found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise Invalid(
                _(
                    "“{text}” is not a duration; write one positive whole number and one unit,"
                    " such as 30 minutes, 4 hours, 2 days or 3 business days",
                    text=str(text)[:60],
                )
            )
        amount, unit = int(found["sign"] + found["amount"]), Unit(found["unit"])
        if amount < 0 and unit is not Unit.BUSINESS_DAY:
            raise Invalid(_("“{text}” is negative; only business days count back, from an anchor date", text=str(text)))
        return cls(amount, unit)

    @property
    def microseconds(self) -> int:
        """The time in it: working time for minutes and hours, elapsed time for days; business days have none."""
        return self.amount * MICROSECONDS[self.unit]

    @property
    def length(self) -> timedelta:
        """`microseconds` as a timedelta."""
        return timedelta(microseconds=self.microseconds)

    @property
    def by_the_clock(self) -> bool:
        """Whether it runs through nights and holidays."""
        return self.unit is Unit.DAY

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if abs(self.amount) == 1 else 's'}"

    def in_words(self) -> str:
        """The same in the reader's language."""
        one, several = WORDS[self.unit]
        return _(one if abs(self.amount) == 1 else several, amount=self.amount)
