"""A time of day, `09:30`."""

from __future__ import annotations

import datetime as dt
import re
from datetime import UTC, tzinfo
from typing import Any

from servicehall.forms.fields.ranged import Ranged
from servicehall.forms.formats import show_time
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")


class TimeField(Ranged):
    type = "time"
    title = N_("Time of day")
    icon = "clock"
    group = "time"
    input_type = "time"

    def order(self, value: Any) -> dt.time:
        return dt.time.fromisoformat(value)

    def canonical(self, raw: Any) -> str:
        if not isinstance(raw, str) or not _TIME.fullmatch(raw.strip()):
            raise Refused("type", _("This must be a time of day like 09:30."))
        text = raw.strip()
        value: str = self.in_range(text[:5] if text.endswith(":00") and len(text) == 8 else text)
        return value

    def schema_fragment(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^\\s*{_TIME.pattern}\\s*$"}

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return "" if value is None else show_time(dt.time.fromisoformat(value), locale)
