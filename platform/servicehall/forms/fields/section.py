"""A heading with the fields below it."""

from __future__ import annotations

from servicehall.forms.fields.display import Display
from servicehall.texts import N_


class SectionField(Display):
    type = "section"
    title = N_("Section")
    icon = "heading"
    control = "section"
