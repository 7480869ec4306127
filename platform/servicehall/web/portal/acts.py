"""What a page offers to do with a request: the act, its button, and what it asks before it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from servicehall.texts import N_, _


@dataclass(frozen=True, slots=True)
class Act:
    """`comment` is none, optional or required; an act without a `question` happens at once."""

    key: str
    text: str
    icon: str
    done: str
    question: str = ""
    explained: str = ""
    comment: str = "none"
    danger: bool = False

    @property
    def label(self) -> str:
        return _(self.text)

    @property
    def title(self) -> str:
        return _(self.question)

    @property
    def detail(self) -> str:
        return _(self.explained)

    @property
    def said(self) -> str:
        return _(self.done)


ACTS: Mapping[str, Act] = {
    "recall": Act(
        "recall",
        N_("Take back"),
        "arrow-back-up",
        N_("You took the request back. Change it and send it again, or cancel it."),
        N_("Take this request back?"),
        N_("Nobody decides about it any more. You can change it and send it again."),
    ),
    "hold": Act(
        "hold",
        N_("Put on hold"),
        "player-pause",
        N_("The request is on hold."),
        N_("Put this request on hold?"),
        N_("Its clocks stand still until it goes on. The requester reads your reason."),
        comment="required",
    ),
    "release": Act("release", N_("Go on"), "player-play", N_("The request goes on.")),
    "resolve": Act(
        "resolve",
        N_("Resolve"),
        "circle-check",
        N_("The request is resolved."),
        N_("Resolve this request?"),
        N_("The requester is told, and may reopen it."),
        comment="optional",
    ),
    "reopen": Act(
        "reopen",
        N_("Reopen"),
        "rotate",
        N_("The request is open again."),
        N_("Reopen this request?"),
        N_("Say what is missing, so that it can be put right."),
        comment="optional",
    ),
    "close": Act("close", N_("Confirm that it is done"), "checks", N_("Thank you. The request is closed.")),
    "cancel": Act(
        "cancel",
        N_("Cancel the request"),
        "ban",
        N_("The request is cancelled."),
        N_("Cancel this request?"),
        N_("Open approvals and tasks end with it. A cancelled request does not come back."),
        comment="required",
        danger=True,
    ),
}
SENT = N_("Your request is on its way.")
KEPT = N_("Saved. Nobody sees it before you send it.")
PROMINENT = ("close", "release", "resolve")
"""Acts that stand as buttons in the page's head; the others stand in its menu."""
