"""Tasks that no plan foresaw: who adds them, what they show to whom, and that a request is resolved with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.factories.people import make_group
from tests.factories.small import Small, refusal

from servicehall.errors import Invalid
from servicehall.models.base import db
from servicehall.models.fulfilment import Task
from servicehall.models.log import EventRow
from servicehall.services import added_tasks, cases, printing
from servicehall.services.added_tasks import Wish
from servicehall.services.requests import COMMENT_LENGTH
from servicehall.services.visibility import task_for

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PLAN = "fulfilment:\n  tasks:\n    - {key: a, title: T, group: desk, shows: [what]}\n"
CLOCK = "sla: {calendar: 24x7, priority: p3, targets: [{measure: task, by_priority: {p3: 4 hours}}]}\n"
FIELDS = """\
[{key: what, type: text, label: What}, {key: salary, type: text, label: Salary, classification: personal},
 {key: iban, type: text, label: IBAN, classification: secret},
 {key: floor, type: text, label: Floor, classification: personal, share_with: [facilities]},
 {key: hint, type: note, label: Read this}]"""
SAID = {"what": "a desk", "salary": "9000", "iban": "DE1", "floor": "4"}
FACILITIES = "kind: department\nkey: facilities\ndepartment: facilities\ntitle: Facilities\nagents: [movers]\n"
Browser = Callable[[str], FlaskClient]


@pytest.fixture
def made(small: Small, request: pytest.FixtureRequest) -> str:
    """A request in progress, confidential where the test says so; `movers` are facilities'."""
    small.person("moe")
    small.person("gone", active=False)
    small.groups["movers"] = make_group("movers", [small.ids["moe"]], department="facilities")
    small.publish(PLAN + CLOCK, fields=FIELDS, confidential=bool(getattr(request, "param", False)), fac=FACILITIES)
    return small.order(**SAID)


def add(small: Small, made: str, name: str = "dan", **wish: Any) -> Task:
    wish = {"title": "Carry it upstairs", "group": "desk", **wish}
    found = added_tasks.add(small.request(made), Wish(**wish), viewer=small.viewer(name), at=small.at)
    db.session.expire_all()
    return db.session.get_one(Task, found)


def test_it_is_ready_at_once_has_a_clock_and_the_request_waits_for_it(small: Small, made: str) -> None:
    due = small.at + timedelta(hours=3)
    task = add(small, made, due_at=due, note="Mind the lamp")
    assert (task.key, task.state, task.due_at, task.group_id) == ("added-1", "ready", due, small.groups["desk"])
    assert [one.task_id for one in small.clocks(made).values()] == [task.id]
    small.do("dan", "complete", made, "a")
    assert small.state(made) == "in_progress"
    small.do("dora", "complete", made, "added-1")
    assert small.state(made) == "resolved"


def test_an_optional_one_keeps_nothing_open_and_is_cancelled_with_the_rest(small: Small, made: str) -> None:
    add(small, made, optional=True)
    assert add(small, made).key == "added-2"
    small.do("dan", "complete", made, "a")
    small.act("dan", "cancel", made)
    assert small.tasks(made) == {"a": "done", "added-1": "cancelled", "added-2": "cancelled"}


def test_it_may_be_given_to_one_person_whose_queue_has_it_should_they_be_gone(small: Small, made: str) -> None:
    task = add(small, made, group=None, person="dora@example.com")
    assert (task.assignee_id, task.group_id) == (small.ids["dora"], small.groups["desk"])
    assert small.notices("dora")[-1] == "task_assigned"


@pytest.mark.parametrize("name", ["asks", "boss", "moe", "aud"])
def test_only_agents_of_the_department_add_tasks(small: Small, made: str, name: str) -> None:
    assert refusal(add, small, made, name) == 403


