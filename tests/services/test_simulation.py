"""A draft is tried on past requests: what would have gone another way is listed, and nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select
from tests.factories.small import Small

from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import rewrite, walk
from servicehall.documents.words import Text
from servicehall.errors import Invalid
from servicehall.models.base import db
from servicehall.models.files import Upload
from servicehall.models.log import EventRow, ReleaseRow
from servicehall.services import drafting, simulation, simulation_sight
from servicehall.services.people import record_person
from servicehall.services.simulation import ASPECTS, Simulation

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NAME = ("service", "it", "thing")
FIELDS = "[{key: what, type: text, label: What}, {key: total, type: money, label: Total}]"
NEEDED = {"key": "why", "type": "text", "label": "Why", "required": True}
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


def test_no_text_changes_anything(hall: Small) -> None:
    body = drafting.current(db.session(), NAME).document.body
    part = KINDS["service"].part
    texts = [(path, value) for path, one, value in walk(part, body) if isinstance(one, Text)]
    assert len(texts) > 6
    told = rewrite(part, body, lambda one, value: "Otherwise" if isinstance(one, Text) else value)
    drafting.save(NAME, body=told, viewer=hall.viewer("author"), at=hall.at)
    document = drafting.current(db.session(), NAME).document
    rows = simulation.requests_since(db.session(), document, hall.at - timedelta(days=1))
    assert simulation.simulate(db.session(), document, rows).differences == ()


def test_a_request_for_somebody_else_is_refused_where_the_draft_forbids_it(hall: Small) -> None:
    sent = hall.order("boss", requested_for="asks@example.com", what="x", total="10")
    found = simulated(hall, {"op": "add", "path": "/on_behalf", "value": "self"})
    assert [(one.id, tuple(one.aspects)) for one in found.differences] == [(sent, ASPECTS)]
    assert found.differences[0].aspects["refused"] == ([], ["forbidden"])


SLA = "sla: {calendar: 24x7, priority: p3, targets: [{measure: resolution, by_priority: {p1: 1 hour, p3: 5 days}}]}\n"


def test_another_priority_gives_other_dates_unless_somebody_chose_one(hall: Small) -> None:
    hall.publish(PARTS + SLA, fields=FIELDS)
    plain, chosen = hall.order(what="x", total="1"), hall.order(what="x", total="1", priority="p1")
    found = {one.id: tuple(one.aspects) for one in simulated(hall, replace("/sla/priority", "p1")).differences}
    assert (found[plain], chosen in found) == (("dates",), False)


def test_a_file_that_was_accepted_then_is_accepted_again(hall: Small) -> None:
    hall.publish(PARTS, fields=FIELDS.replace("[", "[{key: paper, type: file, label: Paper, required: true}, ", 1))
    kept = {"sha256": "0" * 64, "name": "a.pdf", "media_type": "application/pdf", "size": 3}
    viewer = hall.viewer("asks")
    db.session.add(Upload(**kept, person_id=viewer.id, uploaded_at=hall.at))
    db.session.commit()
    sent = hall.order(what="x", total="10", paper=kept)
    db.session.execute(delete(Upload))
    db.session.commit()
    found = simulated(hall, replace("/approval/stages/1/when", "has(answers.paper)"))
    (one,) = [one for one in found.differences if one.id == sent]
    assert tuple(one.aspects) == ("approvers",)


def test_the_directory_is_read_once(hall: Small) -> None:
    """Ten times as many requests ask for little more: of each its own answers, and what follows from them."""
    queries: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *said: queries.append(said[2]))

    def asked() -> int:
        db.session.expire_all()
        queries.clear()
        simulated(hall, replace("/approval/stages/1/when", "total > 100"))
        return len(queries)

    few = asked()
    for _ in range(20):
        hall.order(what="x", total="6000")
    assert asked() <= few + 5


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (replace("/approval/stages/1/when", "total >= 5000"), [("approvers",)]),
        (replace("/approval/stages/1/when", "total > 1.0"), [("approvers",)] * 2),
        ({"op": "remove", "path": "/approval/stages/1"}, [("approvers",)] * 3),
        (replace("/approval/stages/0/approvers/0", {"manager": {"level": 2}}), [("approvers",)] * 3),
        ({"op": "add", "path": "/fulfilment/tasks/0/when", "value": "total > 5000"}, [("tasks", "dates")] * 2),
        ({"op": "add", "path": "/fulfilment/tasks/-", "value": {"key": "a", "group": "desk"}}, [("tasks",)] * 3),
        ({"op": "add", "path": "/form/pages/0/fields/-", "value": NEEDED}, [("refused",)] * 3),
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


SHARED = {
    "hours": "kind: calendar\ntitle: H\ntime_zone: UTC\nweek: {mon-fri: ['09:00-17:00']}",
    "default": "kind: assignment_rule\ntitle: R\nrules: [{group: leads, how: manual}]",
    "matrix": "kind: priority_matrix\nimpact: [all]\nurgency: [now]\npriority: [[p3]]",
    "promise": "kind: sla_policy\ncalendar: hours\npriority: {matrix: matrix}\n"
    "targets: [{measure: resolution, by_priority: {p1: 1 hour, p3: 4 hours}}]",
    "two": "kind: approval_chain\nstages: [{key: a, title: A, approvers: [manager: {}]}]",
    "plan": "kind: fulfilment_plan\ntasks: [{key: do, title: Do, due: 10 hours}]",
    "more": "kind: fulfilment_plan\ntasks: [{key: do, title: Do, due: 10 hours}, {key: more, title: More}]",
    "less": "kind: field_set\nfields: [{key: more, type: text, label: More, max_length: 9}]",
    "extra": "kind: field_set\nfields: [{key: more, type: text, label: More}]",
    "sizes": "kind: choice_list\noptions: [{key: s, label: S}, {key: m, label: M}]",
}
USES = "approval: {use: two}\nsla: {use: promise}\nfulfilment: {use: plan}\n"
OTHER = "kind: service\ndepartment: hr\nkey: other\ntitle: Other\nform: {pages: [{key: p, title: P, fields: []}]}"
HR = "kind: department\ndepartment: hr\nkey: hr\ntitle: HR\nagents: [desk]"


@pytest.fixture
def sharing(small: Small) -> Small:
    """A service that uses one shared document of each kind, and one of another department that uses none."""
    shared = {key: f"{text}\ndepartment: it\nkey: {key}\n" for key, text in SHARED.items()}
    fields = "[{use: extra}, {key: size, type: choice, label: Size, options: {use: sizes}}]"
    more = "assignment: default\ncalendar: hours"
    small.person("author", roles=["admin"])
    small.publish(USES, fields=fields, department=more, other=OTHER, hr=HR, **shared)
    small.order(size="s")
    small.order(service="hr/other")
    return small


REMOVED = {"op": "remove"}
DRAFTS: Sequence[tuple[str, dict[str, Any], Sequence[str]]] = (
    ("calendar:hours", replace("/week/mon-fri", ["12:00-16:00"]), ["dates"]),
    ("calendar:hours", replace("/title", "Hours"), []),
    ("department:it", REMOVED | {"path": "/calendar"}, ["dates"]),
    ("department:it", REMOVED | {"path": "/assignment"}, ["tasks"]),
    ("assignment_rule:default", replace("/rules/0/group", "desk"), ["tasks"]),
    ("assignment_rule:default", replace("/rules/0/how", "skills"), []),
    ("priority_matrix:matrix", replace("/priority", [["p1"]]), ["dates"]),
    ("sla_policy:promise", replace("/targets/0/by_priority/p3", "5 hours"), ["dates"]),
    ("approval_chain:two", replace("/stages/0/approvers/0", {"person": "dan@example.com"}), ["approvers"]),
    ("fulfilment_plan:plan", replace("/tasks/0/key", "make"), ["tasks", "dates"]),
    ("field_set:extra", {"op": "add", "path": "/fields/0/required", "value": True}, ["refused"]),
    ("choice_list:sizes", REMOVED | {"path": "/options/0"}, ["refused"]),
    ("service:thing", REMOVED | {"path": "/approval"}, ["approvers"]),
    ("service:thing", replace("/fulfilment", {"use": "more"}), ["tasks"]),
    ("service:thing", replace("/form/pages/0/fields/0/use", "less"), []),
)


def test_a_draft_of_any_kind_is_tried_with_the_services_that_lean_on_it(sharing: Small) -> None:
    for name, operation, expected in DRAFTS:
        kind, _colon, key = name.partition(":")
        found = simulated(sharing, operation, name=(kind, "it", key))
        said = [aspect for one in found.differences for aspect in one.aspects]
        assert (found.looked_at, said) == (1, expected), (name, operation)
        drafting.discard((kind, "it", key), viewer=sharing.viewer("author"), at=sharing.at)


def test_a_draft_that_is_no_calendar_is_refused_with_its_places(sharing: Small) -> None:
    with pytest.raises(Invalid) as refused:
        simulated(sharing, replace("/week/mon-fri", ["16:00-12:00"]), name=("calendar", "it", "hours"))
    assert refused.value.problems[0].path == "week.mon-fri[0]"


def test_nobody_reads_by_a_rule_for_tasks_what_is_kept_from_them(sharing: Small) -> None:
    rules = [{"when": "requester.grade == 'E9'", "group": "desk"}, {"group": "leads"}]
    record_person({"email": "asks@example.com", "grade": "E9"}, actor="system:tests", at=sharing.at)
    found = simulated(sharing, replace("/rules", rules), name=("assignment_rule", "it", "default")).as_dict()
    shown = {who: simulation_sight.seen(sharing.viewer(who), found) for who in ("dan", "aud")}
    assert (shown["dan"]["differences"], shown["dan"]["hidden"], len(shown["aud"]["differences"])) == ([], 1, 1)


KEPT_BACK = {
    "a secret answer chooses who approves": [
        {
            "op": "add",
            "path": "/approval/stages/-",
            "value": {"key": "x", "title": "X", "approvers": [{"field": "mate"}]},
        }
    ],
    "a secret answer decides": [replace("/approval/stages/1/when", "pin.startsWith('12')")],
    "a grade decides": [replace("/approval/stages/1/when", "requester.grade == 'E9'")],
    "a first day decides": [replace("/approval/stages/1/when", "requested_for.start_date < today")],
    "people passed on whole decide": [replace("/approval/stages/1/when", "[requester].exists(p, p.grade == 'E9')")],
    "people asked by name decide": [replace("/approval/stages/1/when", "dyn(requester)['gr' + 'ade'] == 'E9'")],
}
SECRETS = (
    ", {key: pin, type: text, label: Pin, classification: secret}, "
    "{key: mate, type: person, label: Mate, classification: secret}]"
)


@pytest.mark.parametrize("name", KEPT_BACK)
def test_nobody_reads_by_a_draft_what_is_kept_from_them(small: Small, name: str) -> None:
    """An agent of IT who authors there sees the request, but not its secret answers or its people's grades."""
    secret = "secret" in name
    small.publish(PARTS, fields=FIELDS.replace("]", SECRETS) if secret else FIELDS)
    answers = {"pin": "1234", "mate": "sec@example.com"} if secret else {}
    small.order(what="x", total="1", **answers)
    cells = {"grade": "E9", "start_date": "2020-01-02"}
    record_person({"email": "asks@example.com", **cells}, actor="system:tests", at=small.at)
    record_person({"email": "dan@example.com", "roles": "catalog_admin"}, actor="system:tests", at=small.at)
    drafting.edit(NAME, KEPT_BACK[name], viewer=small.viewer("dan"), at=small.at)
    document = drafting.current(db.session(), NAME).document
    rows = simulation.requests_since(db.session(), document, small.at - timedelta(days=1))
    found = simulation.simulate(db.session(), document, rows).as_dict()
    shown = {who: simulation_sight.seen(small.viewer(who), found) for who in ("dan", "aud", "asks")}
    assert (shown["dan"]["differences"], shown["dan"]["hidden"]) == ([], 1)
    assert len(shown["asks" if secret else "aud"]["differences"]) == 1


def test_other_differences_of_what_one_sees_are_shown(small: Small) -> None:
    """Also of a request with a secret answer, where no rule leans on it, and whoever is merely named is told."""
    steps = "escalate: [{at: 50%, do: [{notify: [requester]}]}]"
    clock = f"\nsla: {{calendar: 24x7, targets: [{{measure: resolution, by_priority: {{p3: 1 hour}}, {steps}}}]}}"
    small.publish(PARTS + clock, fields=FIELDS.replace("]", SECRETS))
    small.order(what="x", total="1", pin="1234", mate="sec@example.com")
    drafting.edit(NAME, [replace("/approval/stages/1/when", "total > 0")], viewer=small.viewer("root"), at=small.at)
    document = drafting.current(db.session(), NAME).document
    rows = simulation.requests_since(db.session(), document, small.at - timedelta(days=1))
    found = simulation.simulate(db.session(), document, rows).as_dict()
    [shown] = simulation_sight.seen(small.viewer("dan"), found)["differences"]
    assert shown["aspects"]["approvers"]["now"][1] == ["team", ["dan@example.com"], None]
    assert simulation_sight.seen(small.viewer("sec"), found)["hidden"] == 1
