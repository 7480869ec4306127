"""Who may see what: one condition for whole requests, one for tasks, and what each reader may know of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import Session, aliased

from servicehall.errors import NotFound
from servicehall.models.approvals import Approval, ApprovalMember
from servicehall.models.definitions import Document
from servicehall.models.directory import Group, Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Participant, Request
from servicehall.services import departments, directory
from servicehall.texts import _


@dataclass(frozen=True)
class Viewer:
    """A person with what their visibility depends on, read once per web request or command."""

    session: Session
    person: Person

    @property
    def id(self) -> str:
        return self.person.id

    @cached_property
    def roles(self) -> frozenset[str]:
        return frozenset(self.person.roles) if self.person.active else frozenset()

    @property
    def is_auditor(self) -> bool:
        return "auditor" in self.roles

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    @cached_property
    def group_ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self._groups)

    @cached_property
    def group_keys(self) -> frozenset[str]:
        return frozenset(one.key for one in self._groups)

    @cached_property
    def _groups(self) -> list[Group]:
        return directory.groups_of(self.session, self.id) if self.person.active else []

    @cached_property
    def agent_departments(self) -> frozenset[str]:
        """The departments whose `agents` groups this person belongs to."""
        return frozenset(
            department for department, keys in departments.agent_groups(self.session).items() if keys & self.group_keys
        )

    @cached_property
    def administers(self) -> frozenset[str]:
        """The departments whose documents this person may author."""
        own = self.person.department
        return frozenset({own}) if own and "catalog_admin" in self.roles else frozenset()

    def may_author(self, department: str) -> bool:
        """Whether this person writes the documents of a department: its catalog administrators, and the platform's."""
        return self.is_admin or department in self.administers

    def is_agent_of(self, request: Request) -> bool:
        return request.department in self.agent_departments


_PART = aliased(Participant)
"""So that the condition also stands in a list that is read by its participants."""


def visible_requests(viewer: Viewer) -> ColumnElement[bool]:
    """The whole request: who has a part in it, the department's agents, auditors; drafts their requester only."""
    mine = exists().where(_PART.request_id == Request.id, _PART.person_id == viewer.id)
    parts: list[ColumnElement[bool]] = [mine]
    if viewer.agent_departments:
        parts.append(Request.department.in_(sorted(viewer.agent_departments)))
    if viewer.is_auditor:
        parts.append(true())
    return or_(Request.requester_id == viewer.id, (Request.state != "draft") & or_(*parts))


def visible_tasks(viewer: Viewer) -> ColumnElement[bool]:
    """Tasks that one holds: one's own, and those of one's groups; and all tasks of requests that one sees whole."""
    held: list[ColumnElement[bool]] = [Task.assignee_id == viewer.id]
    if viewer.group_ids:
        held.append(Task.group_id.in_(sorted(viewer.group_ids)))
    return or_(*held)


def visible_approvals(viewer: Viewer) -> ColumnElement[bool]:
    """Approvals that one was asked for: as a person, as a member of the group, as a deputy, or that one decided."""
    member = exists().where(ApprovalMember.approval_id == Approval.id, ApprovalMember.person_id == viewer.id)
    return or_(
        Approval.holder_id == viewer.id,
        Approval.voice_person_id == viewer.id,
        Approval.decided_by_id == viewer.id,
        member,
    )


def request_for(viewer: Viewer, number: str) -> Request:
    """The request with this number, or id, if the viewer may see the whole of it; otherwise NotFound."""
    found = viewer.session.scalars(
        select(Request).where(or_(Request.number == number, Request.id == number), visible_requests(viewer))
    ).first()
    if found is None:
        raise NotFound(_("There is no such request, or it is not yours to see."))
    return found


def task_for(viewer: Viewer, task_id: str) -> Task:
    """A task that the viewer holds, or whose whole request they may see."""
    whole = exists().where(Request.id == Task.request_id, visible_requests(viewer))
    found = viewer.session.scalars(select(Task).where(Task.id == task_id, or_(visible_tasks(viewer), whole))).first()
    if found is None:
        raise NotFound(_("There is no such task, or it is not yours to see."))
    return found


def approval_for(viewer: Viewer, approval_id: str) -> Approval:
    """An approval that the viewer was asked for, or whose whole request they may see."""
    whole = exists().where(Request.id == Approval.request_id, visible_requests(viewer))
    found = viewer.session.scalars(
        select(Approval).where(Approval.id == approval_id, or_(visible_approvals(viewer), whole))
    ).first()
    if found is None:
        raise NotFound(_("There is no such approval, or it is not yours to see."))
    return found


def visible_documents(viewer: Viewer) -> ColumnElement[bool]:
    """Documents of the departments that one administers; the platform's administrators see all."""
    if viewer.is_admin:
        return true()
    return Document.department.in_(sorted(viewer.administers)) if viewer.administers else false()


def as_viewer(session: Session, person_id: str) -> Viewer:
    return Viewer(session, directory.person(session, person_id))
