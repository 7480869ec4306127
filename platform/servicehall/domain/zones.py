"""From a local clock time to the instant that it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of this IANA name, None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def first_instant(zone: ZoneInfo, local: datetime) -> datetime:
    """The instant (UTC) of a naive local time: the first of two, and for a skipped one the first after the gap."""
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) == local:
        return instant
    return _end_of_gap(zone, local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant)


def _end_of_gap(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The whole second between two instants at which the zone's offset changes."""
    low = before.replace(microsecond=0)
    high = after.replace(microsecond=0) + timedelta(seconds=1)
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
