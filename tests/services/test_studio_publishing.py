"""The studio's way into use: the publishing page, reviews, dates, retiring, and who may do none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import (
    ADMIN,
    AUTHOR,
    CALENDAR,
    HOURS,
    OTHER,
    PLAIN,
    WEEK,
    document,
    look_again,
)
from tests.factories.small import refusal
from tests.services.test_routes import something_for
from werkzeug.routing import AnyConverter, BaseConverter

from servicehall.clock import now
from servicehall.documents.guard_rails import GuardRails
from servicehall.jobs import timers
from servicehall.jobs.claims import work_off
from servicehall.services import definitions, drafting, guard_rails, reviewing, scheduling
from servicehall.services.people import record_person
from servicehall.services.visibility import Viewer
from servicehall.web import accounts

Browser = Callable[[str], FlaskClient]
pytestmark = on_sqlite
DEPARTMENT = "kind: department\ndepartment: it\nkey: it\ntitle: {en: IT}\nagents: []\nreview: true\n"


@pytest.fixture
def reviewed(company: Session, browser_of: Browser) -> FlaskClient:
    """A department that wants reviews, with a draft of AUTHOR's, whose browser this is."""
    browser = browser_of(AUTHOR)
    browser.post("/studio/department/it/it/text", data={"text": DEPARTMENT})
    assert browser.post("/studio/department/it/it/publish").status_code == 303
    assert browser.post(f"{HOURS}/text", data={"text": CALENDAR + WEEK, "edition": "new"}).status_code == 303
    return browser


def test_an_author_asks_a_colleague_sends_back_and_then_publishes(
    company: Session, reviewed: FlaskClient, browser_of: Browser
) -> None:
    page = reviewed.get(f"{HOURS}/publish").text
    assert "a second administrator publishes what you wrote" in page
    assert reviewed.post(f"{HOURS}/review", data={"comment": "Look at the week"}).status_code == 303
    assert "To review" not in reviewed.get("/studio").text
    other = browser_of(OTHER)
    for reviewer in (other, browser_of(ADMIN)):
        assert f'href="{HOURS}/publish"' in reviewer.get("/studio").text
    page = other.get(f"{HOURS}/publish").text
    for word in ("Look at the week", "Send back", "What changes", "Nothing uses it yet"):
        assert word in page
    refused = other.post(f"{HOURS}/send_back", data={"comment": " "})
    assert (refused.status_code, "Write a comment" in refused.text) == (422, True)
    assert other.post(f"{HOURS}/send_back", data={"comment": "Begin at nine"}).status_code == 303
    assert "Begin at nine" in reviewed.get(f"{HOURS}/yaml").text
    assert "To review" not in other.get("/studio").text
    reviewed.post(f"{HOURS}/review")
    assert other.post(f"{HOURS}/publish", data={"comment": "Good"}).status_code == 303
    assert document(company).state == "published"
    assert ">Good</blockquote>" in reviewed.get(f"{HOURS}/history").text


def test_whoever_wrote_any_step_of_it_is_an_author(
    company: Session, reviewed: FlaskClient, browser_of: Browser
) -> None:
    """Not only whoever was last; a step that was taken back does not count."""
    other = browser_of(OTHER)
    assert other.post(f"{HOURS}/text", data={"text": CALENDAR.replace("Hours", "Two") + WEEK}).status_code == 303
    for browser in (reviewed, other):
        browser.post(f"{HOURS}/publish")
    assert document(company).state == "draft"
    other.post(f"{HOURS}/undo")
    assert other.post(f"{HOURS}/publish").status_code == 303
    assert document(company).state == "published"


def test_a_review_is_sent_back_where_it_was_asked_and_asked_of_the_own_department(
    company: Session, reviewed: FlaskClient, browser_of: Browser
) -> None:
    cells = {"email": "hr@example.com", "name": "Hr", "department": "hr", "roles": "catalog_admin"}
    record_person(cells, actor="system:tests", at=now())
    other = browser_of(OTHER)
    other.post(f"{HOURS}/send_back", data={"comment": "Begin at nine"})
    assert document(company).review is None
    assert reviewed.post(f"{HOURS}/review").status_code == 303
    assert "To review" in other.get("/studio").text
    assert "To review" not in browser_of("hr@example.com").get("/studio").text


