"""A place of work, by its key."""

from __future__ import annotations

from servicehall.forms.fields.directory import DirectoryField
from servicehall.texts import N_


class LocationField(DirectoryField):
    type = "location"
    title = N_("Location")
    icon = "map-pin"
