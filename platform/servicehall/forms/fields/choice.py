"""One of several options."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from servicehall.forms.fields.base import Offer
from servicehall.forms.fields.options import MAX_KEY, Choosing
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Reading, Refused, State
from servicehall.texts import N_, _

FEW = 4


def read_key(raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > MAX_KEY:
        raise Refused("type", _("This must be the key of an option."))
    return raw


class ChoiceField(Choosing):
    type = "choice"
    title = N_("Choice")
    icon = "selector"

    def canonical(self, raw: Any) -> str:
        return read_key(raw)

    def known(self, value: Any, reading: Reading) -> Any:
        if all(option.key != value for option in self.offered(reading.answers, reading.activation)):
            raise self.refused(value)
        return value

    def offer(self, state: State, lookup: Lookup, value: Any, locale: str) -> Offer:
        few = self.parent is None and len(self.options) <= FEW and not self.nested
        return Offer("radio" if few else "select", self.labelled(state, locale))

    def schema_fragment(self) -> dict[str, Any]:
        return self.option_schema()

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else self.words(value, locale)[0]
