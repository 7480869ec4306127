"""A moment: UTC with `Z` when stored, the person's own clock in a page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any

from servicehall.clock import as_instant, parse_instant
from servicehall.domain.expression_types import TIMESTAMP, Type
from servicehall.forms.fields.ranged import Ranged
from servicehall.forms.formats import show_moment
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")


def read_moment(raw: Any) -> str:
    """RFC 3339 with an offset or Z, as an instant in UTC."""
    text = as_instant(raw) if isinstance(raw, dt.datetime) and raw.tzinfo else raw
    try:
        if not isinstance(text, str) or not _MOMENT.fullmatch(text.strip()):
            raise ValueError
        return as_instant(parse_instant(text.strip().upper()))
    except (ValueError, OverflowError):
        message = _("This must be a date and time with its offset, like 2026-11-22T17:00:00Z.")
        raise Refused("type", message) from None


class DateTimeField(Ranged):
    type = "datetime"
    title = N_("Date and time")
    icon = "calendar-time"
    group = "time"
    family = "date"
    input_type = "datetime-local"

    @property
    def cel(self) -> Type:
        return TIMESTAMP

    def order(self, value: Any) -> Any:
        return parse_instant(value)

    def canonical(self, raw: Any) -> str:
        value: str = self.in_range(read_moment(raw))
        return value

    def from_cel(self, value: Any) -> Any:
        return as_instant(value)

    def schema_fragment(self) -> dict[str, Any]:
        limits = {"x-minimum": self.min, "x-maximum": self.max}
        shape = {"type": "string", "format": "date-time"}
        return {**shape, **{name: value for name, value in limits.items() if value is not None}}

    def parse(self, values: Sequence[Any], zone: tzinfo) -> Any:
        text = super().parse(values, zone)
        if text is None or not _LOCAL.fullmatch(text.strip()):
            return text
        try:
            return as_instant(dt.datetime.fromisoformat(text.strip()).replace(tzinfo=zone))
        except (ValueError, OverflowError):
            return text

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        if value is None:
            return ""
        try:
            return parse_instant(value).astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")
        except (ValueError, OverflowError):
            return value

    def attributes(self) -> dict[str, Any]:
        return {}

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else show_moment(parse_instant(value), locale, zone)
