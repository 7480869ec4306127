"""The demo company: the shipped people and catalogs, and a story of requests that happened in the last days."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall import clock, config
from servicehall.documents.pack import Pack, read_pack
from servicehall.documents.shipped import content_root
from servicehall.documents.source import read_file
from servicehall.errors import Invalid, ServicehallError
from servicehall.models.approvals import Approval
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import decisions, definitions, directory, directory_import, requests, tasks, visibility
from servicehall.services.requests import Order
from servicehall.services.visibility import Viewer
from servicehall.texts import N_

FOLDER = Path(__file__).parent.parent / "demo"
SYSTEM = "system:demo"
ACCOUNTS = (
    ("mo.chen@example.com", N_("an employee")),
    ("xiaoyu.lin@example.com", N_("a manager, who orders an onboarding")),
    ("ruolan.shen@example.com", N_("a director, who approves it first")),
    ("qing.meng@example.com", N_("HR, who approves it second")),
    ("min.zhou@example.com", N_("an HR agent")),
    ("hao.sun@example.com", N_("an IT agent")),
    ("gang.wu@example.com", N_("a facilities agent")),
    ("shan.gao@example.com", N_("IT's catalog administrator (English)")),
    ("zhen.ye@example.com", N_("an auditor (English)")),
    ("peng.duan@example.com", N_("the platform's administrator (English)")),
)
"""One line for each kind of person: whom to sign in as."""


def make_company() -> bool:
    """People, catalogs and the story, in an empty database; False where somebody is there already."""
    session = db.session()
    if session.scalar(select(Person.id).limit(1)) is not None:
        return False
    now = clock.now()
    start = now - timedelta(days=30)
    directory_import.import_people((FOLDER / "people.csv").read_bytes(), actor=SYSTEM, at=start)
    outcome = definitions.apply_pack(shipped_pack(), publish=True, dry_run=False, actor=SYSTEM, at=start, tried=True)
    if outcome.is_refused:
        raise Invalid("The shipped catalogs are refused.\n" + "\n".join(map(str, outcome.problems)))
    tell_story(read_file(FOLDER / "story.yaml").value, now=now)
    return True


def shipped_pack() -> Pack:
    """All shipped documents, the shared ones among them, as one pack."""
    folders = [folder for name in ("forms", "catalogs") if (folder := content_root(name)) is not None]
    packs = [read_pack(folder) for folder in folders]
    return Pack(
        tuple(document for pack in packs for document in pack.documents),
        tuple(problem for pack in packs for problem in pack.problems),
    )


def tell_story(story: list[Mapping[str, Any]], *, now: datetime) -> list[str]:
    """Orders every request of the story and lets follow what followed. Returns the requests' ids."""
    session = db.session()
    return [_tell(session, chapter, now) for chapter in story]


def _tell(session: Session, chapter: Mapping[str, Any], now: datetime) -> str:
    at = now - timedelta(days=chapter["days_ago"], minutes=90)
    viewer = _viewer(session, chapter["by"])
    wish = Order(
        service=chapter["service"],
        answers=_dated(chapter["answers"], now),
        impact=chapter.get("impact"),
        urgency=chapter.get("urgency"),
        draft=bool(chapter.get("draft")),
    )
    try:
        request_id = requests.order(wish, viewer=viewer, at=at)
        for number, step in enumerate(_dated(chapter.get("then", []), now), start=1):
            row = session.get(Request, request_id, populate_existing=True)
            assert row is not None  # noqa: S101 - just ordered
            STEPS[step["act"]](session, row, step, at + timedelta(minutes=7 * number))
    except ServicehallError as error:
        raise Invalid(f"The story of {chapter['service']} by {chapter['by']} does not work: {error}") from error
    return request_id


def _viewer(session: Session, name: str) -> Viewer:
    found = directory.by_email(session, f"{name}@example.com")
    if found is None:
        raise Invalid(f"The story tells of {name}, whom the people file does not know.")
    return Viewer(session, found)


