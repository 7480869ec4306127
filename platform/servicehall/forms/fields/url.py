"""A web address, http or https."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from servicehall.forms.fields.textual import Text
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _

_PLAIN = re.compile(r"https?://[^\s<>\"'\\^`{|}]+", re.IGNORECASE)


class UrlField(Text):
    type = "url"
    title = N_("Web address")
    icon = "link"
    input_type = "url"
    longest = 2000

    def normal(self, text: str) -> str:
        try:
            parts = urlsplit(text)
            good = _PLAIN.fullmatch(text) and parts.hostname and parts.username is None and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise Refused("format", _("This is not a web address; it begins with https:// or http://."))
        return text

    def schema_fragment(self) -> dict[str, Any]:
        return {**super().schema_fragment(), "format": "uri"}

    def attributes(self) -> dict[str, Any]:
        return {**super().attributes(), "inputmode": "url"}
