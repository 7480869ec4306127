"""The words, icons and tones of every state that a page shows: a state is always an icon and a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from servicehall.domain import approvals, fulfilment, lifecycle
from servicehall.domain.sla import CLOCK_STATE_NAMES
from servicehall.texts import N_, _


@dataclass(frozen=True, slots=True)
class Look:
    """How a state shows: `label` is translated where it is shown, `tone` is one of the five of the style sheet."""

    label: str
    icon: str
    tone: str

    @property
    def word(self) -> str:
        return _(self.label)


def _looks(names: Mapping[str, str], **looks: tuple[str, str]) -> dict[str, Look]:
    """The icon and tone of each state, beside the name that it has everywhere."""
    return {state: Look(names[state], icon, tone) for state, (icon, tone) in looks.items()}


LOOKS: dict[str, dict[str, Look]] = {
    "request": _looks(
        lifecycle.STATE_NAMES,
        draft=("pencil", "neutral"),
        pending_approval=("hourglass", "info"),
        returned=("arrow-back-up", "warning"),
        in_progress=("progress", "info"),
        on_hold=("player-pause", "warning"),
        resolved=("circle-check", "success"),
        closed=("archive", "neutral"),
        rejected=("circle-x", "danger"),
        cancelled=("ban", "neutral"),
    ),
    "approval": _looks(
        approvals.STATE_NAMES,
        waiting=("circle-dashed", "neutral"),
        pending=("hourglass", "info"),
        approved=("circle-check", "success"),
        rejected=("circle-x", "danger"),
        returned=("arrow-back-up", "warning"),
        skipped=("player-skip-forward", "neutral"),
        superseded=("circle-minus", "neutral"),
        expired=("clock-exclamation", "warning"),
        cancelled=("ban", "neutral"),
    ),
    "task": _looks(
        fulfilment.STATE_NAMES,
        blocked=("lock", "neutral"),
        ready=("circle-dot", "info"),
        in_progress=("progress", "info"),
        on_hold=("player-pause", "warning"),
        done=("circle-check", "success"),
        skipped=("player-skip-forward", "neutral"),
        failed=("alert-circle", "danger"),
        cancelled=("ban", "neutral"),
    )
    | {"moot": Look(N_("Not needed"), "player-skip-forward", "neutral")},
    "clock": _looks(
        CLOCK_STATE_NAMES,
        running=("clock-play", "info"),
        paused=("clock-pause", "warning"),
        met=("clock-check", "success"),
        breached=("clock-exclamation", "danger"),
        cancelled=("ban", "neutral"),
    ),
    "version": {
        "draft": Look(N_("Draft"), "pencil", "warning"),
        "published": Look(N_("Published"), "circle-check", "success"),
        "retired": Look(N_("Retired"), "archive", "neutral"),
    },
    "priority": {
        "p1": Look(N_("P1 · critical"), "flame", "danger"),
        "p2": Look(N_("P2 · high"), "arrow-up", "warning"),
        "p3": Look(N_("P3 · normal"), "minus", "neutral"),
        "p4": Look(N_("P4 · low"), "arrow-down", "neutral"),
        "p5": Look(N_("P5 · lowest"), "arrow-down", "neutral"),
    },
}


def look(kind: str, state: str) -> Look:
    """How this state of this kind shows; one that is not listed shows its own name, neutral."""
    return LOOKS.get(kind, {}).get(str(state)) or Look(str(state).replace("_", " "), "circle", "neutral")
