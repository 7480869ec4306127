"""A draft is tried on past requests: what would have gone another way is listed, and nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.factories.small import Small

from servicehall.models.base import db
from servicehall.models.log import EventRow, ReleaseRow
from servicehall.services import drafting, simulation
from servicehall.services.simulation import Simulation

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NAME = ("service", "it", "thing")
FIELDS = "[{key: what, type: text, label: What}, {key: total, type: money, label: Total}]"
PARTS = """\
approval:
  stages:
    - {key: boss, title: Boss, approvers: [manager: {}]}
    - {key: team, title: Team, when: total > 5000, approvers: [person: dan@example.com]}
fulfilment:
  tasks: [{key: do, title: Do it, group: desk, due: 2 days}]
"""


@pytest.fixture
def hall(small: Small) -> Small:
    small.person("author", roles=["admin"])
    small.publish(PARTS, fields=FIELDS)
    for total in ("10", "5000", "6000"):
        small.order(what="x", total=total)
    small.order(what="early", total="1", draft=True)
    return small


def simulated(hall: Small, *operations: dict[str, Any], name: Any = NAME) -> Simulation:
    drafting.edit(name, operations, viewer=hall.viewer("author"), at=hall.at)
    document = drafting.current(db.session(), name).document
    rows = simulation.requests_since(db.session(), document, hall.at - timedelta(days=1))
    return simulation.simulate(db.session(), document, rows)


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def aspects(found: Simulation) -> Sequence[tuple[str, ...]]:
    return sorted(tuple(one.aspects) for one in found.differences)


def test_a_label_changes_nothing(hall: Small) -> None:
    found = simulated(hall, replace("/form/pages/0/fields/0/label", "What for"))
    assert (found.looked_at, found.passed_over, found.differences) == (3, 0, ())


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (replace("/approval/stages/1/when", "total >= 5000"), [("approvers",)]),
        (replace("/approval/stages/1/when", "total > 1.0"), [("approvers",)] * 2),
        (replace("/fulfilment/tasks/0/due", "3 days"), [("dates",)] * 3),
        (replace("/fulfilment/tasks/0/group", "leads"), [("tasks",)] * 3),
        ({"op": "add", "path": "/form/pages/0/fields/1/max", "value": "5500"}, [("refused",)]),
        ({"op": "add", "path": "/excluded", "value": "true"}, [("refused",)] * 3),
        ({"op": "remove", "path": "/form/pages/0/fields/0"}, []),
    ],
)
def test_what_would_have_gone_another_way_is_listed(hall: Small, operation: Any, expected: Any) -> None:
    found = simulated(hall, operation)
    assert aspects(found) == expected


def test_nothing_is_stored_but_the_draft(hall: Small) -> None:
    drafting.edit(NAME, [replace("/title", "Other")], viewer=hall.viewer("author"), at=hall.at)
    counts = [db.session.scalar(select(func.count()).select_from(table)) for table in (EventRow, ReleaseRow)]
    document = drafting.current(db.session(), NAME).document
    simulation.simulate(db.session(), document, simulation.requests_since(db.session(), document, hall.at))
    assert not db.session.new and not db.session.dirty
    assert counts == [db.session.scalar(select(func.count()).select_from(table)) for table in (EventRow, ReleaseRow)]


def test_a_shared_document_is_tried_with_those_that_use_it(small: Small) -> None:
    small.person("author", roles=["admin"])
    shared = (
        "kind: approval_chain\ndepartment: it\nkey: two\nstages:\n  - {key: a, title: A, approvers: [manager: {}]}\n"
    )
    small.publish("approval: {use: two}", fields=FIELDS, two=shared)
    made = small.order(what="x")
    name = ("approval_chain", "it", "two")
    found = simulated(small, replace("/stages/0/approvers/0", {"person": "dan@example.com"}), name=name)
    assert [one.number for one in found.differences] == [small.request(made).number]
    was, now = found.differences[0].aspects["approvers"]
    assert was == [["a", ["boss@example.com"], None]]
    assert now == [["a", ["dan@example.com"], None]]
