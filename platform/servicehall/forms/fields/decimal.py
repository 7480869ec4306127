"""An exact decimal, written as a text in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any, ClassVar

from servicehall.domain.expression_types import DOUBLE, Type
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Validator
from servicehall.forms.fields.ranged import Ranged
from servicehall.forms.formats import show_number
from servicehall.forms.lookup import Lookup
from servicehall.forms.numbers import plain, read_decimal, round_double
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _


class DecimalField(Ranged):
    type = "decimal"
    title = N_("Decimal number")
    icon = "decimal"
    group = "number"
    family = "number"
    input_type = "number"
    own: ClassVar[Mapping[str, Validator]] = {**Ranged.own, "step": rules.anything}

    def shape(self, draft: Draft) -> None:
        self.step: Decimal | None = None
        self.min = self.max = None
        step = self.limit(draft, "step")
        super().shape(draft)
        if step is not None and Decimal(step) <= 0:
            draft.at("step").fail("range", _("A step is above zero."))
        elif step is not None:
            self.step = Decimal(step)

    @property
    def cel(self) -> Type:
        return DOUBLE

    def order(self, value: Any) -> Decimal:
        return Decimal(value)

    def canonical(self, raw: Any) -> str:
        try:
            number = read_decimal(raw)
        except ValueError:
            raise Refused("type", _("This must be a decimal number.")) from None
        value: str = self.in_range(self.written(number))
        if self.step is not None and (number - Decimal(self.min or 0)) % self.step:
            raise Refused("step", _("This must be a multiple of {step}.", step=plain(self.step)))
        return value

    def written(self, number: Decimal) -> str:
        """The one text of this number."""
        return plain(number)

    def from_cel(self, value: Any) -> Any:
        return plain(round_double(value))

    def schema_fragment(self) -> dict[str, Any]:
        limits = {"x-minimum": self.min, "x-maximum": self.max, "x-step": self.step and plain(self.step)}
        pattern = r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\s*$"
        shape = {"type": ["string", "number"], "pattern": pattern}
        return {**shape, **{name: value for name, value in limits.items() if value is not None}}

    def attributes(self) -> dict[str, Any]:
        step = plain(self.step) if self.step is not None else "any"
        return {**super().attributes(), "step": step, "inputmode": "decimal"}

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else show_number(Decimal(value), locale)
