"""A length of time: ISO 8601 when stored (`P1DT4H`), words in a page (`1 day 4 hours`, `1天4小时`)."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, tzinfo
from typing import Any

from servicehall.domain.expression_types import DURATION, Type, format_duration, parse_duration
from servicehall.forms.fields.ranged import Ranged
from servicehall.forms.formats import show_duration
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _, current_locale

_UNITS = {
    "weeks": ("week", "weeks", "w", "周", "星期"),
    "days": ("day", "days", "d", "天", "日"),
    "hours": ("hour", "hours", "h", "小时"),
    "minutes": ("minute", "minutes", "min", "分钟", "分"),
    "seconds": ("second", "seconds", "s", "秒", "秒钟"),
}
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words}
_PART = re.compile(r"\s*([0-9]{1,7})\s*([a-z]+|[\u4e00-\u9fff]+)\s*")
_LONGEST = timedelta(days=36_500)


def read_duration(raw: Any) -> timedelta:
    """ISO 8601, or amounts with units: `4 hours`, `1 day 4 hours`, `1天4小时`; ValueError otherwise."""
    text = raw.strip() if isinstance(raw, str) else ""
    if not text or len(text) > 80:
        raise ValueError("not a duration")
    duration = parse_duration(text.upper()) if text[:1] in "Pp" else _words(text.lower())
    if not timedelta(0) <= duration <= _LONGEST:
        raise ValueError("out of range")
    return duration


def _words(text: str) -> timedelta:
    total, place = timedelta(0), 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None or match[2] not in _UNIT:
            raise ValueError("not a duration")
        total += timedelta(**{_UNIT[match[2]]: int(match[1])})
        place = match.end()
    return total


class DurationField(Ranged):
    type = "duration"
    title = N_("Duration")
    icon = "hourglass"
    group = "time"

    @property
    def cel(self) -> Type:
        return DURATION

    def order(self, value: Any) -> timedelta:
        return parse_duration(value)

    def canonical(self, raw: Any) -> str:
        try:
            duration = read_duration(raw)
        except (ValueError, OverflowError):
            raise Refused("type", _("This must be a duration like 4 hours, or PT4H.")) from None
        value: str = self.in_range(format_duration(duration))
        return value

    def from_cel(self, value: Any) -> Any:
        return format_duration(value)

    def schema_fragment(self) -> dict[str, Any]:
        return {"type": "string", "x-format": "ISO 8601 duration, or amounts with units"}

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        try:
            return "" if value is None else show_duration(parse_duration(value), current_locale())
        except ValueError:
            return value

    def attributes(self) -> dict[str, Any]:
        return {"autocomplete": "off"}

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else show_duration(parse_duration(value), locale)
