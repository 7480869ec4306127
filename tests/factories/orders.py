"""Orders of services of the shipped catalogs, and the way of a request through the hands of those who decide and do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from servicehall.models.base import db
from servicehall.models.directory import Membership, Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request

EXAMPLES: dict[str, Any] = {
    "text": "ABC-1234",
    "email": "li.lei@example.com",
    "boolean": True,
    "integer": 1,
    "rating": 4,
    "asset": "LT-00042",
    "person": "xiaoyu.lin@example.com",
}
PATTERNED = ("20417", "P-0417", "PO-004170", "A-12", "00420417", "li.lei")


def workday(days: int) -> str:
    """A date so many days from now, moved on to a Monday."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    return (day + timedelta(days=(7 - day.weekday()) % 7)).isoformat()


def onboarding(**other: Any) -> dict[str, Any]:
    """A new engineer in Shanghai, with a secret bank account."""
    return {
        "full_name": "Li Lei",
        "private_email": "li.lei@example.org",
        "employment": "employee",
        "job_title": "Engineer",
        "home_department": "it",
        "work_location": "Shanghai",
        "line_manager": "xiaoyu.lin@example.com",
        "start_date": workday(28),
        "work_mode": "hybrid",
        "equipment": "laptop",
        "laptop_model": "mac-14",
        "keyboard": "us",
        "bank_account": "6222020200112233",
        **other,
    }


def order(client: Any, service: str, answers: dict[str, Any], **other: Any) -> str:
    """Orders something by the API, and gives its number."""
    made = client.post("/requests", json={"service": service, "answers": answers, **other})
    assert made.status_code == 201, made.json
    return str(made.json["number"])


def approve(client: Any, number: str, *, decision: str = "approve", **said: Any) -> Any:
    """Decides what lies in the caller's inbox for this request, on the content that is shown."""
    waiting = [one for one in client.get("/approvals").json["items"] if one["request"] == number]
    assert waiting, f"nothing to decide about {number}"
    shown = client.get(f"/approvals/{waiting[0]['id']}").json
    body = {"decision": decision, "content_sha256": shown["content_sha256"], **said}
    answered = client.post(f"/approvals/{shown['id']}/decision", json=body)
    assert answered.status_code == 200, answered.json
    return answered


def finish_tasks(app: Flask, api: Callable[[str], Any], number: str) -> None:
    """Completes every task of a request, and of its child requests, as whoever has it; decides what is asked."""
    for _ in range(60):
        found = _next_task(app, number)
        if found is None:
            if not _decide_children(app, api, number):
                return
            continue
        task_id, email = found
        shown = api(email).get(f"/tasks/{task_id}").json
        answers = _filled(shown["form"])
        done = api(email).post(f"/tasks/{task_id}/complete", json={"answers": answers})
        assert done.status_code == 200, (shown["key"], answers, done.json)


def _filled(form: dict[str, Any] | None) -> dict[str, Any]:
    properties = form["properties"] if form else {}
    return {key: _example(one) for key, one in properties.items() if one.get("x-required") is True}


def _example(schema: dict[str, Any]) -> Any:
    if "pattern" in schema:
        return next(one for one in PATTERNED if re.fullmatch(schema["pattern"], one))
    if "enum" in schema or "oneOf" in schema:
        return schema["enum"][0] if "enum" in schema else schema["oneOf"][0]["const"]
    if schema["x-type"] == "date":
        return workday(14)
    return EXAMPLES[schema["x-type"]]


def _family(number: str) -> list[Request]:
    session = db.session
    root = session.scalars(select(Request).where(Request.number == number)).one()
    return list(session.scalars(select(Request).where(Request.root_id == root.id)))


def _next_task(app: Flask, number: str) -> tuple[str, str] | None:
    with app.app_context():
        ids = [row.id for row in _family(number)]
        ready = select(Task).where(
            Task.request_id.in_(ids), Task.state.in_(("ready", "in_progress")), Task.kind == "manual"
        )
        task = db.session.scalars(ready.order_by(Task.position)).first()
        return None if task is None else (task.id, _holder(task))


def _holder(task: Task) -> str:
    statement = select(Person.email).join(Membership, Membership.person_id == Person.id)
    if task.assignee_id:
        return db.session.scalars(select(Person.email).where(Person.id == task.assignee_id)).one()
    members = statement.where(Membership.group_id == task.group_id, Person.active).order_by(Person.email)
    found = db.session.scalars(members).first()
    assert found is not None
    return found


def _decide_children(app: Flask, api: Callable[[str], Any], number: str) -> bool:
    """Approves what waits in the children of a request; whether there was anything."""
    from servicehall.models.approvals import Approval

    with app.app_context():
        ids = [row.id for row in _family(number) if row.number != number]
        waiting = select(Approval).where(Approval.request_id.in_(ids), Approval.state == "pending")
        approval = db.session.scalars(waiting).first()
        if approval is None:
            return False
        who = approval.holder_id or (approval.members or [""])[0]
        email = db.session.get_one(Person, who).email
        child = db.session.get_one(Request, approval.request_id).number
    approve(api(email), child)
    return True
