"""What a page offers to do with a task: the act, its button, and what it asks before it happens."""

from __future__ import annotations

from collections.abc import Mapping

from servicehall.texts import N_
from servicehall.web.portal.acts import Act

ACTS: Mapping[str, Act] = {
    "claim": Act("claim", N_("Take it"), "hand-stop", N_("The task is yours.")),
    "start": Act("start", N_("Start"), "player-play", N_("You are working on it.")),
    "retry": Act("retry", N_("Try again"), "refresh", N_("The task is tried again.")),
    "release": Act("release", N_("Give back"), "arrow-back-up", N_("The task is back in its queue.")),
    "hold": Act(
        "hold",
        N_("Put on hold"),
        "player-pause",
        N_("The task is on hold."),
        N_("Put this task on hold?"),
        N_("Its own clock stands still until it goes on."),
        comment="required",
    ),
    "skip": Act(
        "skip",
        N_("Skip"),
        "player-skip-forward",
        N_("The task is skipped."),
        N_("Skip this task?"),
        N_("It is optional. What waits for it goes on without it."),
        comment="required",
    ),
    "fail": Act(
        "fail",
        N_("It cannot be done"),
        "alert-circle",
        N_("The task has failed. What waits for it waits on."),
        N_("Say that this task cannot be done?"),
        N_("What waits for it waits on, until somebody tries again or does it by hand."),
        comment="required",
        danger=True,
    ),
}
RESUME = Act("release", N_("Go on"), "player-play", N_("The task goes on."))


def acts_for(state: str, allowed: list[str]) -> list[Act]:
    """The acts with a button of their own, in the order of the table; of a task on hold, going on comes first."""
    named = {**ACTS, "release": RESUME} if state == "on_hold" else ACTS
    return [named[act] for act in (*ACTS,) if act in allowed]
