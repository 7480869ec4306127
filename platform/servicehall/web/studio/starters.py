"""The documents that are shipped to begin with, as the studio offers them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from servicehall.documents.starters import begin_with, starters
from servicehall.errors import Invalid, Problem
from servicehall.services import authored
from servicehall.texts import _, pick

STARTER = "starter:"
PREFERRED = "it"


def starting_points() -> list[tuple[str, str, str]]:
    """(what the form sends, title, summary) of each."""
    return [(STARTER + key, pick(body["title"]), pick(body["summary"])) for key, body in starters().items()]


def begun(session: Session, key: str, *, kind: str, department: str) -> dict[str, Any]:
    """The body of a starter for a department; Invalid where it is of another kind, or there is none."""
    found = begin_with(key, department=department, other=_other(session, department))
    if found is None or found["kind"] != kind:
        text = _("This template is of another kind.")
        raise Invalid(text, [Problem("copy", "invalid", text)])
    return found


def _other(session: Session, own: str) -> str:
    """A department beside one's own that has agents: IT, else the first; one's own where there is no other."""
    others = [one for one in authored.departments_in_use(session) if one != own]
    return PREFERRED if PREFERRED in others else (others or [own])[0]
