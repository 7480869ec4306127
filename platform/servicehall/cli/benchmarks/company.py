"""A small company for measuring: four people, one group, one service with two approvals and five parallel tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import now
from servicehall.models.approvals import Approval
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import decisions, definitions, directory, directory_import, requests, tasks
from servicehall.services.requests import Order
from servicehall.services.visibility import Viewer

SYSTEM = "system:bench"
SERVICE = "bench/case"
FOLDER = Path(__file__).parent / "bench"


@dataclass
class Company:
    """Who acts in the measured cases."""

    session: Session
    asker: Viewer
    lead: Viewer
    head: Viewer
    worker: Viewer


def make_company(session: Session) -> Company:
    """People and documents in an empty, migrated database."""
    at = now()
    directory_import.import_people((FOLDER / "people.csv").read_bytes(), actor=SYSTEM, at=at)
    outcome = definitions.apply(FOLDER, publish=True, dry_run=False, actor=SYSTEM, at=at)
    if outcome.is_refused:
        raise RuntimeError("\n".join(map(str, outcome.problems)))
    return open_company(session)


def open_company(session: Session) -> Company:
    def viewer(name: str) -> Viewer:
        found = directory.by_email(session, f"{name}@bench.example.com")
        if found is None:
            raise LookupError(name)
        return Viewer(session, found)

    return Company(session, viewer("asker"), viewer("lead"), viewer("head"), viewer("worker"))


def order(company: Company, *, at: datetime) -> str:
    """One submission; the request's id."""
    return requests.order(Order(SERVICE, {"what": "One more", "amount": "120.00"}), viewer=company.asker, at=at)


def whole_case(company: Company) -> str:
    """Submission, two approvals, five tasks, each step durable in a transaction of its own; the request's id."""
    request_id = order(company, at=now())
    for viewer in (company.lead, company.head):
        approve(company, request_id, viewer)
    ready = select(Task).where(Task.request_id == request_id, Task.state == "ready").order_by(Task.position)
    for task in company.session.scalars(ready.execution_options(populate_existing=True)).all():
        tasks.complete(task, answers={}, viewer=company.worker, at=now())
    return request_id


def approve(company: Company, request_id: str, viewer: Viewer) -> None:
    pending = select(Approval).where(Approval.request_id == request_id, Approval.state == "pending")
    approval = company.session.scalars(pending.execution_options(populate_existing=True)).one()
    request = company.session.get(Request, request_id)
    if request is None:
        raise LookupError(request_id)
    decisions.decide(
        approval,
        decision="approve",
        content=request.content,
        viewer=viewer,
        at=now(),
    )
