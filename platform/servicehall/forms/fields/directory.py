"""The types whose answer is the stable key of something that the directory knows."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from servicehall.forms.fields.base import Field, Offer
from servicehall.forms.fields.textual import read_text
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Reading, Refused, State
from servicehall.texts import _

MAX_KEY = 254
MAX_LISTED = 200


class DirectoryField(Field):
    """The type's name is the kind that is looked up."""

    group = "directory"
    family = "directory"
    control = "select"

    def canonical(self, raw: Any) -> str:
        key = read_text(raw)
        if len(key) > MAX_KEY:
            raise Refused("max_length", _("Write at most {n} characters.", n=MAX_KEY))
        return key

    def known(self, value: Any, reading: Reading) -> Any:
        if not reading.lookup.exists(self.type, value):
            raise Refused("not_found", _("{key} is not known.", key=value))
        return value

    def schema_fragment(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_KEY}

    def attributes(self) -> dict[str, Any]:
        return {"data-kind": self.type, "autocomplete": "off"}

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else lookup.label(self.type, value, locale)

    def offer(self, state: State, lookup: Lookup, value: Any, locale: str) -> Offer:
        """All there are, where they are few; where many, those that a search finds; where none, the key is typed."""
        found = list(lookup.search(self.type, "", MAX_LISTED + 1))
        if not found:
            return Offer("input")
        many = len(found) > MAX_LISTED
        listed = [] if many else found
        if value is not None and all(key != value for key, _label in listed):
            listed = [(value, lookup.label(self.type, value, locale)), *listed]
        return Offer("picker" if many else "select", listed)
