"""The desk: whose work shows where, what may be done with it, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from tests.databases import on_sqlite
from tests.factories.packs import publish_documents
from tests.factories.people import make_group, make_person

from servicehall.clock import now
from servicehall.models.base import db, new_id
from servicehall.models.directory import Person
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import requests, tasks
from servicehall.services.visibility import Viewer
from servicehall.web.desk import filters

DEPARTMENT = "kind: department\nkey: it\ndepartment: it\ntitle: IT\nagents: [it-leads]\n"
REPAIR = """\
kind: service
department: it
key: repair
title: {en: A repair, zh: 维修}
confidential: true
form:
  pages:
    - key: main
      title: Repair
      fields:
        - {key: what, type: text, label: What is broken, required: true}
        - {key: salary, type: text, label: Monthly salary, classification: personal}
fulfilment:
  tasks:
    - key: look
      title: {en: Have a look, zh: 检查}
      group: it-desk
      due: 1 day
      shows: [what]
      checklist: [Bring a torch, {en: Bring a ladder, zh: 带上梯子}]
      form: {fields: [{key: found, type: text, label: What you found, required: true}]}
    - {key: mend, title: Mend it, group: it-stores, after: [look]}
    - {key: polish, title: Polish it, group: it-desk, optional: true}
"""


def make_desk() -> dict[str, Person]:
    """A requester, two of the desk, one of the stores, and an agent of the department."""
    made = {name: make_person(f"{name}@example.com") for name in ("rita", "dan", "dora", "stan", "lea")}
    make_group("it-desk", [made["dan"].id, made["dora"].id])
    make_group("it-stores", [made["stan"].id])
    make_group("it-leads", [made["lea"].id])
    publish_documents({"it.yaml": DEPARTMENT, "repair.yaml": REPAIR})
    return made


@pytest.fixture
def people(app: Flask, world: Callable[..., Any]) -> dict[str, Person]:
    return dict(world(make_desk))


@pytest.fixture
def number(app: Flask, people: dict[str, Person]) -> str:
    """A repair that was asked for."""
    return order(app, people)


@pytest.fixture
def desk(browser_of: Callable[[str], FlaskClient], people: dict[str, Person]) -> Callable[[str], FlaskClient]:
    return lambda name: browser_of(f"{name}@example.com")


def order(app: Flask, people: dict[str, Person]) -> str:
    with app.app_context():
        viewer, request_id = Viewer(db.session(), people["rita"]), new_id()
        answers = {"what": "The projector", "salary": "12000"}
        wanted = requests.Order(service="it/repair", answers=answers)
        requests.order(wanted, viewer=viewer, at=now(), request_id=request_id)
        return str(db.session.get_one(Request, request_id).number)


def task_of(app: Flask, key: str, number: str) -> Task:
    """The task as it is now."""
    with app.app_context():
        joined = select(Task).join(Request, Request.id == Task.request_id)
        found = db.session.scalars(joined.where(Request.number == number, Task.key == key)).one()
        db.session.refresh(found)
        db.session.expunge(found)
        return found


@pytest.fixture
def act(app: Flask, people: dict[str, Person], number: str) -> Callable[..., None]:
    """`act("look", "claim", "dan")`: somebody does something without a browser."""

    def do(key: str, verb: str, name: str, **said: Any) -> None:
        found = task_of(app, key, number)
        with app.app_context():
            tasks.VERBS[verb](found, viewer=Viewer(db.session(), people[name]), at=now(), **said)

    return do


@on_sqlite
@pytest.mark.parametrize(
    "path", ["/desk", "/desk/queue", "/desk/queue?sort=state", "/desk/board", "/desk/requests", "/desk/board?group=x"]
)
def test_who_does_no_work_for_others_reads_why_the_page_is_empty(desk: Any, path: str) -> None:
    answer = desk("rita").get(path)
    assert answer.status_code == 200
    assert "empty" in answer.text
    assert "A repair" not in answer.text


def test_free_work_of_my_groups_is_taken_with_one_button(app: Flask, desk: Any, number: str, people: Any) -> None:
    page = desk("dan").get("/desk").text
    assert "Free in your groups" in page
    assert page.count(number) == 2
    task = task_of(app, "look", number)
    dan = desk("dan")
    answer = dan.post(f"/tasks/{task.id}/claim", data={"next": "/desk"})
    assert (answer.status_code, answer.location) == (303, "/desk")
    assert task_of(app, "look", number).assignee_id == people["dan"].id
    assert "The task is yours." in dan.get("/desk").text
    assert "Take Have a look" not in desk("dora").get("/desk").text


def test_what_somebody_else_has_taken_stays_with_them(
    app: Flask, desk: Any, number: str, act: Any, people: Any
) -> None:
    act("look", "claim", "dora")
    task = task_of(app, "look", number)
    dan = desk("dan")
    assert dan.post(f"/tasks/{task.id}/claim").status_code == 303
    assert "Somebody else has taken this task." in dan.get(f"/tasks/{task.id}").text
    assert task_of(app, "look", number).assignee_id == people["dora"].id


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Have a look", "Polish it"}),
        ("group=it-desk", {"Have a look", "Polish it"}),
        ("group=it-stores", set()),
        ("state=blocked", set()),
        ("state=nonsense&due=nonsense&sort=nonsense", {"Have a look", "Polish it"}),
        ("assignee=me", {"Polish it"}),
        ("assignee=none", {"Have a look"}),
        ("assignee=nobody@example.com", set()),
        ("due=none", {"Polish it"}),
        ("due=overdue", set()),
        ("q=repair", {"Have a look", "Polish it"}),
        ("q=维修", {"Have a look", "Polish it"}),
        ("q=cake", set()),
        ("sort=state", {"Have a look", "Polish it"}),
        ("sort=-due", {"Have a look", "Polish it"}),
        ("sort=number", {"Have a look", "Polish it"}),
        ("sort=-number", {"Have a look", "Polish it"}),
    ],
)
def test_the_queue_shows_what_its_address_asks_for(desk: Any, act: Any, query: str, shown: set[str]) -> None:
    act("polish", "claim", "dan")
    page = desk("dan").get(f"/desk/queue?{query}").text
    assert {title for title in ("Have a look", "Polish it", "Mend it") if f">{title}</a>" in page} == shown


@pytest.mark.parametrize("sort", ["", "-due", "number", "-number", "state"])
def test_every_order_reaches_every_task_once(
    app: Flask, desk: Any, people: Any, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(filters, "SIZE", 2)
    numbers = [order(app, people) for _ in range(3)]
    with app.app_context():
        started = task_of(app, "look", numbers[1])
        tasks.start(started, viewer=Viewer(db.session(), people["dan"]), at=now())
        wanted = set(db.session.scalars(select(Task.id).where(Task.state.in_(("ready", "in_progress")))))
        viewer, cursor, found = Viewer(db.session(), people["dan"]), None, []
        for _round in range(10):
            page = filters.list_tasks(viewer, filters.Filters(sort=sort), at=now(), cursor=cursor)
            found += [one.id for one in page.rows]
            cursor = page.next
            if cursor is None:
                break
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_rows_cost_no_queries_of_their_own(app: Flask, desk: Any, people: Any, number: str) -> None:
    dan = desk("dan")

    def cost(path: str) -> int:
        with counted(app) as statements:
            assert dan.get(path).status_code == 200
        return len(statements)

    paths = ("/desk", "/desk/queue", "/desk/board")
    before = {path: cost(path) for path in paths}
    for _ in range(4):
        order(app, people)
    assert {path: cost(path) for path in paths} == before


class counted:  # noqa: N801 - reads as a word
    """The statements that are sent meanwhile."""

    def __init__(self, app: Flask) -> None:
        self.app, self.statements = app, list[str]()

    def __enter__(self) -> list[str]:
        with self.app.app_context():
            self.engine = db.engine
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self.statements

    def __exit__(self, *_error: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.statements.append(statement)


def test_many_are_given_at_once_and_each_refusal_says_why(app: Flask, desk: Any, number: str, people: Any) -> None:
    ids = [task_of(app, key, number).id for key in ("look", "polish", "mend")]
    dan = desk("dan")
    said = {"act": "assign", "assignee": "dora@example.com", "task": ids, "next": "/desk/queue"}
    assert dan.post("/desk/queue/bulk", data=said).location == "/desk/queue"
    assert [task_of(app, key, number).assignee_id for key in ("look", "polish", "mend")] == [people["dora"].id] * 2 + [
        None
    ]
    dan.post("/desk/queue/bulk", data={**said, "assignee": "stan@example.com"})
    assert "active member" in dan.get("/desk/queue").text
    dan.post("/desk/queue/bulk", data={**said, "act": "claim"})
    assert "Somebody else has taken this task." in dan.get("/desk/queue").text


@pytest.mark.parametrize("said", [{"act": "delete"}, {}])
def test_an_unknown_bulk_act_is_refused(desk: Any, said: dict[str, str]) -> None:
    assert desk("dan").post("/desk/queue/bulk", data=said).status_code == 400


def test_holders_read_what_their_task_shows_and_no_more(app: Flask, desk: Any, number: str) -> None:
    page = desk("dan").get(f"/tasks/{task_of(app, 'look', number).id}").text
    assert "The projector" in page
    assert "Bring a torch" in page
    assert "1 day after the task became ready" in page
    assert "12000" not in page
    assert "Rita" not in page
    assert f'href="/requests/{number}' not in page
    assert "Mend it" in page


def test_agents_of_the_department_reach_the_request(app: Flask, desk: Any, number: str) -> None:
    page = desk("lea").get(f"/tasks/{task_of(app, 'look', number).id}").text
    assert f'href="/requests/{number}"' in page
    assert "Rita" in page
    assert "Complete it" not in page


@pytest.mark.parametrize("path", ["/tasks/{id}", "/tasks/{id}/hold", "/tasks/{id}/files/abc", "/desk/queue?task={id}"])
def test_what_one_may_not_see_is_not_there(app: Flask, desk: Any, number: str, path: str) -> None:
    stan = desk("stan")
    for task_id in (task_of(app, "look", number).id, new_id()):
        assert stan.get(path.format(id=task_id)).status_code == 404


def test_completing_asks_what_the_form_asks(app: Flask, desk: Any, number: str) -> None:
    task, dan = task_of(app, "look", number), desk("dan")
    refused = dan.post(f"/tasks/{task.id}/complete", data={"answers-found": ""})
    assert refused.status_code == 422
    assert 'id="problems"' in refused.text
    assert 'aria-invalid="true"' in refused.text
    checked = dan.post(f"/tasks/{task.id}/form", data={"answers-found": "", "checked": "yes"})
    assert 'aria-invalid="true"' in checked.text
    done = dan.post(f"/tasks/{task.id}/complete", data={"answers-found": "A loose cable", "comment": "Easy"})
    assert done.status_code == 303
    assert task_of(app, "look", number).state == "done"
    assert task_of(app, "mend", number).state == "ready"
    page = dan.get(f"/tasks/{task.id}").text
    assert "A loose cable" in page
    assert "Easy" in page


def test_a_double_click_completes_once(app: Flask, desk: Any, number: str) -> None:
    task, dan = task_of(app, "polish", number), desk("dan")
    answers = [dan.post(f"/tasks/{task.id}/complete", data={"nonce": "once"}).status_code for _ in range(2)]
    assert answers == [303, 303]
    assert "not possible" not in dan.get("/desk").text


def ticked(app: Flask, number: str) -> list[int]:
    return task_of(app, "look", number).ticked


def test_a_checklist_is_ticked_on_the_page_and_does_not_hold_up_the_task(app: Flask, desk: Any, number: str) -> None:
    task, dan = task_of(app, "look", number), desk("dan")
    path = f"/tasks/{task.id}/checklist"
    assert dan.post(path, data={"item": "1", "done": "yes"}).location == f"/tasks/{task.id}#checklist"
    assert ticked(app, number) == [1]
    page = dan.get(f"/tasks/{task.id}").text
    assert page.count('aria-checked="true"') == 1
    assert page.count("1 of 2 ticked") == 2
    desk("dora").post(path, data={"item": "1", "done": "no"})
    assert ticked(app, number) == []
    assert dan.post(f"/tasks/{task.id}/complete", data={"answers-found": "A loose cable"}).status_code == 303
    assert 'role="checkbox"' not in dan.get(f"/tasks/{task.id}").text


@pytest.mark.parametrize(
    ("who", "item", "status"),
    [("dan", "2", 422), ("dan", "x", 400), ("dan", "-1", 422), ("lea", "0", 403), ("stan", "0", 404)],
)
def test_a_tick_that_cannot_be(app: Flask, desk: Any, number: str, who: str, item: str, status: int) -> None:
    answer = desk(who).post(f"/tasks/{task_of(app, 'look', number).id}/checklist", data={"item": item, "done": "yes"})
    assert answer.status_code == status
    assert ticked(app, number) == []


def test_the_checklist_of_a_task_that_is_done_stays_as_it_was(app: Flask, desk: Any, number: str, act: Any) -> None:
    act("look", "complete", "dan", answers={"found": "A loose cable"})
    task, dan = task_of(app, "look", number), desk("dan")
    dan.post(f"/tasks/{task.id}/checklist", data={"item": "0", "done": "yes"})
    assert ticked(app, number) == []
    assert "a task that is open" in dan.get(f"/tasks/{task.id}").text


@on_sqlite
def test_a_blocked_task_says_what_it_waits_for(app, number, desk, act):
    address = f"/tasks/{task_of(app, 'mend', number).id}"
    assert "Waits for “Have a look”" in desk("stan").get(address).text
    act("look", "fail", "dan", comment="The ladder broke")
    held_up = "Held up until somebody tries again or does by hand what failed: “Have a look”"
    assert held_up in desk("stan").get(address).text
    assert held_up in desk("stan").get("/desk/queue?state=blocked").text


@on_sqlite
def test_a_task_that_will_not_be_needed_says_so(app, people, desk):
    task = (
        "{key: report, title: Report it, group: it-desk, after: [mend], when: 'what == \"the roof\"', optional: true}"
    )
    publish = {"it.yaml": DEPARTMENT, "repair.yaml": f"{REPAIR}    - {task}\n"}
    with app.app_context():
        publish_documents(publish)
    number = order(app, people)
    page = desk("dan").get(f"/tasks/{task_of(app, 'report', number).id}").text
    assert "Will be skipped when its turn comes" in page
    assert "Waits for" not in page
    for path in (f"/requests/{number}", f"/requests/{number}/plan"):
        page = desk("rita").get(path).text
        assert page.count("Not needed") >= 1
        assert "0 of 3 done" in page, "what nobody will do is not counted"


@on_sqlite
@pytest.mark.parametrize(("act_name", "state"), [("hold", "on_hold"), ("fail", "failed"), ("skip", "skipped")])
def test_what_needs_a_reason_asks_for_it(app: Flask, desk: Any, number: str, act_name: str, state: str) -> None:
    task, dan = task_of(app, "polish", number), desk("dan")
    assert dan.get(f"/tasks/{task.id}/{act_name}").status_code == 200
    refused = dan.post(f"/tasks/{task.id}/{act_name}", data={"comment": " "})
    assert refused.status_code == 422
    assert "A reason is required." in refused.text
    assert dan.post(f"/tasks/{task.id}/{act_name}", data={"comment": "No parts"}).status_code == 303
    assert task_of(app, "polish", number).state == state
    assert "No parts" in dan.get(f"/tasks/{task.id}").text


@pytest.mark.parametrize("who", ["lea", "stan"])
def test_who_does_not_hold_a_task_does_nothing_with_it(app: Flask, desk: Any, number: str, who: str) -> None:
    task = task_of(app, "look", number)
    for verb in ("claim", "start", "hold", "complete", "assign"):
        answer = desk(who).post(f"/tasks/{task.id}/{verb}", data={"comment": "x", "assignee": "dan@example.com"})
        assert answer.status_code in (303, 404)
    now_task = task_of(app, "look", number)
    assert (now_task.state, now_task.assignee_id) == ("ready", None)


FETCH = {"X-Requested-With": "fetch"}


@pytest.mark.parametrize(
    ("before", "column", "status", "state"),
    [
        ([], "in_progress", 204, "in_progress"),
        ([], "ready", 409, "ready"),
        ([], "on_hold", 303, "ready"),
        ([], "done", 303, "ready"),
        (["start"], "ready", 409, "in_progress"),
        (["start", "hold"], "in_progress", 204, "in_progress"),
        (["start", "hold"], "ready", 303, "in_progress"),
        (["hold"], "ready", 204, "ready"),
        (["hold"], "done", 409, "on_hold"),
        (["fail"], "ready", 204, "ready"),
        ([], "elsewhere", 400, "ready"),
    ],
)
def test_cards_move_as_tasks_may(
    app: Flask, desk: Any, act: Any, number: str, before: list[str], column: str, status: int, state: str
) -> None:
    for verb in before:
        act("look", verb, "dan", **({"comment": "x"} if verb in ("hold", "fail") else {}))
    task = task_of(app, "look", number)
    answer = desk("dan").post(f"/desk/board/{task.id}/move?group=it-desk", data={"column": column}, headers=FETCH)
    assert answer.status_code == status
    assert task_of(app, "look", number).state == state
    if status == 409:
        assert answer.mimetype == "text/plain"
        assert "does not go from" in answer.text


def test_the_board_shows_what_was_done_lately(app: Flask, desk: Any, act: Any, number: str) -> None:
    act("polish", "complete", "dan", answers={})
    page = desk("dan").get("/desk/board?group=it-desk").text
    assert page.index("Done in the last 7 days") < page.index("Polish it")
    assert "Have a look" in page


def test_the_plan_is_for_those_who_see_the_request(desk: Any, number: str) -> None:
    page = desk("lea").get(f"/requests/{number}/plan")
    assert page.status_code == 200
    for title in ("Have a look", "Mend it", "Polish it"):
        assert page.text.count(title) >= 2
    assert '{"from": "look", "to": "mend"}' in page.text
    assert desk("rita").get(f"/requests/{number}/plan").status_code == 200
    assert desk("dan").get(f"/requests/{number}/plan").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("state=resolved", False),
        ("state=all", True),
        ("priority=p1", False),
        ("service=it/repair", True),
        ("assignee=dan@example.com", True),
        ("assignee=me", False),
        ("q=repair", True),
        ("q=cake", False),
    ],
)
def test_agents_find_their_departments_requests(desk: Any, act: Any, number: str, query: str, found: bool) -> None:
    act("look", "claim", "dan")
    assert (number in desk("lea").get(f"/desk/requests?{query}").text) is found


@on_sqlite
def test_only_agents_of_a_department_are_led_to_its_requests(desk: Any) -> None:
    assert 'href="/desk/requests"' in desk("lea").get("/desk").text
    assert 'href="/desk/requests"' not in desk("dan").get("/desk").text
