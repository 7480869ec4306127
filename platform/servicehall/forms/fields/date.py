"""A calendar date."""

from __future__ import annotations

import datetime as dt
import re
from datetime import UTC, tzinfo
from typing import Any

from servicehall.domain.expression_types import TIMESTAMP, Type
from servicehall.forms.fields.ranged import Ranged
from servicehall.forms.formats import show_date
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_date(raw: Any) -> str:
    """An ISO 8601 date, `2026-11-22`."""
    text = raw.strip() if isinstance(raw, str) else raw.isoformat() if type(raw) is dt.date else ""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refused("type", _("This must be a date like 2026-11-22.")) from None


class DateField(Ranged):
    type = "date"
    title = N_("Date")
    icon = "calendar"
    group = "time"
    family = "date"
    input_type = "date"

    @property
    def cel(self) -> Type:
        return TIMESTAMP

    def canonical(self, raw: Any) -> str:
        value: str = self.in_range(read_date(raw))
        return value

    def from_cel(self, value: Any) -> Any:
        return value.astimezone(UTC).date().isoformat()

    def schema_fragment(self) -> dict[str, Any]:
        limits = {"x-minimum": self.min, "x-maximum": self.max}
        shape = {"type": "string", "format": "date"}
        return {**shape, **{name: value for name, value in limits.items() if value is not None}}

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else show_date(dt.date.fromisoformat(value), locale)
