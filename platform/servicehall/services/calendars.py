"""Calendars by reference: live documents, compiled once for each version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
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
from servicehall.services.work import read_content, remembered

ALWAYS = "24x7"


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
    row = _row(session, reference)
    return row.body if row is not None else None


def named(session: Session, reference: str | None, *, department: str | None = None) -> Named:
    """The calendar of a reference, else the department's own, else 24x7."""
    if reference is None and department is not None:
        reference = department_calendar(session, department)
    if reference is None or reference == ALWAYS:
        return Named(TWENTY_FOUR_SEVEN, ALWAYS)
    full = reference if "/" in reference else f"{department}/{reference}"
    row = _row(session, full)
    if row is None or row.body is None:
        return Named(TWENTY_FOUR_SEVEN, ALWAYS)
    return Named(compile_calendar(row.body), full, row.version, row.content)


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
    requester = session.get(Person, row.requester_id)
    return reckoning_of(calendar, requester)


def reckoning_of(calendar: Calendar, requester: Person | None) -> Reckoning:
    def day_of(at: datetime) -> date:
        return at.date() if requester is None else directory.today_of(requester, at)

    return Reckoning(
        after=lambda at, duration: due(calendar, at, Duration.parse(duration)),
        from_day=lambda day, duration: due(calendar, day, Duration.parse(duration)),
        day_of=day_of,
    )


def _row(session: Session, reference: str) -> Document | None:
    return remembered(("calendar", reference), lambda: _read(session, reference))


def _read(session: Session, reference: str) -> Document | None:
    department, key = reference.split("/", 1)
    return session.scalars(
        select(Document).where(
            Document.kind == "calendar",
            Document.department == department,
            Document.key == key,
            Document.state == "published",
        )
    ).first()


def pinned(session: Session, said: Mapping[str, Any]) -> Calendar:
    """The very version that an event names: clocks that run move only by an explicit recomputation."""
    body = read_content(session, said["sha256"]) if said.get("sha256") else None
    return TWENTY_FOUR_SEVEN if body is None else compile_calendar(body)
