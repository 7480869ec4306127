"""What the pages for auditors share: who may come in, and dates as they are typed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import Blueprint, request

from servicehall.errors import Forbidden
from servicehall.services.visibility import Viewer
from servicehall.texts import _
from servicehall.web.formats import reader_zone
from servicehall.web.portal.acting import viewer

pages = Blueprint("audit", __name__)
LONGEST = 200


def auditor() -> Viewer:
    """The signed-in person, who must be an auditor; Forbidden for everybody else, whatever they ask for."""
    found = viewer()
    if not found.is_auditor:
        raise Forbidden(_("This is for auditors."))
    return found


def typed(name: str) -> str:
    """A filter as it was typed."""
    return request.args.get(name, "").strip()[:LONGEST]


def day(name: str, *, after: bool = False) -> datetime | None:
    """The beginning of a day in the reader's zone, with `after` that of the next; None for what is no date."""
    try:
        found = date.fromisoformat(typed(name))
        return datetime.combine(found + timedelta(days=1) if after else found, time(), reader_zone())
    except (ValueError, OverflowError):
        return None
