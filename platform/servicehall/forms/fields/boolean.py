"""Yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any

from servicehall.domain.expression_types import BOOL, Type
from servicehall.forms.fields.base import Field
from servicehall.forms.lookup import Lookup
from servicehall.forms.reading import Refused
from servicehall.texts import N_, _, use_locale

_POSTED = {"true": True, "false": False, "on": True}


class BooleanField(Field):
    """In a page it is a checkbox after a hidden `false`, so that an unchecked box is an answer."""

    type = "boolean"
    title = N_("Yes or no")
    icon = "checkbox"
    group = "choice"
    control = "checkbox"
    input_type = "checkbox"

    @property
    def cel(self) -> Type:
        return BOOL

    def blank(self, raw: Any) -> bool:
        return raw is None

    def canonical(self, raw: Any) -> bool:
        if not isinstance(raw, bool):
            raise Refused("type", _("This must be true or false."))
        return raw

    def schema_fragment(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def parse(self, values: Sequence[Any], zone: tzinfo) -> Any:
        text = super().parse(values, zone)
        return _POSTED.get(text, text) if text is not None else None

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        return value is True or value == "true"

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        with use_locale(locale):
            return "" if value is None else _("Yes") if value else _("No")
