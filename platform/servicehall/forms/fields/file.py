"""A file that was uploaded before: named by its hash, its facts taken from the store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

from servicehall.domain.expression_types import FILE, Type
from servicehall.forms.fields.base import Field
from servicehall.forms.lookup import FileFacts, Lookup
from servicehall.forms.reading import Reading, Refused
from servicehall.texts import N_, _

_HASH = re.compile(r"[0-9a-f]{64}")
_KEYS = ("sha256", "name", "media_type", "size")


class FileField(Field):
    """In a page: a file input, beside a hidden input that keeps the hash of the file already there."""

    type = "file"
    title = N_("File")
    icon = "paperclip"
    group = "directory"
    control = "file"
    input_type = "file"
    takes_default = False

    @property
    def cel(self) -> Type:
        return FILE

    def blank(self, raw: Any) -> bool:
        return raw is None

    def canonical(self, raw: Any) -> dict[str, Any]:
        if not isinstance(raw, Mapping) or not isinstance(raw.get("sha256"), str):
            raise Refused("type", _("This must be a file: its sha256, with name, media_type and size."))
        unknown = [str(key) for key in raw if key not in _KEYS]
        if unknown:
            raise Refused("unknown", _("There is no {name} here.", name=unknown[0][:80]), unknown[0][:80])
        if not _HASH.fullmatch(raw["sha256"]):
            raise Refused("type", _("A SHA-256 has 64 characters of 0-9 and a-f."), "sha256")
        return {"sha256": raw["sha256"]}

    def known(self, value: Any, reading: Reading) -> Any:
        before = reading.before(self.key)
        if isinstance(before, Mapping) and before.get("sha256") == value["sha256"]:
            return dict(before)
        facts = reading.lookup.file(value["sha256"])
        if facts is None:
            raise Refused("not_found", _("This file is not known; upload it first."))
        return facts.as_answer()

    def schema_fragment(self) -> dict[str, Any]:
        plain = {"name": {"type": "string"}, "media_type": {"type": "string"}, "size": {"type": "integer"}}
        sha256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        return {
            "type": "object",
            "properties": {"sha256": sha256, **plain},
            "required": ["sha256"],
            "additionalProperties": False,
        }

    def parse(self, values: Sequence[Any], zone: tzinfo) -> Any:
        new = [value for value in values if isinstance(value, FileFacts)]
        if new:
            return new[-1].as_answer()
        kept = super().parse(values, zone)
        return None if kept is None else {"sha256": kept}

    def form_value(self, value: Any, zone: tzinfo) -> Any:
        return value["sha256"] if isinstance(value, Mapping) and isinstance(value.get("sha256"), str) else ""

    def display(self, value: Any, locale: str, lookup: Lookup, zone: tzinfo = UTC) -> str:
        return str(value["name"]) if isinstance(value, Mapping) else ""
