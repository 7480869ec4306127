"""Several lines of text."""

from __future__ import annotations

from typing import Any

from servicehall.forms.fields.textual import Text
from servicehall.texts import N_


class LongTextField(Text):
    type = "long_text"
    title = N_("Long text")
    icon = "align-left"
    control = "textarea"
    longest = 50_000
    multiline = True

    def attributes(self) -> dict[str, Any]:
        return {**super().attributes(), "rows": 4}
