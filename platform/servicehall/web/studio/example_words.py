"""The studio's words for what examples are written with."""

from __future__ import annotations

from collections.abc import Mapping

from servicehall.documents.kinds.examples import CaseLayout, ExpectLayout, SomebodyLayout
from servicehall.documents.parts import Layout
from servicehall.texts import N_

LABELS: Mapping[str, str] = {
    "examples": N_("Examples"),
    "people": N_("People, in place of the directory"),
    "email": N_("E-mail"),
    "location": N_("Place"),
    "grade": N_("Grade"),
    "groups": N_("Groups"),
    "approval_limit": N_("Approval limit"),
    "start_date": N_("First working day"),
    "roles": N_("Business roles"),
    "active": N_("Active"),
    "deputy": N_("Deputy"),
    "cases": N_("Examples"),
    "answers": N_("Answers"),
    "requested_for": N_("For"),
    "moment": N_("When"),
    "expect": N_("What is to come of it"),
    "allowed": N_("May order it"),
    "refused": N_("Refused answers"),
    "hidden": N_("Hidden"),
    "needed": N_("Approvals needed, by stage"),
    "dates": N_("Due, by task or measure"),
    "skipped": N_("Stages and tasks that are skipped"),
}
EXPECTED: Mapping[str, str] = {
    "answers": N_("Answers as they come out"),
    "stages": N_("Who is asked, by stage"),
    "groups": N_("Group, by task"),
    "after": N_("Waits for, by task"),
}
"""What is called otherwise in what is expected than elsewhere."""
HINTS: Mapping[str, str] = {
    "people": N_(
        "Whoever is named and not listed is there too, with nothing else known. Without people, the directory counts."
    ),
    "moment": N_("Such as 2026-03-02T09:00:00Z; left out, Monday 5 January 2026."),
    "refused": N_("Fields, one a line. Where nothing stands here, nothing may be refused."),
}


def at(name: str, path: str) -> str:
    """What a property is called in examples, by the place where it stands; empty elsewhere."""
    if not path.startswith("examples"):
        return ""
    return (EXPECTED.get(name) if ".expect" in path else None) or LABELS.get(name, "")


RARE: Mapping[type[Layout], frozenset[str]] = {
    SomebodyLayout: frozenset({"name", "title", "grade", "currency", "start_date", "time_zone", "active", "deputy"}),
    CaseLayout: frozenset({"moment", "impact", "urgency"}),
    ExpectLayout: frozenset(
        {
            "allowed",
            "required",
            "visible",
            "hidden",
            "answers",
            "price",
            "priority",
            "needed",
            "groups",
            "after",
            "dates",
        }
    ),
}