def _decide(session: Session, row: Request, step: Mapping[str, Any], at: datetime) -> None:
    """By whoever is named; `line` means whoever was asked."""
    pending = select(Approval).where(Approval.request_id == row.id, Approval.state == "pending")
    if step["by"] != "line":
        pending = pending.where(visibility.visible_approvals(_viewer(session, step["by"])))
    approval = session.scalars(pending.execution_options(populate_existing=True)).first()
    if approval is None:
        raise Invalid(f"nobody is asked at {step}")
    person = str(approval.holder_id or (approval.members or [""])[0])
    viewer = _viewer(session, step["by"]) if step["by"] != "line" else visibility.as_viewer(session, person)
    decisions.decide(
        approval,
        decision=step["act"],
        content=row.content,
        viewer=viewer,
        at=at,
        comment=step.get("comment"),
        answers=step.get("answers"),
        proof=decisions.Proof(("demo",)),
    )


def _complete(session: Session, row: Request, step: Mapping[str, Any], at: datetime) -> None:
    task = _task(session, row, step["task"])
    tasks.complete(task, answers=step.get("answers", {}), viewer=_worker(session, task), at=at)


def _complete_all(session: Session, row: Request, step: Mapping[str, Any], at: datetime) -> None:
    while (task := _ready(session, row)) is not None:
        tasks.complete(task, answers={}, viewer=_worker(session, task), at=at)


def _claim(session: Session, row: Request, step: Mapping[str, Any], at: datetime) -> None:
    task = _ready(session, row)
    if task is not None:
        tasks.start(task, viewer=_viewer(session, step["by"]), at=at)


def _comment(session: Session, row: Request, step: Mapping[str, Any], at: datetime) -> None:
    viewer = _viewer(session, step["by"])
    requests.comment(row, body=step["body"], internal=bool(step.get("internal")), viewer=viewer, at=at)


def _act(session: Session, row: Request, step: Mapping[str, Any], at: datetime) -> None:
    by = visibility.as_viewer(session, row.requester_id) if step["by"] == "requester" else _viewer(session, step["by"])
    requests.ACTS[step["act"]](row, viewer=by, at=at, comment=step.get("comment"))


STEPS: dict[str, Callable[[Session, Request, Mapping[str, Any], datetime], None]] = {
    "approve": _decide,
    "reject": _decide,
    "return": _decide,
    "complete": _complete,
    "complete-all": _complete_all,
    "claim": _claim,
    "comment": _comment,
    "hold": _act,
    "close": _act,
}


def _task(session: Session, row: Request, key: str) -> Task:
    found = session.scalars(
        select(Task).where(Task.request_id == row.id, Task.key == key).execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise Invalid(f"{row.number} has no task {key}")
    return found


def _ready(session: Session, row: Request) -> Task | None:
    statement = select(Task).where(Task.request_id == row.id, Task.state == "ready").order_by(Task.position)
    return session.scalars(statement.execution_options(populate_existing=True)).first()


def _worker(session: Session, task: Task) -> Viewer:
    """Whoever has the task, or the first of its group."""
    if task.assignee_id is not None:
        return visibility.as_viewer(session, task.assignee_id)
    members = directory.group_members(session, [str(task.group_id)])[str(task.group_id)]
    return Viewer(session, members[0])


_DATE = re.compile(r"(today|now)(?:([+-]\d+)(h?))?(?: (\d\d:\d\d))?")
"""A day, a moment, or a time of a day where the installation is: `today+14`, `now+3h`, `today+2 10:00`."""


def _dated(value: Any, now: datetime) -> Any:
    """Answers with the dates of the story put in."""
    if isinstance(value, Mapping):
        return {key: _dated(inner, now) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dated(inner, now) for inner in value]
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    count = int(found[2] or 0)
    if found[4]:
        zone = ZoneInfo(config.current().default_time_zone)
        day = now.astimezone(zone).date() + timedelta(days=count)
        return clock.as_instant(datetime.combine(day, time.fromisoformat(found[4]), zone))
    if found[1] == "today":
        return (now + timedelta(days=count)).date().isoformat()
    return clock.as_instant(
        (now + (timedelta(hours=count) if found[3] else timedelta(days=count))).replace(microsecond=0)
    )
