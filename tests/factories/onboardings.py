"""An onboarding in the demo company by its services alone: sent back once, approved, begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.factories.company import DIRECTOR, HR_LEAD, MANAGER
from tests.factories.orders import onboarding, workday

from servicehall.clock import now
from servicehall.models.approvals import Approval
from servicehall.models.base import db
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import decisions, directory, requests, sealing, tasks, visibility
from servicehall.services.requests import Order
from servicehall.services.visibility import Viewer

SECRETS = ("6222020200112233", "6222020299998888")
SENT_BACK = "The first day is a public holiday. 第一天是节假日。"
APPROVED = "Agreed, from stock please. 同意,请用库存。"
REMARK = "Badge photo follows.\nThank you 谢谢"
INTERNAL = "Salary band to be checked quietly"


@dataclass(frozen=True)
class Onboarding:
    id: str
    number: str

    @property
    def stream(self) -> str:
        return f"request/{self.id}"

    @property
    def row(self) -> Request:
        found = db.session().get(Request, self.id, populate_existing=True)
        assert found is not None
        return found


def viewer_of(session: Session, email: str) -> Viewer:
    found = directory.by_email(session, email)
    assert found is not None, email
    return Viewer(session, found)


def decide(row: Request, *, by: str, decision: str, at: datetime, **other: Any) -> None:
    """The decision of whoever is asked, on the content as it is."""
    session = db.session()
    who = viewer_of(session, by)
    approval = session.scalars(
        select(Approval)
        .where(visibility.visible_approvals(who), Approval.request_id == row.id, Approval.state == "pending")
        .execution_options(populate_existing=True)
    ).one()
    proof = decisions.Proof(("email", "password"))
    decisions.decide(approval, decision=decision, content=row.content, viewer=who, at=at, proof=proof, **other)


def run_onboarding() -> Onboarding:
    """Ordered, sent back, changed (a secret too), sent again, approved twice, first task done; within a context."""
    session = db.session()
    manager = viewer_of(session, MANAGER)
    order = Order("hr/employee-onboarding", onboarding(bank_account=SECRETS[0]))
    request_id = requests.order(order, viewer=manager, at=now())
    row = session.get(Request, request_id, populate_existing=True)
    assert row is not None
    made = Onboarding(request_id, row.number)
    decide(made.row, by=DIRECTOR, decision="return", at=now(), comment=SENT_BACK)
    changed = {"start_date": workday(35), "bank_account": SECRETS[1]}
    requests.amend(made.row, answers=changed, viewer=manager, at=now())
    requests.submit(made.row, viewer=manager, at=now())
    decide(made.row, by=DIRECTOR, decision="approve", at=now(), comment=APPROVED)
    requests.comment(made.row, body=REMARK, internal=False, viewer=manager, at=now())
    decide(made.row, by=HR_LEAD, decision="approve", at=now(), answers={"position_number": "P-0417"})
    _finish_first_task(session, made)
    agent = visibility.as_viewer(session, _worker(session, _task(session, made)))
    requests.comment(made.row, body=INTERNAL, internal=True, viewer=agent, at=now())
    return made


def make_sealed_onboarding() -> Onboarding:
    """A world: the company with this onboarding, its events under several seals."""
    made = run_onboarding()
    db.session.rollback()
    sealing.seal(now(), batch=50)
    return made


def _finish_first_task(session: Session, made: Onboarding) -> None:
    task = _task(session, made)
    viewer = visibility.as_viewer(session, _worker(session, task))
    tasks.complete(task, answers={"personnel_number": "20417"}, viewer=viewer, at=now())


def _task(session: Session, made: Onboarding) -> Task:
    statement = select(Task).where(Task.request_id == made.id).order_by(Task.position).limit(1)
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def _worker(session: Session, task: Task) -> str:
    if task.assignee_id is not None:
        return task.assignee_id
    return directory.group_members(session, [str(task.group_id)])[str(task.group_id)][0].id
