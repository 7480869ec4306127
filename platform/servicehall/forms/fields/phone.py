"""A telephone number, stored as E.164 (`+8613800000000`)."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

import phonenumbers

from servicehall.forms.fields.textual import Text
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _


class PhoneField(Text):
    type = "phone"
    title = N_("Telephone number")
    icon = "phone"
    input_type = "tel"
    longest = 40

    def normal(self, text: str) -> str:
        if not text.startswith("+"):
            raise Refused("format", _("Write the number with its country code: +86 138 0000 0000."))
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            raise Refused("format", _("This is not a telephone number.")) from None
        if not phonenumbers.is_possible_number(number):
            raise Refused("format", _("This is not a telephone number."))
        extension = f";ext={number.extension}" if number.extension else ""
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)) + extension

    def attributes(self) -> dict[str, Any]:
        return {**super().attributes(), "autocomplete": "tel", "inputmode": "tel"}

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        return "" if value is None else str(value).replace(";ext=", " ext. ")

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        if not value:
            return ""
        shape = phonenumbers.PhoneNumberFormat.INTERNATIONAL
        return str(phonenumbers.format_number(phonenumbers.parse(value), shape))
