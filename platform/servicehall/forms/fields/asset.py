"""A thing that the company owns, by its key."""

from __future__ import annotations

from servicehall.forms.fields.directory import DirectoryField
from servicehall.texts import N_


class AssetField(DirectoryField):
    type = "asset"
    title = N_("Asset")
    icon = "device-desktop"
