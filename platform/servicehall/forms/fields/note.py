"""A paragraph to read: `label` is its heading, `help` its text."""

from __future__ import annotations

from servicehall.forms.fields.display import Display
from servicehall.texts import N_


class NoteField(Display):
    type = "note"
    title = N_("Note")
    icon = "info-circle"
    control = "note"
