"""The pages of administration: who may come in, and what they do to people, groups and deliveries."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import ADMIN, AUTHOR, PLAIN, let_go, look_again
from tests.factories.packs import publish_documents
from tests.factories.people import make_group

from servicehall.clock import now
from servicehall.jobs import background
from servicehall.models.base import begin_writing
from servicehall.models.operations import Outbox, Timers
from servicehall.models.tokens import ApiToken
from servicehall.services import directory, timers
from servicehall.services.deliveries import DELIVERIES
from servicehall.services.people import record_person
from servicehall.web import tokens
from servicehall.web.admin import deliveries

Browser = Callable[[str], FlaskClient]


def row_of(session: Session, email: str) -> Any:
    look_again(session)
    found = directory.by_email(session, email)
    assert found is not None
    return let_go(session, found)


# --- who may come in -----------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize(
    ("path", "admin", "author", "plain"),
    [
        ("/admin/people", 200, 404, 404),
        ("/admin/people/new", 200, 404, 404),
        ("/admin/people/import", 200, 404, 404),
        ("/admin/departments", 200, 404, 404),
        ("/admin/groups", 200, 404, 404),
        ("/admin/groups/new", 200, 404, 404),
        ("/admin/accounts", 200, 404, 404),
        ("/admin/deliveries", 200, 404, 404),
        ("/admin/deliveries?state=waiting&table=timers", 200, 404, 404),
        ("/admin/calendars", 200, 200, 404),
        ("/admin/clocks", 200, 200, 404),
    ],
)
def test_each_page_is_for_its_people(
    company: Session, browser_of: Browser, path: str, admin: int, author: int, plain: int
) -> None:
    seen = [browser_of(email).get(path).status_code for email in (ADMIN, AUTHOR, PLAIN)]
    assert seen == [admin, author, plain]


@on_sqlite
def test_roles_go_by_their_names(company: Session, browser_of: Browser) -> None:
    record_person({"email": PLAIN, "roles": "catalog_admin; Finance Controller"}, actor="system", at=now())
    browser = browser_of(ADMIN)
    for path in ("/admin/people", f"/admin/people/{row_of(company, PLAIN).id}"):
        assert "Catalog administrator, Finance Controller" in browser.get(path).text


def test_an_author_changes_nothing_of_people(company: Session, browser_of: Browser) -> None:
    browser = browser_of(AUTHOR)
    assert browser.post("/admin/people/new", data={"email": "x@example.com", "name": "X"}).status_code == 404
    assert browser.post("/admin/deliveries/outbox/retry", data={"id": "x"}).status_code == 404


# --- people --------------------------------------------------------------------------------------------------


def test_a_person_is_made_changed_and_taken_out(company: Session, browser_of: Browser) -> None:
    browser = browser_of(ADMIN)
    said = {"email": "New@Example.com", "name": "New One", "department": "it", "manager": PLAIN}
    assert browser.post("/admin/people/new", data=said).status_code == 303
    person = row_of(company, "new@example.com")
    base = f"/admin/people/{person.id}"
    assert b"New One" in browser.get(base).data
    assert b"Plain" in browser.get(base).data
    assert browser.post(f"{base}/edit", data={"title": "Engineer", "was-title": ""}).status_code == 303
    assert row_of(company, "new@example.com").title == "Engineer"
    assert b"Nothing is open" in browser.get(f"{base}/deactivate").data
    browser.post(f"{base}/deactivate")
    assert not row_of(company, "new@example.com").active
    browser.post(f"{base}/activate")
    assert row_of(company, "new@example.com").active


def test_what_the_form_did_not_change_stays_as_somebody_else_made_it(company: Session, browser_of: Browser) -> None:
    person = row_of(company, PLAIN)
    record_person({"email": PLAIN, "location": "Berlin"}, actor="system:tests", at=now())
    form = {"name": "Plain", "was-name": "Plain", "location": "", "was-location": "", "grade": "P4", "was-grade": ""}
    assert browser_of(ADMIN).post(f"/admin/people/{person.id}/edit", data=form).status_code == 303
    after = row_of(company, PLAIN)
    assert (after.location, after.grade) == ("Berlin", "P4")


def test_a_wrong_cell_is_said_at_its_field_and_what_was_typed_stays(company: Session, browser_of: Browser) -> None:
    person = row_of(company, PLAIN)
    form = {"manager": "nobody@example.com", "was-manager": "", "time_zone": "Mars", "was-time_zone": ""}
    answer = browser_of(ADMIN).post(f"/admin/people/{person.id}/edit", data=form)
    assert answer.status_code == 422
    for part in (b'id="field-manager-error"', b'id="field-time_zone-error"', b'value="nobody@example.com"'):
        assert part in answer.data


@on_sqlite
@pytest.mark.parametrize(
    ("state", "said"),
    [("open", "is being handed over"), ("parked", "could not be finished"), ("done", "is handed over")],
)
def test_a_deactivated_persons_page_says_how_far_the_hand_over_is(
    company: Session, browser_of: Browser, state: str, said: str
) -> None:
    person = row_of(company, PLAIN)
    browser_of(ADMIN).post(f"/admin/people/{person.id}/deactivate")
    look_again(company)
    timer = company.scalars(select(Timers).where(Timers.kind == "person_inactive")).one()
    timer.payload = {"person": person.id, "approvals": 3, "tasks": 2}
    timer.state, timer.done_at = state, now()
    company.commit()
    page = browser_of(ADMIN).get(f"/admin/people/{person.id}").text
    assert said in page
    assert "Approvals: 3. Tasks: 2." in page


def test_nobody_takes_out_themselves(company: Session, browser_of: Browser) -> None:
    browser_of(ADMIN).post(f"/admin/people/{row_of(company, ADMIN).id}/deactivate")
    assert row_of(company, ADMIN).active


def test_people_are_found_by_name_department_and_state_page_by_page(company: Session, browser_of: Browser) -> None:
    rows = "".join(f"p{n:02}@example.com,Person {n:02},it\n" for n in range(60))
    data = {"text": "email,name,department\n" + rows, "apply": "yes"}
    browser = browser_of(ADMIN)
    assert browser.post("/admin/people/import", data=data).status_code == 303
    first = browser.get("/admin/people?q=person&department=it").text
    assert "Person 49" in first
    assert "Person 50" not in first
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&")).text
    assert "Person 50" in second
    assert "Person 49" not in second
    assert "Nobody fits" in browser.get("/admin/people?q=person&active=no").text
    assert browser.get("/admin/people?cursor=nonsense").status_code == 422


def test_a_password_is_set_and_a_token_revoked(company: Session, browser_of: Browser) -> None:
    person = row_of(company, PLAIN)
    begin_writing(company)
    made = tokens.create_token(company, PLAIN, at=now())
    browser, base = browser_of(ADMIN), f"/admin/people/{person.id}"
    browser.post(f"{base}/password", data={"password": "a long enough one", "again": "another"})
    assert "There is no password yet" in browser.get(base).text
    browser.post(f"{base}/password", data={"password": "short", "again": "short"})
    assert "There is no password yet" in browser.get(base).text
    browser.post(f"{base}/password", data={"password": "a long enough one", "again": "a long enough one"})
    assert "Has never signed in" in browser.get(base).text
    wrong = f"/admin/people/{row_of(company, ADMIN).id}/tokens/{made.id}/revoke"
    assert browser.post(wrong).status_code == 404
    assert browser.post(f"{base}/tokens/{made.id}/revoke").status_code == 303
    look_again(company)
    token = company.get(ApiToken, made.id)
    assert token is not None
    assert token.revoked_at is not None


def test_a_file_is_looked_at_before_it_is_imported(company: Session, browser_of: Browser) -> None:
    browser = browser_of(ADMIN)
    good = b"email,name\nfresh@example.com,Fresh\n"
    looked = browser.post("/admin/people/import", data={"file": (io.BytesIO(good), "people.csv")})
    assert looked.status_code == 200
    assert "fresh@example.com" in looked.text
    assert directory.by_email(company, "fresh@example.com") is None
    look_again(company)
    assert browser.post("/admin/people/import", data={"text": good.decode(), "apply": "yes"}).status_code == 303
    assert row_of(company, "fresh@example.com").name == "Fresh"
    refused = browser.post("/admin/people/import", data={"text": "email,name,manager\nx@example.com,X,ghost@x.com\n"})
    assert refused.status_code == 422
    assert "line 2" in refused.text


# --- departments and groups ----------------------------------------------------------------------------------


def test_a_department_gets_a_head_from_among_its_people(company: Session, browser_of: Browser) -> None:
    browser = browser_of(ADMIN)
    browser.post("/admin/departments/it/head", data={"email": ADMIN})
    look_again(company)
    assert directory.department_head(company, "it") is None
    look_again(company)
    browser.post("/admin/departments/it/head", data={"email": PLAIN})
    look_again(company)
    head = directory.department_head(company, "it")
    assert head is not None
    assert head.email == PLAIN


@on_sqlite
def test_groups_are_found_by_key_and_title(company: Session, browser_of: Browser) -> None:
    make_group("desk", [])
    titled = "kind: department\ndepartment: it\nkey: it\ntitle: IT\ngroups: [{key: desk, title: First line}]\n"
    publish_documents({"it.yaml": titled})
    look_again(company)
    browser = browser_of(ADMIN)
    for typed, found in (("desk", True), ("first LINE", True), ("second", False)):
        assert ('href="/admin/groups/desk"' in browser.get(f"/admin/groups?q={typed}").text) is found, typed


def test_a_group_is_made_and_changed(company: Session, browser_of: Browser) -> None:
    browser = browser_of(ADMIN)
    said = {"key": "desk", "department": "it", "members": f"{PLAIN}\n{AUTHOR}", "lead": AUTHOR}
    assert browser.post("/admin/groups/new", data=said).status_code == 303
    assert browser.post("/admin/groups/new", data=said).status_code == 422
    assert AUTHOR in browser.get("/admin/groups/desk").text
    wrong = browser.post("/admin/groups/desk", data={"members": PLAIN, "lead": AUTHOR})
    assert wrong.status_code == 422
    assert b'id="field-lead-error"' in wrong.data
    assert browser.post("/admin/groups/desk", data={"members": PLAIN, "department": "it"}).status_code == 303
    group = directory.group_by_key(company, "desk")
    assert group is not None
    assert [one.email for one in directory.group_members(company, [group.id])[group.id]] == [PLAIN]
    assert browser.get("/admin/groups/none").status_code == 404


# --- deliveries ----------------------------------------------------------------------------------------------


def parked_mails(session: Session, number: int) -> list[str]:
    begin_writing(session)
    for index in range(number):
        payload = {"person": directory.by_email(session, PLAIN).id}  # type: ignore[union-attr]
        Outbox.add(session, channel="mail", dedupe_key=f"mail-{index}", payload=payload, at=now())
    session.flush()
    for row in session.scalars(select(Outbox)):
        row.state, row.last_error, row.attempts = "parked", "the server said no", 9
    session.commit()
    ids = list(session.scalars(select(Outbox.id)))
    look_again(session)
    return ids


def test_every_kind_of_work_has_a_name() -> None:
    known = {"outbox": DELIVERIES, "timers": timers.KINDS, "background": background.KINDS}
    assert {table: set(names) for table, names in deliveries.KINDS.items()} == {
        table: set(kinds) for table, kinds in known.items()
    }


def test_what_is_parked_shows_its_reason_and_is_tried_again(company: Session, browser_of: Browser) -> None:
    ids = parked_mails(company, 3)
    browser = browser_of(ADMIN)
    page = browser.get("/admin/deliveries").text
    assert page.count("the server said no") == 3
    assert "SERVICEHALL_SMTP_URL" in page
    browser.post("/admin/deliveries/outbox/retry", data={"id": ids[0]})
    look_again(company)
    assert sorted(company.scalars(select(Outbox.state))) == ["open", "parked", "parked"]
    look_again(company)
    browser.post("/admin/deliveries/outbox/retry", data={"kind": "mail"})
    look_again(company)
    assert set(company.execute(select(Outbox.state, Outbox.attempts))) == {("open", 0)}
    look_again(company)
    assert "Nothing is stuck" in browser.get("/admin/deliveries").text
    assert "Plain" in browser.get("/admin/deliveries?state=waiting").text
