"""How a report says codes, instants and durations in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from servicehall.domain import approvals, fulfilment, lifecycle
from servicehall.domain.sla import CLOCK_STATE_NAMES
from servicehall.texts import N_, _, current_locale

STATES: Mapping[str, str] = {
    **lifecycle.STATE_NAMES,
    **fulfilment.STATE_NAMES,
    **approvals.STATE_NAMES,
    **CLOCK_STATE_NAMES,
    "open": N_("Being decided"),
    "passed": N_("Passed"),
}
TONES: Mapping[str, str] = {
    **dict.fromkeys(("approved", "passed", "done", "met", "resolved", "closed"), "good"),
    **dict.fromkeys(("rejected", "failed", "breached", "expired"), "bad"),
    **dict.fromkeys(("returned", "on_hold", "paused", "blocked"), "warn"),
    **dict.fromkeys(("pending_approval", "in_progress", "open", "pending", "ready", "running"), "busy"),
}
MARKS: Mapping[str, str] = {"good": "✓", "bad": "✕", "warn": "‖", "busy": "●", "calm": "○"}
MEASURES: Mapping[str, str] = {
    "response": N_("Response"),
    "resolution": N_("Resolution"),
    "approval": N_("Approval"),
    "task": N_("Task"),
}
TYPES: Mapping[str, str] = {
    "request": N_("Service request"),
    "incident": N_("Incident"),
    "problem": N_("Problem"),
    "change": N_("Change request"),
}
ACTS: Mapping[str, str] = {
    "submit": N_("Submitted"),
    "return": N_("Returned for correction"),
    "recall": N_("Recalled by the requester"),
    "resubmit": N_("Submitted again"),
}
PATTERNS: Mapping[str, tuple[str, str]] = {
    "en": ("d MMM y, HH:mm", "d MMM y, HH:mm:ss"),
    "zh": ("y年M月d日 HH:mm", "y年M月d日 HH:mm:ss"),
}


def say(table: Mapping[str, str], code: str) -> str:
    """The word for a code; one that is not in the table shows as it is."""
    return _(table[code]) if code in table else code


def tone(state: str) -> str:
    return TONES.get(state, "calm")


def moment(at: datetime | None, zone: str, *, seconds: bool = False) -> str:
    """`22 Nov 2026, 17:11` or `2026年11月22日 17:11` on the clocks of the zone; nothing for None."""
    if at is None:
        return ""
    locale = current_locale()
    return str(format_datetime(at, PATTERNS[locale][seconds], tzinfo=ZoneInfo(zone), locale=locale))


def offset(at: datetime, zone: str) -> str:
    """`UTC+08:00`."""
    text = at.astimezone(ZoneInfo(zone)).strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


def duration(seconds: int) -> str:
    """`27 h 20 min`: hours are the largest unit, since a day of working time means something else to each reader."""
    if 0 < seconds < 60:
        return _("{count} s", count=seconds)
    hours, minutes = divmod(seconds // 60, 60)
    parts = ((hours, N_("{count} h")), (minutes, N_("{count} min")))
    return " ".join(_(text, count=count) for count, text in parts if count) or _("{count} min", count=0)
