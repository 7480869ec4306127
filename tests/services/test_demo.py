"""The demo company as `servicehall demo` makes it, story and all: the log rebuilds the whole of it."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite

from servicehall.models.directory import Person
from servicehall.models.requests import Request
from servicehall.services import demo, rebuilding


@on_sqlite
def test_the_demo_company_is_replayed_whole(session: Session) -> None:
    assert demo.make_company()
    session.rollback()
    assert not demo.make_company(), "somebody is there already"
    departments = set(session.scalars(select(Person.department)))
    zones = set(session.scalars(select(Person.time_zone)))
    people = session.scalar(select(func.count()).select_from(Person)) or 0
    states = Counter(session.scalars(select(Request.state)))
    session.rollback()
    assert (departments, zones) == ({"it", "hr", "facilities", "finance"}, {"Asia/Shanghai", "Europe/Berlin"})
    assert people >= 60
    assert set(states) >= {"draft", "pending_approval", "returned", "in_progress", "on_hold", "rejected", "closed"}
    assert rebuilding.replay_check(session) == []
