"""A value that the server works out from other answers; what is posted for it is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Any, ClassVar

from servicehall.domain.conditions import Activation, Condition, Environment, NoValue
from servicehall.domain.expression_types import Type
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Field, Validator
from servicehall.forms.fields.boolean import BooleanField
from servicehall.forms.fields.date import DateField
from servicehall.forms.fields.decimal import DecimalField
from servicehall.forms.fields.integer import IntegerField
from servicehall.forms.fields.long_text import LongTextField
from servicehall.forms.fields.money import MoneyField
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Reading, Refused
from servicehall.forms.rules import rule_fields
from servicehall.texts import N_, _

RESULTS: Mapping[str, Callable[..., Field]] = {
    "text": LongTextField,
    "integer": IntegerField,
    "decimal": DecimalField,
    "money": MoneyField,
    "boolean": BooleanField,
    "date": DateField,
}


class ComputedField(Field):
    """It behaves as a field of the type of its result, which nobody fills in."""

    type = "computed"
    title = N_("Computed value")
    icon = "calculator"
    group = "layout"
    begins: ClassVar[Mapping[str, Any]] = {"as": "text", "value": '""'}
    control = "output"
    derived = True
    takes_default = False
    asked: ClassVar[Mapping[str, Validator]] = {"check": rules.sequence}
    own: ClassVar[Mapping[str, Validator]] = {
        "value": rules.string,
        "as": rules.one_of(*RESULTS),
        "currency": rules.string,
    }

    def shape(self, draft: Draft) -> None:
        kind = self.definition.get("as")
        if kind is None:
            draft.at("as").fail("required", _("Say the type of the result: {allowed}.", allowed=", ".join(RESULTS)))
        if "value" not in self.definition:
            draft.at("value").fail("required", _("A computed field has an expression as its value."))
        made = {name: value for name, value in self.definition.items() if name in ("key", "currency")}
        made_of = RESULTS.get(kind or "text", LongTextField)
        if kind != "money" and "currency" in made:
            draft.at("currency").fail("unknown_property", _("Only money has a currency."))
            del made["currency"]
        self.result: Field = made_of({**made, "type": kind or "text"}, draft)
        self.currency = self.result.currency
        self.value: Condition | None = None

    @property
    def cel(self) -> Type:
        return self.result.cel

    def compile(self, environment: Environment, above: frozenset[str], draft: Draft) -> None:
        super().compile(environment, above, draft)
        if "value" in self.definition:
            self.value = draft.at("value").condition(self.definition["value"], environment, self.cel)

    def dependencies(self) -> frozenset[str]:
        return super().dependencies() | rule_fields(self.value)

    def settle(self, raw: Mapping[str, Any], reading: Reading, *, read_only: bool) -> Any:
        return self.compute(reading.activation)

    def compute(self, activation: Activation) -> Any:
        """The canonical result, or None where an answer is missing or the result cannot be one."""
        if self.value is None:
            return None
        try:
            result = self.result.from_cel(self.value.evaluate(activation))
            return None if self.result.blank(result) else self.result.canonical(result)
        except (NoValue, Refused, ValueError, ArithmeticError):
            return None

    def blank(self, raw: Any) -> bool:
        return self.result.blank(raw)

    def canonical(self, raw: Any) -> Any:
        return self.result.canonical(raw)

    def schema_fragment(self) -> dict[str, Any]:
        shape = {**self.result.schema_fragment(), "readOnly": True, "x-as": self.result.type}
        return {**shape, "x-value": self.value.text if self.value else ""}

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        return self.result.form_value(value, zone)

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return self.result.display(value, locale, lookup, zone)
