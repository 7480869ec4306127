"""How a delivery can end badly, in words that are translated where somebody reads them."""

from __future__ import annotations

import json
from typing import Any

from servicehall.texts import _, fill

LONGEST_VALUE = 300


class Undelivered(Exception):
    """A reason as a message for `_()` with its values; as text it is English, as `kept` it can be translated later."""

    def __init__(self, message: str, **values: Any) -> None:
        self.message = message
        self.values = {name: str(value)[:LONGEST_VALUE] for name, value in values.items()}
        super().__init__(fill(message, self.values))

    @property
    def kept(self) -> str:
        return json.dumps({"message": self.message, "values": self.values}, ensure_ascii=False)


class Failed(Undelivered):
    """It did not arrive; trying again later may help."""


class Refused(Undelivered):
    """It will not arrive, however often it is tried."""


def reason_of(kept: str | None) -> str:
    """A kept reason in the reader's language; any other text as it is."""
    try:
        said = json.loads(kept or "")
    except ValueError:
        said = None
    return _(said["message"], **said["values"]) if isinstance(said, dict) and "message" in said else kept or ""
