"""A department, by its key."""

from __future__ import annotations

from servicehall.forms.fields.directory import DirectoryField
from servicehall.texts import N_


class DepartmentField(DirectoryField):
    type = "department"
    title = N_("Department")
    icon = "building"
