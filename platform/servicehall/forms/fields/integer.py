"""A whole number, as JSON readers keep it exact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, ClassVar

from servicehall.domain.expression_types import INT, Type
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Validator
from servicehall.forms.fields.ranged import Ranged
from servicehall.forms.formats import show_number
from servicehall.forms.lookup import Lookup
from servicehall.forms.numbers import MAX_INTEGER
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


def read_integer(raw: Any) -> int:
    """A JSON integer: no text, no fraction, no truth value."""
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise Refused("type", _("This must be a whole number."))
    if abs(raw) > MAX_INTEGER:
        raise Refused("range", _("This number is too large."))
    return raw


def parse_integer(values: Sequence[Any]) -> Any:
    """The whole number that was typed; what is none stays a text, and is refused as such."""
    texts = [value.strip() for value in values if isinstance(value, str)]
    if not texts or not texts[-1]:
        return None
    return int(texts[-1]) if _WHOLE.fullmatch(texts[-1]) else texts[-1]


class IntegerField(Ranged):
    type = "integer"
    title = N_("Whole number")
    icon = "number-123"
    group = "number"
    family = "number"
    input_type = "number"
    own: ClassVar[Mapping[str, Validator]] = {**Ranged.own, "step": rules.anything}

    def shape(self, draft: Draft) -> None:
        self.step: int | None = None
        self.min = self.max = None
        step = self.limit(draft, "step")
        super().shape(draft)
        if step is not None and step <= 0:
            draft.at("step").fail("range", _("A step is above zero."))
        else:
            self.step = step

    @property
    def cel(self) -> Type:
        return INT

    def blank(self, raw: Any) -> bool:
        return raw is None

    def canonical(self, raw: Any) -> int:
        value: int = self.in_range(read_integer(raw))
        if self.step is not None and (value - (self.min or 0)) % self.step:
            raise Refused("step", _("This must be a multiple of {step}.", step=self.step))
        return value

    def from_cel(self, value: Any) -> Any:
        return int(value)

    def schema_fragment(self) -> dict[str, Any]:
        limits = {"minimum": self.min, "maximum": self.max}
        if self.step is not None and not self.min:
            limits["multipleOf"] = self.step
        return {"type": "integer", **{name: value for name, value in limits.items() if value is not None}}

    def attributes(self) -> dict[str, Any]:
        return {**super().attributes(), "step": self.step or 1, "inputmode": "numeric"}

    def parse(self, values: Sequence[Any], zone: tzinfo) -> Any:
        return parse_integer(values)

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else show_number(value, locale)
