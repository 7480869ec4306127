"""The words, icons and tones of every state that a page shows: a state is always an icon and a word."""

from __future__ import annotations

from dataclasses import dataclass

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


LOOKS: dict[str, dict[str, Look]] = {
    "request": {
        "draft": Look(N_("Draft"), "pencil", "neutral"),
        "pending_approval": Look(N_("Waiting for approval"), "hourglass", "info"),
        "returned": Look(N_("Returned for changes"), "arrow-back-up", "warning"),
        "in_progress": Look(N_("In progress"), "progress", "info"),
        "on_hold": Look(N_("On hold"), "player-pause", "warning"),
        "resolved": Look(N_("Resolved"), "circle-check", "success"),
        "closed": Look(N_("Closed"), "archive", "neutral"),
        "rejected": Look(N_("Rejected"), "circle-x", "danger"),
        "cancelled": Look(N_("Cancelled"), "ban", "neutral"),
    },
    "approval": {
        "waiting": Look(N_("Not yet asked"), "circle-dashed", "neutral"),
        "pending": Look(N_("Waiting for a decision"), "hourglass", "info"),
        "approved": Look(N_("Approved"), "circle-check", "success"),
        "rejected": Look(N_("Rejected"), "circle-x", "danger"),
        "returned": Look(N_("Returned"), "arrow-back-up", "warning"),
        "skipped": Look(N_("Skipped"), "player-skip-forward", "neutral"),
        "superseded": Look(N_("No longer needed"), "circle-minus", "neutral"),
        "expired": Look(N_("Not answered in time"), "clock-exclamation", "warning"),
        "cancelled": Look(N_("Cancelled"), "ban", "neutral"),
    },
    "task": {
        "blocked": Look(N_("Waiting for other tasks"), "lock", "neutral"),
        "ready": Look(N_("Ready to start"), "circle-dot", "info"),
        "in_progress": Look(N_("In progress"), "progress", "info"),
        "on_hold": Look(N_("On hold"), "player-pause", "warning"),
        "done": Look(N_("Done"), "circle-check", "success"),
        "skipped": Look(N_("Skipped"), "player-skip-forward", "neutral"),
        "failed": Look(N_("Failed"), "alert-circle", "danger"),
        "cancelled": Look(N_("Cancelled"), "ban", "neutral"),
        "moot": Look(N_("Not needed"), "player-skip-forward", "neutral"),
    },
    "clock": {
        "running": Look(N_("Running"), "clock-play", "info"),
        "paused": Look(N_("Paused"), "clock-pause", "warning"),
        "met": Look(N_("On time"), "clock-check", "success"),
        "breached": Look(N_("Overdue"), "clock-exclamation", "danger"),
        "cancelled": Look(N_("Cancelled"), "ban", "neutral"),
    },
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
    "delivery": {
        "pending": Look(N_("Waiting to be sent"), "hourglass", "info"),
        "sent": Look(N_("Sent"), "circle-check", "success"),
        "done": Look(N_("Sent"), "circle-check", "success"),
        "parked": Look(N_("Could not be sent"), "alert-circle", "danger"),
        "failed": Look(N_("Could not be sent"), "alert-circle", "danger"),
    },
}


def look(kind: str, state: str) -> Look:
    """How this state of this kind shows; one that is not listed shows its own name, neutral."""
    return LOOKS.get(kind, {}).get(str(state)) or Look(str(state).replace("_", " "), "circle", "neutral")
