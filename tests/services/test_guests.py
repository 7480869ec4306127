"""One task by link, for somebody without an account: what they see and may do, and what an attacker gets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from tests.factories.small import Small, refusal

from servicehall import config
from servicehall.clock import now
from servicehall.domain import events as e
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.models.fulfilment import GuestLink
from servicehall.models.log import EventRow
from servicehall.models.operations import Outbox
from servicehall.services import added_tasks, guests, secret_links
from servicehall.services.printing.details import history
from servicehall.services.printing.history import provable
from servicehall.services.printing.paper import lay_out
from servicehall.services.requests import COMMENT_LENGTH
from servicehall.services.work import work
from servicehall.web import guest as page_of_guests

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PLAN = """\
fulfilment:
  tasks:
    - key: a
      title: {en: Deliver it, zh: 送货}
      group: desk
      shows: [what, salary, iban]
      checklist: [Ring twice]
      form: {fields: [{key: slip, type: text, label: {en: Delivery slip, zh: 送货单号}, required: true}]}
    - {key: b, title: Another, group: desk, form: {fields: [{key: who, type: person, label: Who}]}}
    - {key: c, title: Later, group: leads, after: [a]}
    - key: d
      title: In rows
      group: desk
      form:
        fields: [{key: rows, type: table, label: Rows, columns: [{key: who, type: person, label: Who}]}]