def test_tasks_are_added_while_the_request_is_in_progress(small: Small, made: str) -> None:
    small.act("dan", "hold", made)
    assert refusal(add, small, made) == 409
    small.act("dan", "release", made)
    small.do("dan", "complete", made, "a")
    assert refusal(add, small, made) == 409


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": " "}, "title"),
    "a long title": ({"title": "x" * 201}, "title"),
    "a long note": ({"note": "x" * (COMMENT_LENGTH + 1)}, "note"),
    "nobody": ({"group": None}, "group"),
    "both": ({"person": "dora@example.com"}, "group"),
    "an unknown group": ({"group": "nowhere"}, "group"),
    "an unknown person": ({"group": None, "person": "no@example.com"}, "person"),
    "somebody who has left": ({"group": None, "person": "gone@example.com"}, "person"),
    "a field that is not there": ({"shows": ["other"]}, "shows"),
    "a secret": ({"shows": ["iban"]}, "shows"),
    "what is no answer": ({"shows": ["hint"]}, "shows"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_at_its_place(small: Small, made: str, name: str) -> None:
    said, path = WRONG[name]
    with pytest.raises(Invalid) as refused:
        add(small, made, **said)
    assert [one.path for one in refused.value.problems] == [path]


@pytest.mark.parametrize(
    ("made", "shows", "allowed"),
    [
        (False, ["salary"], True),
        (True, ["salary"], False),
        (True, ["floor"], True),
        (True, ["what"], False),
    ],
    indirect=["made"],
)
def test_another_department_sees_of_a_confidential_request_only_what_is_shared_with_it(
    small: Small, made: str, shows: list[str], allowed: bool
) -> None:
    if not allowed:
        assert refusal(add, small, made, group="movers", shows=shows) == 422
        return
    task = add(small, made, group="movers", shows=shows)
    moe = small.viewer("moe")
    read = cases.task_record(moe, task_for(moe, task.id))["request_answers"]
    open_too = {} if small.request(made).confidential else {"what": "a desk"}
    assert read == {**{key: SAID[key] for key in shows}, **open_too}
    assert task.department == "facilities"


@pytest.mark.parametrize("made", [True], indirect=True)
def test_agents_see_what_a_task_of_theirs_shows_also_where_their_group_is_of_no_department(
    small: Small, made: str
) -> None:
    task = add(small, made, shows=["salary"])
    assert (task.department, task.shows) == ("it", ["salary"])


def test_its_words_are_content_and_stand_in_every_list_and_on_paper(small: Small, made: str) -> None:
    task = add(small, made, note="Mind the lamp")
    dan = small.viewer("dan")
    record = cases.task_record(dan, task)
    assert (record["title"], record["note"]) == ("Carry it upstairs", "Mind the lamp")
    assert [one["title"] for one in cases.task_records(dan, small.request(made))] == ["T", "Carry it upstairs"]
    steps = cases.progress(dan, small.request(made), at=small.at)
    assert "Carry it upstairs" in [part["title"] for step in steps for part in step["parts"]]
    bodies = [str(one.body) for one in db.session.query(EventRow).all()]
    assert not any("upstairs" in one or "lamp" in one for one in bodies)
    printed = printing.case_report(db.session(), small.request(made), locale="en", at=small.at)
    assert "Carry it upstairs" in [one.title for one in printed.tasks]


def test_the_page_adds_one_and_shows_what_is_wrong(small: Small, made: str, browser_of: Browser) -> None:
    db.session.rollback()
    dan, asks = browser_of("dan@example.com"), browser_of("asks@example.com")
    path, form = f"/requests/{small.request(made).number}/plan", "Add a task that the plan did not foresee"
    small.act("dan", "hold", made)
    db.session.rollback()
    assert form not in dan.get(path).text
    small.act("dan", "release", made)
    db.session.rollback()
    assert form in dan.get(path).text and form not in asks.get(path).text
    wrong = dan.post(f"{path}/tasks", data={"title": "", "group": "desk", "shows": "what"})
    assert wrong.status_code == 422 and "Say what is to be done." in wrong.text
    sent = {"title": "Carry it", "group": "desk", "due": "2026-12-24T10:00", "shows": ["what", "salary"]}
    assert dan.post(f"{path}/tasks", data=sent, follow_redirects=True).text.count("Carry it") >= 2
    db.session.expire_all()
    assert small.task(made, "added-1").shows == ["salary", "what"]
