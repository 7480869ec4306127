"""One line of text."""

from __future__ import annotations

from servicehall.forms.fields.textual import Text
from servicehall.texts import N_


class TextField(Text):
    type = "text"
    title = N_("Text")
    icon = "forms"
