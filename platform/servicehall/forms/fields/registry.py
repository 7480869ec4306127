"""The one registry of field types; `fields/__init__.py` fills it, one line for each."""

from __future__ import annotations

from servicehall.forms.fields.base import Field
from servicehall.registry import Registry

FIELD_TYPES: Registry[type[Field]] = Registry("field type")
