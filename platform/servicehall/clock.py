"""The one place that reads the system clock; everything else is given `at`."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def as_instant(at: datetime) -> str:
    """RFC 3339 in UTC with `Z`, microseconds only where there are any: `2026-11-22T17:00:14Z`."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    text = at.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def parse_instant(text: str) -> datetime:
    """The inverse of `as_instant`; any offset is accepted, none is an error."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it with Z or an offset")
    return at.astimezone(UTC)