"""
FIELDS = """\
[{key: what, type: text, label: What}, {key: salary, type: text, label: Salary, classification: personal},
 {key: iban, type: text, label: IBAN, classification: secret}, {key: other, type: text, label: Other}]"""
SAID = {"what": "a desk", "salary": "9000", "iban": "DE89370400", "other": "hush"}
Browser = Callable[[str], FlaskClient]
ADDRESS = "driver@courier.example"


@pytest.fixture
def made(small: Small) -> str:
    small.at = now()
    small.publish(PLAN, fields=FIELDS)
    return small.order(**SAID)


def give(small: Small, made: str, name: str = "dan", key: str = "a", **said: Any) -> str:
    """Gives a link, and says its secret."""
    wish = {"address": ADDRESS, "days": 3, "locale": "en", **said}
    link = guests.give(small.task(made, key), viewer=small.viewer(name), at=small.at, **wish)
    db.session.rollback()
    return secret_links.secret_of(guests.PURPOSE, link)


def changes() -> int:
    count = db.session.scalar(select(func.count()).select_from(EventRow))
    db.session.rollback()
    return int(count or 0)


def test_a_guest_sees_the_task_with_what_it_shows_and_nothing_that_is_secret(
    small: Small, made: str, client: FlaskClient
) -> None:
    secret = give(small, made)
    before = changes()
    answer = client.get(f"/guest?key={secret}")
    assert answer.status_code == 200
    for word in ("Deliver it", "a desk", "9000", "Ring twice", "Delivery slip"):
        assert word in answer.text
    for word in ("DE89370400", "hush", "Another", "Later", "Asks", "/requests", small.request(made).number):
        assert word not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert changes() == before


def test_in_the_language_that_was_chosen_with_the_link(small: Small, made: str, client: FlaskClient) -> None:
    page = client.get(f"/guest?key={give(small, made, locale='zh')}").text
    assert "送货单号" in page and 'lang="zh-Hans"' in page


def test_a_guest_fills_in_the_form_and_completes_and_the_record_says_who_let_them(
    small: Small, made: str, client: FlaskClient
) -> None:
    secret = give(small, made)
    wrong = client.post("/guest", data={"key": secret, "answers-slip": ""})
    assert wrong.status_code == 422 and "required" in wrong.text.lower()
    sent = {"key": secret, "answers-slip": "S-17", "comment": "At the door"}
    assert client.post("/guest", data=sent, follow_redirects=True).text.count("thank you") >= 1
    task = small.task(made, "a")
    link = db.session.scalars(select(GuestLink)).one()
    assert (task.state, task.done_by_id) == ("done", f"guest:{link.id}")
    done = db.session.scalars(select(EventRow).where(EventRow.kind == "task.completed")).one()
    assert done.actor == f"guest:{link.id}"
    assert done.body["why"] == {
        "code": "done_by_guest",
        "link": link.id,
        "given_by": small.ids["dan"],
        "address": link.address,
    }
    assert small.tasks(made)["c"] == "ready"
    assert guests.address_of(db.session(), link) == ADDRESS
    stored = [str(one.body) for one in db.session.scalars(select(EventRow))]
    assert not any(secret in one or ADDRESS in one for one in stored)


OF_NO_USE = {
    "a guess": lambda small, made: "x" * 43,
    "nothing": lambda small, made: "",
    "too long": lambda small, made: "x" * 10_000,
    "the hash itself": lambda small, made: secret_links.hash_of(give(small, made)),
    "the link's id": lambda small, made: db.session.scalars(select(GuestLink.id)).one() if give(small, made) else "",
    "another purpose": lambda small, made: (
        give(small, made),
        secret_links.secret_of("approval", db.session.scalars(select(GuestLink.id)).one()),
    )[1],
    "expired": lambda small, made: (small.go(days=-4), give(small, made))[1],
    "taken back": lambda small, made: (give(small, made), _take_back(small, made))[0],
    "replaced": lambda small, made: (give(small, made), give(small, made))[0],
    "done by a colleague": lambda small, made: (give(small, made), _done(small, made))[0],
    "cancelled": lambda small, made: (give(small, made), small.act("dan", "cancel", made))[0],
    "given by somebody who has left": lambda small, made: (give(small, made), _leave(small))[0],
    "failed": lambda small, made: (give(small, made), small.do("dan", "fail", made, "a"))[0],
}


def _take_back(small: Small, made: str) -> None:
    guests.take_back(small.task(made, "a"), viewer=small.viewer("dora"), at=small.at)


def _done(small: Small, made: str) -> None:
    small.do("dora", "complete", made, "a", answers={"slip": "mine"})


def _leave(small: Small) -> None:
    dan = db.session.get_one(Person, small.ids["dan"])
    gone = e.PersonRecorded(person=dan.id, content=str(dan.content), active=False, changed=["active"])
    with work(f"person/{dan.id}", actor="system", at=small.at) as w:
        w.record(f"person/{dan.id}", gone)


@pytest.mark.parametrize("name", OF_NO_USE)
def test_a_link_that_is_of_no_use_shows_and_changes_nothing_and_never_says_why(
    small: Small, made: str, client: FlaskClient, name: str
) -> None:
    secret = OF_NO_USE[name](small, made)
    db.session.rollback()
    before = changes()
    pages = [
        client.get("/guest", query_string={"key": secret}),
        client.post("/guest", data={"key": secret, "answers-slip": "S-17"}),
        client.post("/guest/form", data={"key": secret, "answers-slip": "S-17"}),
    ]
    assert [one.status_code for one in pages] == [404, 404, 404]
    told = [one.text.partition("<main")[2].partition("</main>")[0] for one in (client.get("/guest?key=guess"), *pages)]
    assert "This link does not work" in told[0] and told == told[:1] * 4
    assert changes() == before


def test_whoever_used_a_link_up_is_thanked_again(small: Small, made: str, client: FlaskClient) -> None:
    """Once more, and nothing is done twice."""
    secret = give(small, made)
    sent = {"key": secret, "answers-slip": "S-17"}
    first = client.post("/guest", data=sent)
    before = changes()
    again = [client.post("/guest", data=sent), client.get(f"/guest?key={secret}")]
    assert [(one.status_code, one.location) for one in (first, *again)] == [(303, "/guest/done?locale=en")] * 3
    assert changes() == before


def test_a_link_that_ends_while_its_guest_sends_is_of_no_use(app: Flask, small: Small, made: str) -> None:
    secret = give(small, made)

    def take_back() -> None:
        with app.app_context():
            _take_back(small, made)

    meanwhile = threading.Thread(target=take_back)

    @event.listens_for(db.session(), "after_rollback", once=True)
    def between_looking_and_doing(_session: Session) -> None:
        meanwhile.start()
        meanwhile.join(timeout=60)

    assert refusal(guests.complete, secret, given={"slip": "S-17"}, comment=None, at=small.at) == 404
    assert small.tasks(made)["a"] == "ready"


def test_a_comment_has_a_length(small: Small, made: str) -> None:
    said = {"given": {"slip": "S-17"}, "comment": "x" * (COMMENT_LENGTH + 1), "at": small.at}
    assert refusal(guests.complete, give(small, made), **said) == 422


def test_a_link_is_of_use_for_its_own_task_alone(small: Small, made: str, client: FlaskClient) -> None:
    secret, other = give(small, made), small.order(**SAID)
    theirs = small.task(other, "a").id
    db.session.rollback()
    client.post("/guest", data={"key": secret, "answers-slip": "S-17", "task": theirs, "task_id": theirs})
    assert (small.tasks(made)["a"], small.tasks(other)["a"]) == ("done", "ready")
    for path in (f"/tasks/{theirs}", f"/requests/{small.request(made).number}", f"/api/v1/tasks/{theirs}"):
        assert client.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code in (303, 401)


def test_while_the_request_is_on_hold_nothing_is_done(small: Small, made: str, client: FlaskClient) -> None:
    secret = give(small, made)
    small.act("dan", "hold", made)
    db.session.rollback()
    assert client.get(f"/guest?key={secret}").status_code == 200
    assert client.post("/guest", data={"key": secret, "answers-slip": "S-17"}).status_code == 409
    assert small.tasks(made)["a"] == "ready"


def test_wrong_links_are_counted_for_each_address(
    small: Small, made: str, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = give(small, made)
    few = page_of_guests.Guesses(f"guest-link-{made}", "3 per 5 minute")
    monkeypatch.setattr(page_of_guests, "WRONG_LINKS", few)
    assert [client.get(f"/guest?key=guess-{n}").status_code for n in range(4)] == [404, 404, 404, 429]
    refused = client.get(f"/guest?key={secret}")
    assert (refused.status_code, 1 <= int(refused.headers["Retry-After"]) <= 300) == (429, True)


GIVING: dict[str, tuple[dict[str, Any], int]] = {
    "a member of the group": ({}, 200),
    "somebody else": ({"name": "sec"}, 403),
    "the requester": ({"name": "asks"}, 403),
    "no address": ({"address": "driver"}, 422),
    "for no day": ({"days": 0}, 422),
    "for too many": ({"days": 61}, 422),
    "in no language": ({"locale": "xx"}, 422),
    "a form that asks for colleagues": ({"key": "b"}, 409),
    "a table that asks for them": ({"key": "d"}, 409),
    "a task that is not ready": ({"key": "c", "name": "lena"}, 409),
}


@pytest.mark.parametrize("name", GIVING)
def test_who_gives_a_link_to_what(small: Small, made: str, name: str) -> None:
    said, status = GIVING[name]
    assert refusal(give, small, made, **said) == status


def test_only_who_works_on_the_task_takes_its_link_back(small: Small, made: str, client: FlaskClient) -> None:
    secret = give(small, made)
    for name in ("asks", "sec"):
        assert refusal(guests.take_back, small.task(made, "a"), viewer=small.viewer(name), at=small.at) == 403
    db.session.rollback()
    assert client.get(f"/guest?key={secret}").status_code == 200


def test_a_link_that_was_made_with_another_key_is_not_told(small: Small, made: str) -> None:
    give(small, made)
    config.use(replace(config.current(), secret_key="another-key-for-tests-0123456789-abcdefghij"))
    assert guests.url_of(db.session.scalars(select(GuestLink)).one()) is None


def test_the_page_offers_a_link_where_one_may_be_given(small: Small, made: str, browser_of: Browser) -> None:
    tasks = {key: f"/tasks/{small.task(made, key).id}" for key in "abc"}
    db.session.rollback()
    dan, asks, lena = (browser_of(f"{name}@example.com") for name in ("dan", "asks", "lena"))
    pages = {"a": dan, "b": dan, "c": lena}
    assert {key for key, browser in pages.items() if "Give a link" in browser.get(tasks[key]).text} == {"a"}
    assert "Give a link" not in asks.get(tasks["a"]).text


def test_the_page_gives_a_link_shows_it_to_the_group_and_takes_it_back(
    small: Small, made: str, browser_of: Browser, client: FlaskClient
) -> None:
    db.session.rollback()
    dan, asks = browser_of("dan@example.com"), browser_of("asks@example.com")
    path = f"/tasks/{small.task(made, 'a').id}"
    db.session.rollback()
    page = dan.post(f"{path}/link", data={"address": ADDRESS, "days": "3", "locale": "en"}, follow_redirects=True)
    link = db.session.scalars(select(GuestLink)).one()
    url = guests.url_of(link) or ""
    db.session.rollback()
    link_path = f"/guest?{urlsplit(url).query}"
    assert url in page.text and ADDRESS in page.text
    assert client.get(link_path).status_code == 200
    assert url not in asks.get(path).text
    assert url not in dan.post(f"{path}/link/take-back", follow_redirects=True).text
    assert client.get(link_path).status_code == 404


def test_auditors_read_who_gave_the_link_to_whom_and_the_print_does_not_carry_the_address(
    small: Small, made: str
) -> None:
    secret = give(small, made)
    guests.complete(secret, given={"slip": "S-17"}, comment=None, at=small.at)
    added_tasks.add(
        small.request(made),
        added_tasks.Wish("Phone them", group="desk", note="Before noon", shows=["what"]),
        viewer=small.viewer("dan"),
        at=small.at,
    )
    paper = lay_out(db.session(), small.request(made), at=small.at)
    said = {entry.record.kind: entry.details.said for entry in history(paper)}
    assert said["task.link_given"][0].startswith(f"To {ADDRESS}, until ")
    assert said["task.completed"] == (f"By the link that Dan gave to {ADDRESS}",)
    assert said["task.added"] == ("Phone them", "Before noon", "Shows What")
    assert not any(ADDRESS in str(one.value) for one in provable(paper))


def test_without_a_mail_server_no_mail_is_made(small: Small, made: str) -> None:
    give(small, made)
    assert not db.session.scalars(select(Outbox).where(Outbox.channel == "guest_link")).all()
    assert db.session.scalars(select(GuestLink)).one().expires_at == small.at + timedelta(days=3)
