"""A group, by its key."""

from __future__ import annotations

from servicehall.forms.fields.directory import DirectoryField
from servicehall.texts import N_


class GroupField(DirectoryField):
    type = "group"
    title = N_("Group")
    icon = "users-group"
