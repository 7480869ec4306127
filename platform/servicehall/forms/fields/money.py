"""An amount of money in one currency, exact to its minor unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any, ClassVar

from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Validator
from servicehall.forms.fields.decimal import DecimalField
from servicehall.forms.formats import show_money
from servicehall.forms.lookup import Lookup
from servicehall.forms.numbers import is_currency, minor_unit, plain, round_money
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _


def read_currency(definition: Mapping[str, Any], draft: Draft) -> str:
    """The field's currency, or the installation's."""
    currency: str = definition.get("currency", draft.currency)
    if not is_currency(currency):
        draft.at("currency").fail("currency", _("{code} is not a currency (ISO 4217).", code=currency))
        return draft.currency
    return currency


class MoneyField(DecimalField):
    type = "money"
    title = N_("Money")
    icon = "coin"
    control = "money"
    own: ClassVar[Mapping[str, Validator]] = {**DecimalField.own, "currency": rules.string}

    def shape(self, draft: Draft) -> None:
        self.currency: str = read_currency(self.definition, draft)
        super().shape(draft)

    def written(self, number: Decimal) -> str:
        unit = minor_unit(self.currency)
        if number % unit:
            raise Refused("scale", _("The smallest amount is {unit}.", unit=plain(unit)))
        return plain(number.quantize(unit))

    def from_cel(self, value: Any) -> Any:
        return plain(round_money(value, self.currency))

    def schema_fragment(self) -> dict[str, Any]:
        return {**super().schema_fragment(), "x-currency": self.currency}

    def attributes(self) -> dict[str, Any]:
        step = self.step if self.step is not None else minor_unit(self.currency)
        return {**super().attributes(), "step": plain(step)}

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else show_money(Decimal(value), self.currency, locale)
