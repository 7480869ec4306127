"""One to five stars, or as many as `max` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, ClassVar

from servicehall.domain.expression_types import INT, Type
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Field, Offer, Validator
from servicehall.forms.fields.integer import parse_integer, read_integer
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Refused, State
from servicehall.texts import N_, _


class RatingField(Field):
    type = "rating"
    title = N_("Rating")
    icon = "star"
    group = "choice"
    family = "number"
    control = "radio"
    own: ClassVar[Mapping[str, Validator]] = {"max": rules.count}

    def shape(self, draft: Draft) -> None:
        self.max: int = self.definition.get("max", 5)
        if not 2 <= self.max <= 10:
            draft.at("max").fail("range", _("A rating goes up to a number from 2 to 10."))

    @property
    def cel(self) -> Type:
        return INT

    def blank(self, raw: Any) -> bool:
        return raw is None

    def canonical(self, raw: Any) -> int:
        value = read_integer(raw)
        if not 1 <= value <= self.max:
            raise Refused("range", _("This must be from 1 to {max}.", max=self.max))
        return value

    def schema_fragment(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": self.max}

    def parse(self, values: Sequence[Any], zone: tzinfo) -> Any:
        return parse_integer(values)

    def offer(self, state: State, lookup: Lookup, value: Any, locale: str) -> Offer:
        return Offer(self.control, [(str(n), str(n)) for n in range(1, self.max + 1)])

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else f"{value} / {self.max}"
