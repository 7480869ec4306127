"""Several of several options; `min` and `max` say how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, ClassVar

from servicehall.domain.expression_types import STRINGS, Type
from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Validator
from servicehall.forms.fields.choice import read_key
from servicehall.forms.fields.options import Choosing
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Reading, Refused
from servicehall.texts import N_, _, listed


class ChoicesField(Choosing):
    """Stored as a list of keys, in the order of the options."""

    type = "choices"
    title = N_("Several choices")
    icon = "list-check"
    control = "checkboxes"
    many = True
    own: ClassVar[Mapping[str, Validator]] = {**Choosing.own, "min": rules.count, "max": rules.count}

    def shape(self, draft: Draft) -> None:
        super().shape(draft)
        self.min: int = self.definition.get("min", 0)
        self.max: int | None = self.definition.get("max")
        if self.max is not None and self.min > self.max:
            draft.at("min").fail("range", _("The smallest is above the largest."))

    @property
    def cel(self) -> Type:
        return STRINGS

    def blank(self, raw: Any) -> bool:
        return raw is None or raw == [] or raw == ()

    def canonical(self, raw: Any) -> list[str]:
        if not isinstance(raw, list | tuple):
            raise Refused("type", _("This must be a list of options."))
        if len(raw) > len(self.level()):
            raise Refused("choice", _("There are more answers than options."))
        keys = [read_key(one) for one in raw]
        if len(set(keys)) != len(keys):
            raise Refused("duplicate", _("An option is there twice."))
        if len(keys) < self.min:
            raise Refused("min", _("Choose at least {n}.", n=self.min))
        if self.max is not None and len(keys) > self.max:
            raise Refused("max", _("Choose at most {n}.", n=self.max))
        return keys

    def known(self, value: Any, reading: Reading) -> Any:
        offered = [option.key for option in self.offered(reading.answers, reading.activation)]
        for key in value:
            if key not in offered:
                raise self.refused(key)
        return [key for key in offered if key in value]

    def schema_fragment(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array", "items": self.option_schema(), "uniqueItems": True}
        limits = {"minItems": self.min or None, "maxItems": self.max}
        return {**schema, **{name: value for name, value in limits.items() if value is not None}}

    def parse(self, values: Sequence[Any], zone: tzinfo) -> Any:
        return [value for value in values if isinstance(value, str) and value] or None

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        return [str(one) for one in value] if isinstance(value, list | tuple) else []

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else listed(self.words(value, locale), locale)
