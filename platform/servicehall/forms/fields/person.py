"""A person, by email."""

from __future__ import annotations

from typing import Any

from servicehall.forms.fields.directory import DirectoryField
from servicehall.texts import N_


class PersonField(DirectoryField):
    type = "person"
    title = N_("Person")
    icon = "user"

    def canonical(self, raw: Any) -> str:
        """The directory writes every address in small letters, whatever way it is typed."""
        return super().canonical(raw).lower()
