"""What the types for display share: they have no answer."""

from __future__ import annotations

from typing import Any

from servicehall.domain.conditions import Environment
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Field
from servicehall.forms.reading import Refused
from servicehall.texts import _


class Display(Field):
    group = "layout"
    family = "display"
    answered = False
    takes_default = False
    in_rows = False

    def compile(self, environment: Environment, above: frozenset[str], draft: Draft) -> None:
        self.visible = draft.at("visible").rule(self.definition.get("visible", True), environment)

    def canonical(self, raw: Any) -> Any:
        raise Refused("unknown", _("This takes no answer."))

    def schema_fragment(self) -> dict[str, Any]:
        return {}
