"""People, managers, departments and groups from a file: all of it or nothing, and only what differs is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from servicehall.domain import events as e
from servicehall.errors import Invalid
from servicehall.models.approvals import Approval
from servicehall.models.base import db, reading
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import handovers
from servicehall.services.directory_plan import DirectoryPlan, KnownGroup, PlannedPerson, make_plan, read_known
from servicehall.services.people_file import Fault, PersonRow, read_people_file
from servicehall.services.work import Work, work
from servicehall.texts import _

FAMILY = "directory/all"
SYSTEM = "system:directory"
BATCH = 500
Progress = Callable[[int], None]
ENDED = ("closed", "rejected", "cancelled")


@dataclass(frozen=True, slots=True)
class OpenHands:
    """What is open in the hands of somebody who is inactive: numbers of requests, with task keys behind a slash."""

    person: str
    approvals: tuple[str, ...]
    tasks: tuple[str, ...]
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: people by email, departments and groups by key. `active` may sign in."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    deactivated: tuple[str, ...]
    departments: tuple[str, ...]
    groups: tuple[str, ...]
    open: tuple[OpenHands, ...]
    active: tuple[str, ...]
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        said = asdict(self)
        del said["active"]
        return said


class PeopleRefused(Invalid):
    """Rows that are wrong: `faults` holds every place at once, with its line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        of_file = any(fault.line for fault in faults)
        said = _("Nothing was imported.") if of_file else _("Some of this is not valid.")
        super().__init__(said, [fault.problem() for fault in faults])


def import_people(
    data: bytes, *, actor: str = SYSTEM, at: datetime, dry_run: bool = False, progress: Progress = lambda people: None
) -> Imported:
    """Imports the bytes of a people file. PeopleRefused names every fault with its line, and nothing is imported.

    `progress` is told of the people that are done since it was last told.
    """
    rows, faults = read_people_file(data)
    if any(fault.column == "email" and fault.line <= 1 for fault in faults):
        raise PeopleRefused(faults)
    return record_rows(rows, faults=faults, actor=actor, at=at, dry_run=dry_run, progress=progress)


def record_rows(
    rows: Sequence[PersonRow],
    *,
    faults: Sequence[Fault] = (),
    actor: str,
    at: datetime,
    dry_run: bool = False,
    progress: Progress = lambda people: None,
) -> Imported:
    """Records what differs between these rows and the directory, in one work; a dry run only says what that is."""
    if dry_run or faults:
        session: Session = db.session()
        with reading():
            plan = _plan(session, rows, faults)
            done = _summary(session, plan, dry_run=True)
            session.rollback()
        return done
    with work(FAMILY, actor=actor, at=at) as w:
        plan = _plan(w.session, rows, faults)
        _record(w, plan, progress)
        w.flush()
        done = _summary(w.session, plan, dry_run=False)
        _hand_over(w, plan, done.open)
        return done


def record_group_now(w: Work, group: KnownGroup) -> None:
    """Records a group as it is from now on."""
    w.record(
        f"group/{group.id}",
        e.GroupRecorded(
            group=group.id,
            key=group.key,
            department=group.department,
            lead=group.lead,
            members=sorted(group.members),
        ),
    )


def _plan(session: Session, rows: Sequence[PersonRow], faults: Sequence[Fault]) -> DirectoryPlan:
    plan = make_plan(rows, read_known(session))
    wrong = sorted([*faults, *plan.faults], key=lambda fault: fault.line)
    if wrong:
        raise PeopleRefused(wrong)
    return plan


def _record(w: Work, plan: DirectoryPlan, progress: Progress) -> None:
    people = [person for person in plan.people if person.changed]
    progress(len(plan.people) - len(people))
    w.expect(
        [
            *(f"person/{person.id}" for person in people),
            *(f"department/{key}" for key in plan.heads),
            *(f"group/{group.id}" for group in plan.groups),
        ]
    )
    for person in people:
        _record_person(w, person)
        progress(1)
    for key, head in plan.heads.items():
        w.record(f"department/{key}", e.DepartmentRecorded(department=key, head=head))
    for group in plan.groups:
        record_group_now(w, group)


def _record_person(w: Work, person: PlannedPerson) -> None:
    w.record(
        f"person/{person.id}",
        e.PersonRecorded(
            person=person.id,
            content=w.keep(dict(person.attributes)),
            manager=person.manager,
            active=person.active,
            changed=list(person.changed),
        ),
    )


def _hand_over(w: Work, plan: DirectoryPlan, found: Sequence[OpenHands]) -> None:
    """Whoever is deactivated hands over what is open, by a job; whoever comes back keeps what is left."""
    hands = {one.person: one for one in found}
    for person in plan.people:
        if person.new or "active" not in person.changed:
            continue
        if person.active:
            handovers.disarm(w, person.id)
        else:
            held = hands.get(person.email)
            approvals, tasks = (len(held.approvals), len(held.tasks)) if held else (0, 0)
            handovers.arm(w, person.id, approvals=approvals, tasks=tasks)


def _summary(session: Session, plan: DirectoryPlan, *, dry_run: bool) -> Imported:
    inactive = {person.id: person.email for person in plan.people if not person.active and not person.new}
    return Imported(
        created=tuple(person.email for person in plan.people if person.new),
        changed=tuple(person.email for person in plan.people if person.changed and not person.new),
        unchanged=sum(not person.changed for person in plan.people),
        deactivated=tuple(
            person.email
            for person in plan.people
            if not person.active and not person.new and "active" in person.changed
        ),
        departments=tuple(plan.heads),
        groups=tuple(group.key for group in plan.groups),
        open=tuple(open_hands(session, inactive)),
        active=tuple(person.email for person in plan.people if person.active),
        dry_run=dry_run,
    )


def open_hands(session: Session, people: dict[str, str]) -> Iterator[OpenHands]:
    """For each of these people (id → email) who has any: their pending approvals, open tasks and own requests."""
    approvals: dict[str, set[str]] = {}
    tasks: dict[str, set[str]] = {}
    requests: dict[str, set[str]] = {}
    for ids in _batches(people):
        for holder, number in session.execute(
            select(Approval.holder_id, Request.number)
            .join(Request, Request.id == Approval.request_id)
            .where(Approval.state == "pending", Approval.holder_id.in_(ids))
        ):
            approvals.setdefault(str(holder), set()).add(number)
        for assignee, key, number in session.execute(
            select(Task.assignee_id, Task.key, Request.number)
            .join(Request, Request.id == Task.request_id)
            .where(Task.state.in_(handovers.IN_HAND), Task.assignee_id.in_(ids))
        ):
            tasks.setdefault(str(assignee), set()).add(f"{number}/{key}")
        for requester, beneficiary, number in session.execute(
            select(Request.requester_id, Request.beneficiary_id, Request.number).where(
                Request.state.not_in(ENDED), or_(Request.requester_id.in_(ids), Request.beneficiary_id.in_(ids))
            )
        ):
            for person in {requester, beneficiary} & set(ids):
                requests.setdefault(person, set()).add(number)
    for person, email in people.items():
        if person in approvals or person in tasks or person in requests:
            yield OpenHands(email, *(tuple(sorted(one.get(person, ()))) for one in (approvals, tasks, requests)))


def _batches(ids: dict[str, str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch
