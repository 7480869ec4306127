"""A small company for one test: people, groups, one service, and the acts of its people as short words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.factories.packs import publish_pack
from tests.factories.people import make_group, make_person

from servicehall.errors import Problem, ServicehallError
from servicehall.models.approvals import Approval, Stage
from servicehall.models.base import db
from servicehall.models.clocks import Clock
from servicehall.models.fulfilment import Task
from servicehall.models.notices import Notice
from servicehall.models.operations import CANCELLED, OPEN, Timers
from servicehall.models.requests import Request
from servicehall.services import decisions, requests, tasks, timers
from servicehall.services.requests import Order
from servicehall.services.visibility import Viewer, as_viewer

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
DEPARTMENT = "kind: department\nkey: it\ndepartment: it\ntitle: IT\nagents: [desk]\napproval_fallback: leads\n{more}\n"
SERVICE = """\
kind: service
department: it
key: {key}
title: A thing
{confidential}form: {{pages: [{{key: main, title: Thing, fields: {fields}}}]}}
{parts}
"""
FIELDS = "[{key: what, type: text, label: What}]"


@dataclass
class Small:
    """`asks` is led by `boss`, who is led by `chief`; `desk` holds dan and dora, `leads` holds lena."""

    folder: Path
    ids: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    at: datetime = START

    def person(self, name: str, **said: Any) -> None:
        if "manager" in said:
            said["manager"] = self.ids[said["manager"]]
        self.ids[name] = make_person(f"{name}@example.com", department="it", **said).id

    def group(self, key: str, *names: str, lead: str | None = None) -> None:
        members = [self.ids[name] for name in names]
        self.groups[key] = make_group(key, members, lead=self.ids[lead] if lead else None)

    def publish(
        self,
        parts: str = "",
        *,
        fields: str = FIELDS,
        key: str = "thing",
        confidential: bool = False,
        department: str = "",
        **others: str,
    ) -> None:
        said = "confidential: true\n" if confidential else ""
        documents = {
            "it.yaml": DEPARTMENT.format(more=department),
            f"{key}.yaml": SERVICE.format(key=key, fields=fields, parts=parts, confidential=said),
        }
        publish_pack(self.folder, documents | {f"{name}.yaml": text for name, text in others.items()})

    def go(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at

    def viewer(self, name: str) -> Viewer:
        db.session.expire_all()
        return as_viewer(db.session(), self.ids[name])

    def order(self, name: str = "asks", *, service: str = "it/thing", **answers: Any) -> str:
        said = {key: answers.pop(key) for key in ("priority", "requested_for", "draft") if key in answers}
        return requests.order(Order(service, answers, **said), viewer=self.viewer(name), at=self.at)

    def request(self, request_id: str) -> Request:
        found: Request = db.session.get_one(Request, request_id, populate_existing=True)
        return found

    def state(self, request_id: str) -> str:
        return self.request(request_id).state

    def act(self, name: str, act: str, request_id: str, comment: str | None = "because") -> None:
        requests.ACTS[act](self.request(request_id), viewer=self.viewer(name), at=self.at, comment=comment)

    def amend(self, request_id: str, **answers: Any) -> None:
        requests.amend(self.request(request_id), answers=answers, viewer=self.viewer("asks"), at=self.at)

    def submit(self, request_id: str) -> None:
        requests.submit(self.request(request_id), viewer=self.viewer("asks"), at=self.at)

    def approvals(self, request_id: str, *, state: str | None = None) -> list[Approval]:
        rows = db.session.scalars(
            select(Approval)
            .join(Stage, Stage.id == Approval.stage_id)
            .where(Approval.request_id == request_id)
            .order_by(Stage.round, Stage.position, Approval.position, Approval.asked_at)
            .execution_options(populate_existing=True)
        )
        return [one for one in rows if state in (None, one.state)]

    def voice(self, row: Approval) -> str | None:
        names = {identity: name for name, identity in {**self.ids, **self.groups}.items()}
        found = row.voice_person_id or row.voice_group_id
        return names.get(found, found) if found else None

    def voices(self, request_id: str, *, stage: str | None = None) -> list[tuple[str | None, str]]:
        """Who is asked and how it stands, the latest round of each stage last."""
        keys = dict(db.session.execute(select(Stage.id, Stage.key).where(Stage.request_id == request_id)).all())
        found = [one for one in self.approvals(request_id) if stage in (None, keys[one.stage_id])]
        return [(self.voice(one), one.state) for one in found]

    def stages(self, request_id: str) -> dict[str, str]:
        rows = db.session.execute(
            select(Stage.key, Stage.state).where(Stage.request_id == request_id).order_by(Stage.round, Stage.position)
        )
        return dict(rows.all())

    def decide(self, name: str, decision: str, request_id: str, **said: Any) -> None:
        """Decides the pending voice that lies with this person, alone or as a member."""
        mine = self.ids[name]
        open_ones = self.approvals(request_id, state="pending")
        row = next(one for one in open_ones if mine == one.holder_id or mine in (one.members or ()))
        self.decide_row(name, decision, row, **said)

    def decide_row(self, name: str, decision: str, row: Approval, **said: Any) -> None:
        said.setdefault("comment", "so it is")
        said.setdefault("content", self.request(row.request_id).content)
        if (password := said.pop("password", None)) is not None:
            wrong = None if password == "right" else Problem("password", "wrong", "The password is wrong.")
            said["proof"] = decisions.Proof(("email", "password"), wrong)
        decisions.decide(row, decision=decision, viewer=self.viewer(name), at=self.at, **said)

    def decide_id(self, name: str, decision: str, approval_id: str) -> None:
        self.decide_row(name, decision, db.session.get_one(Approval, approval_id))

    def tasks(self, request_id: str) -> dict[str, str]:
        rows = select(Task.key, Task.state).where(Task.request_id == request_id).order_by(Task.position)
        return dict(db.session.execute(rows).all())

    def task(self, request_id: str, key: str) -> Task:
        rows = select(Task).where(Task.request_id == request_id, Task.key == key)
        return db.session.scalars(rows.execution_options(populate_existing=True)).one()

    def do(self, name: str, verb: str, request_id: str, key: str, **said: Any) -> None:
        if verb == "complete":
            said.setdefault("answers", {})
        if verb in ("hold", "skip", "fail"):
            said.setdefault("comment", "because")
        tasks.VERBS[verb](self.task(request_id, key), viewer=self.viewer(name), at=self.at, **said)

    def clocks(self, request_id: str) -> dict[str, Clock]:
        rows = select(Clock).where(Clock.request_id == request_id).execution_options(populate_existing=True)
        return {one.measure: one for one in db.session.scalars(rows)}

    def armed(self, kind: str) -> list[Timers]:
        return list(db.session.scalars(select(Timers).where(Timers.kind == kind, Timers.state == OPEN)))

    def ring_due(self, *, late: bool = False) -> list[str]:
        """Rings all that is due by now, each at its moment or, where `late`, now; says the kinds that rang."""
        rang: list[str] = []
        due = select(Timers).where(Timers.state == OPEN, Timers.due_at <= self.at).order_by(Timers.due_at, Timers.kind)
        while (timer := db.session.scalars(due).first()) is not None:
            rang.append(timer.kind)
            identity, payload = timer.id, dict(timer.payload)

            def settle(session: Any, identity: str = identity) -> None:
                session.get_one(Timers, identity, populate_existing=True).state = CANCELLED
                session.flush()

            at = self.at if late else timer.due_at
            db.session.rollback()
            timers.ring(rang[-1], payload, at=at, settle=settle)
        db.session.rollback()
        return rang

    def notices(self, name: str) -> list[str]:
        rows = select(Notice.event).where(Notice.person_id == self.ids[name]).order_by(Notice.created_at, Notice.id)
        return list(db.session.scalars(rows))


def make_small_company() -> Small:
    """Its people and groups, in no folder: `small_company` gives a test its own."""
    made = Small(Path())
    made.person("chief", approval_limit="50000", currency="CNY")
    made.person("boss", manager="chief", approval_limit="1000", currency="CNY")
    made.person("asks", manager="boss")
    for name in ("dan", "dora", "lena", "fin", "sec", "root", "aud"):
        made.person(name, roles={"root": ["admin"], "aud": ["auditor"], "fin": ["Finance Controller"]}.get(name, []))
    made.group("desk", "dan", "dora", lead="dora")
    made.group("leads", "lena")
    return made


def small_company(world: Callable[..., Small], folder: Path) -> Small:
    """A small company for one test, which writes its documents into this folder."""
    made = world(make_small_company)
    return Small(folder, dict(made.ids), dict(made.groups))


def refusal(act: Any, *args: Any, **said: Any) -> int:
    """The status with which something is refused; 200 where it is not."""
    try:
        act(*args, **said)
    except ServicehallError as error:
        with suppress(Exception):
            db.session.rollback()
        return int(error.status)
    return 200