def test_nobody_ends_reviews_alone_by_retiring_what_asks_for_them(
    company: Session, reviewed: FlaskClient, browser_of: Browser
) -> None:
    assert reviewed.post("/studio/department/it/it/retire").status_code == 303
    department = "/studio/department/it/it"
    reviewed.post(f"{department}/text", data={"text": DEPARTMENT.replace("review: true", "review: false")})
    for address in (HOURS, department):
        reviewed.post(f"{address}/publish")
        reviewed.post(f"{address}/publish", data={"from": f"{now() + timedelta(days=2):%Y-%m-%dT%H:%M}"})
    found = [document(company), document(company, "it", "department")]
    assert [(one.state, one.publish_at) for one in found] == [("draft", None), ("retired", None)]
    assert browser_of(OTHER).post(f"{department}/publish").status_code == 303
    assert reviewed.post(f"{HOURS}/publish").status_code == 303
    assert document(company).state == "published"


def test_a_date_is_chosen_in_the_readers_zone_shown_and_taken_back(
    app: Flask, company: Session, browser_of: Browser
) -> None:
    browser = browser_of(AUTHOR)
    browser.post(f"{HOURS}/text", data={"text": CALENDAR + WEEK, "edition": "new"})
    later = now() + timedelta(days=2)
    for wrong in ("2020-01-01T08:00", "tomorrow"):
        answer = browser.post(f"{HOURS}/publish", data={"from": wrong})
        assert (answer.status_code, f'value="{wrong}"' in answer.text) == (422, True)
    assert browser.post(f"{HOURS}/publish", data={"from": f"{later:%Y-%m-%dT%H:%M}"}).status_code == 303
    assert document(company).publish_at == later.replace(second=0, microsecond=0)
    assert "To be published on" in browser.get(f"{HOURS}/yaml").text
    assert browser.post(f"{HOURS}/unschedule").status_code == 303
    assert "To be published on" not in browser.get(f"{HOURS}/yaml").text
    browser.post(f"{HOURS}/publish", data={"from": f"{later:%Y-%m-%dT%H:%M}"})
    look_again(company)
    assert work_off(timers.KIND, clock=lambda: later) == 1
    assert document(company).state == "published"


NAME = ("calendar", "hr", "hours")
VERBS: dict[str, Callable[..., Any]] = {
    "save": partial(drafting.save, body={"kind": "calendar", "department": "hr", "key": "hours"}),
    "edit": partial(drafting.edit, operations=[]),
    "undo": drafting.undo,
    "redo": drafting.redo,
    "discard": drafting.discard,
    "ask": partial(reviewing.ask, comment=""),
    "send back": partial(reviewing.send_back, comment="no"),
    "publish": definitions.publish,
    "schedule": partial(scheduling.schedule, publish_at=now() + timedelta(days=1)),
    "unschedule": scheduling.cancel,
    "retire": definitions.retire,
    "set guard rails": lambda name, **by: guard_rails.set_guard_rails(name[1], GuardRails(), **by),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_for_authors_of_the_department(company: Session, verb: str) -> None:
    """Whoever asks, and whether or not there is such a document."""
    for email in (AUTHOR, PLAIN):
        viewer = Viewer(company, accounts.person_of(company, email))
        assert refusal(VERBS[verb], NAME, viewer=viewer, at=now()) == 403, email


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """(method, path) of every route of the studio about a document, with every act that its address can name."""
    adapter = app.url_map.bind("localhost")
    named = {"kind": "calendar", "department": "hr", "key": "hours"}
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/studio/<") or "department" not in rule.arguments:
            continue
        for values in product(*(choices(rule._converters[name], named.get(name)) for name in rule.arguments)):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                said = dict(zip(rule.arguments, values, strict=True))
                yield method, adapter.build(rule.endpoint, said, method=method)


def choices(converter: BaseConverter, named: str | None) -> list[Any]:
    if named is not None:
        return [named]
    return sorted(converter.items) if isinstance(converter, AnyConverter) else [something_for(converter)]


def test_every_address_of_a_document_is_there_for_its_authors_only(
    app: Flask, company: Session, browser_of: Browser
) -> None:
    """Role by verb: whoever may not author finds nothing at all."""
    outsiders = {email: browser_of(email) for email in (AUTHOR, PLAIN)}
    tried = list(addresses(app))
    assert len(tried) > 15
    for method, path in tried:
        for email, browser in outsiders.items():
            assert browser.open(path, method=method).status_code == 404, f"{email}: {method} {path}"
