"""Calendars by reference: live documents, compiled once for each version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from servicehall.domain.business_time import due
from servicehall.domain.calendars import TWENTY_FOUR_SEVEN, Calendar, compile_calendar
from servicehall.domain.durations import Duration
from servicehall.domain.plan_dates import Reckoning
from servicehall.models.definitions import Document
from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import departments, directory
from servicehall.services.releases import Release
from servicehall.services.remembering import remembered
from servicehall.services.work import read_content

ALWAYS = "24x7"
CACHED = 500


@dataclass(frozen=True, slots=True)
class Named:
    """A calendar with what events say of it: `{reference, version, sha256}`."""

    calendar: Calendar
    reference: str
    version: int = 0
    sha256: str | None = None

    def said(self) -> dict[str, Any]:
        return {"reference": self.reference, "version": self.version, "sha256": self.sha256}


def find_calendar(session: Session, reference: str) -> Mapping[str, Any] | None:
    """The published document behind `department/key`."""
    department, key = reference.split("/", 1)
    return departments.published(session, "calendar", department, key)


def named(session: Session, reference: str | None, *, department: str | None = None) -> Named:
    """The calendar of a reference, else the department's own, else 24x7."""
    if reference is None and department is not None:
        reference = department_calendar(session, department)
    if reference is None or reference == ALWAYS:
        return Named(TWENTY_FOUR_SEVEN, ALWAYS)
    full = reference if "/" in reference else f"{department}/{reference}"
    found = remembered(("calendar", full), lambda: _read(session, full))
    return found or Named(TWENTY_FOUR_SEVEN, ALWAYS)


def department_calendar(session: Session, department: str) -> str | None:
    """The calendar that a department's document names, as `department/key`."""
    reference = departments.document(session, department).get("calendar")
    if reference is None or reference == ALWAYS or "/" in reference:
        return reference
    return f"{department}/{reference}"


def reckoning(session: Session, row: Request, release: Release) -> Reckoning:
    """How a plan reckons: its own calendar, else the department's; dates are those of the requester's zone."""
    reference = release.plan.calendar if release.plan is not None else None
    calendar = named(session, reference, department=row.department).calendar
    requester = directory.find(session, row.requester_id)
    return reckoning_of(calendar, requester)


def reckoning_of(calendar: Calendar, requester: Person | None) -> Reckoning:
    def day_of(at: datetime) -> date:
        return at.date() if requester is None else directory.today_of(requester, at)

    return Reckoning(
        after=lambda at, duration: due(calendar, at, Duration.parse(duration)),
        from_day=lambda day, duration: due(calendar, day, Duration.parse(duration)),
        day_of=day_of,
    )


def _read(session: Session, reference: str) -> Named | None:
    department, key = reference.split("/", 1)
    row = session.execute(_PUBLISHED, {"department": department, "key": key}).first()
    calendar = _of_version(session, row.content) if row is not None else None
    return None if row is None or calendar is None else Named(calendar, reference, row.version, row.content)


_PUBLISHED = select(Document.version, Document.content).where(
    Document.kind == "calendar",
    Document.department == bindparam("department"),
    Document.key == bindparam("key"),
    Document.state == "published",
)


def pinned(session: Session, said: Mapping[str, Any]) -> Calendar:
    """The very version that an event names: clocks that run move only by an explicit recomputation."""
    return _of_version(session, said.get("sha256")) or TWENTY_FOUR_SEVEN


def _of_version(session: Session, sha256: str | None) -> Calendar | None:
    """The calendar whose document has this hash, compiled once a process; None where the document is not there."""
    if sha256 is None:
        return None
    if sha256 not in _compiled:
        body = read_content(session, sha256)
        if body is None:
            return None
        if len(_compiled) >= CACHED:
            _compiled.pop(next(iter(_compiled)))
        _compiled[sha256] = compile_calendar(body)
    return _compiled[sha256]


_compiled: dict[str, Calendar] = {}
