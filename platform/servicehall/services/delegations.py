"""Deputies: naming one for a period, taking it back, and moving open approvals there and back again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import as_instant
from servicehall.domain import deputies as rules
from servicehall.domain import events as e
from servicehall.errors import Invalid, NotFound, Problem
from servicehall.models.base import new_id
from servicehall.models.directory import Delegation, Department, Person
from servicehall.models.operations import Timers
from servicehall.services import directory
from servicehall.services.remembering import remembered
from servicehall.services.visibility import Viewer
from servicehall.services.work import Work, work
from servicehall.texts import _


@dataclass(frozen=True, slots=True)
class InForce:
    """A delegation by its id, as the rules see it."""

    id: str
    rule: rules.Delegation


def delegate(
    *, deputy: str, since: date, until: date, departments: Sequence[str] | None, viewer: Viewer, at: datetime
) -> str:
    """Names a deputy, by email, for these days, both inclusive, in one's own time zone. Returns the delegation's id.

    Errors: Invalid for an unknown or inactive person, oneself, an unknown department, a period that is over or
    backwards, or a cycle.
    """
    session = viewer.session
    found = directory.by_email(session, deputy)
    problems = [*_problems(found, since, until, viewer, at), *_unknown_departments(session, departments)]
    if problems or found is None:
        raise Invalid(_("The deputy cannot be named like this."), problems)
    delegation_id = new_id()
    with work(f"person/{viewer.id}", actor=viewer.id, at=at) as w:
        new = _rule(viewer.person, found.id, since, until, departments)
        cycle = rules.find_delegation_cycle(new, [one.rule for one in standing(w.session, at)])
        if cycle is not None:
            names = directory.people(w.session, cycle)
            line = " → ".join(directory.name_of(names.get(one)) for one in cycle)
            problem = Problem("deputy", "cycle", _("This would go round in a circle: {line}.", line=line))
            raise Invalid(_("The deputy cannot be named like this."), [problem])
        w.record(
            f"person/{viewer.id}",
            e.Delegated(
                delegation=delegation_id,
                person=viewer.id,
                deputy=found.id,
                since=since.isoformat(),
                until=until.isoformat(),
                departments=list(departments) if departments is not None else None,
            ),
        )
        for kind, moment in (("delegation_start", new.start), ("delegation_end", new.end)):
            _arm(w, viewer.id, delegation_id, kind, max(moment, at))
        w.awake = True
    return delegation_id


def end(delegation_id: str, *, viewer: Viewer, at: datetime) -> None:
    """Takes a delegation back; open approvals come back by a job. NotFound also for one that has ended."""
    row = viewer.session.get(Delegation, delegation_id)
    if row is None or row.person_id != viewer.id:
        raise NotFound(_("There is no such delegation."))
    with work(f"person/{viewer.id}", actor=viewer.id, at=at) as w:
        now = w.get(Delegation, delegation_id)
        if now.ended_at is not None:
            raise NotFound(_("There is no such delegation."))
        w.record(f"person/{viewer.id}", e.DelegationEnded(delegation=delegation_id, ended_at=as_instant(at)))
        Timers.cancel(w.session, prefix=f"delegation:{delegation_id}:")
        _arm(w, viewer.id, delegation_id, "delegation_end", at)
        w.awake = True


def mine(viewer: Viewer) -> list[Delegation]:
    """One's own deputies, the newest first, ended ones aside."""
    return list(
        viewer.session.scalars(
            select(Delegation)
            .where(Delegation.person_id == viewer.id, Delegation.ended_at.is_(None))
            .order_by(Delegation.since.desc(), Delegation.id)
        )
    )


def in_force(session: Session, at: datetime) -> list[InForce]:
    """Every delegation that holds at a moment, each date in its person's own zone."""
    return [one for one in standing(session, at) if one.rule.start <= at < one.rule.end]


def standing(session: Session, at: datetime) -> list[InForce]:
    """Delegations that hold now or later."""
    since = (at - timedelta(days=2)).date()
    return remembered(("delegations", since.isoformat()), lambda: _not_over(session, since))


def _not_over(session: Session, since: date) -> list[InForce]:
    rows = session.execute(
        select(Delegation, Person)
        .join(Person, Person.id == Delegation.person_id)
        .where(Delegation.ended_at.is_(None), Delegation.until >= since)
        .order_by(Delegation.since, Delegation.id)
    )
    return [
        InForce(row.id, _rule(person, row.deputy_id, row.since, row.until, row.departments)) for row, person in rows
    ]


def _rule(person: Person, deputy: str, since: date, until: date, departments: Sequence[str] | None) -> rules.Delegation:
    zone = directory.zone_of(person)
    return rules.Delegation(
        person=person.id,
        deputy=deputy,
        start=datetime.combine(since, time(), zone),
        end=datetime.combine(until + timedelta(days=1), time(), zone),
        departments=frozenset(departments) if departments is not None else None,
    )


def _problems(found: Person | None, since: date, until: date, viewer: Viewer, at: datetime) -> list[Problem]:
    problems = []
    if found is None or not found.active:
        problems.append(Problem("deputy", "unknown", _("There is no active person with this address.")))
    elif found.id == viewer.id:
        problems.append(Problem("deputy", "self", _("Choose somebody else than yourself.")))
    if until < since:
        problems.append(Problem("until", "range", _("The last day is before the first.")))
    elif until < directory.today_of(viewer.person, at):
        problems.append(Problem("until", "past", _("These days are over.")))
    return problems


def _unknown_departments(session: Session, wanted: Sequence[str] | None) -> list[Problem]:
    known = set(session.scalars(select(Department.key).where(Department.key.in_(wanted or ()))))
    return [
        Problem(f"departments[{index}]", "unknown", _("There is no such department."))
        for index, key in enumerate(wanted or ())
        if key not in known
    ]


def _arm(w: Work, person: str, delegation: str, kind: str, moment: datetime) -> None:
    Timers.add(
        w.session,
        kind=kind,
        dedupe_key=f"delegation:{delegation}:{kind}",
        subject=f"person/{person}",
        due_at=moment,
        at=w.at,
        payload={"person": person},
    )
