"""A person, by email."""

from __future__ import annotations

from servicehall.forms.fields.directory import DirectoryField
from servicehall.texts import N_


class PersonField(DirectoryField):
    type = "person"
    title = N_("Person")
    icon = "user"
