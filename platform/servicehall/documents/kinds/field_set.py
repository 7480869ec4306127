"""`kind: field_set`: fields that stand in the place of their use; its fields, nothing else."""

from __future__ import annotations

from typing import Any

from servicehall.documents.kinds.forms import MOST_FIELDS, FieldLayout
from servicehall.documents.kinds.kind import Header, Kind, is_use
from servicehall.documents.parts import Block, ListOf, wrong
from servicehall.texts import _


class FieldOnly(Block):
    """A field; sets do not use other sets, so that no circle can come about."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if is_use(value) and "key" not in value:
            raise wrong("nested_use", _("a field set holds fields only; use the other set beside it, in the form"))
        return super()._deserialize(value, attr, data, **kwargs)


class FieldSetLayout(Header):
    fields_ = ListOf(FieldOnly(FieldLayout), least=1, most=MOST_FIELDS, required=True, data_key="fields")


KIND = Kind("field_set", FieldSetLayout, pinned=True)
