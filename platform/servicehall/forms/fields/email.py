"""A mail address."""

from __future__ import annotations

from typing import Any

from email_validator import EmailNotValidError, validate_email

from servicehall.forms.fields.textual import Text
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _


class EmailField(Text):
    type = "email"
    title = N_("Mail address")
    icon = "mail"
    input_type = "email"
    longest = 254

    def normal(self, text: str) -> str:
        try:
            found = validate_email(text, check_deliverability=False, globally_deliverable=False)
        except EmailNotValidError:
            raise Refused("format", _("This is not a mail address.")) from None
        if "." not in found.domain:
            raise Refused("format", _("This is not a mail address."))
        return found.normalized

    def schema_fragment(self) -> dict[str, Any]:
        return {**super().schema_fragment(), "format": "email"}

    def attributes(self) -> dict[str, Any]:
        return {**super().attributes(), "autocomplete": "email"}
