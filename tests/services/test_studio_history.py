"""The studio's history: versions in words, any two compared, the draft's steps, and the requests that run on each."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import (
    CALENDAR,
    HOURS,
    OTHER,
    PLAIN,
    WEEK,
    document,
    look_again,
    publish_hours,
)

from servicehall.clock import now
from servicehall.services import directory, drafting, requests, versions
from servicehall.services.requests import Order
from servicehall.services.visibility import as_viewer

Browser = Callable[[str], FlaskClient]
SERVICE = """\
kind: service
department: it
key: thing
title: {en: Thing}
form: {pages: [{key: main, title: {en: Main}, fields: [{key: what, type: text, label: {en: What}}]}]}
approval: {use: chief}
"""
CHAIN = """\
kind: approval_chain
department: it
key: chief
title: {en: Chief}
stages: [{key: chief, title: {en: Chief}, approvers: [{person: other@example.com}]}]
"""


def save(browser: FlaskClient, session: Session, text: str, base: str = HOURS, *, publish: bool = False) -> None:
    assert browser.post(f"{base}/text", data={"text": text}).status_code == 303
    if publish:
        assert browser.post(f"{base}/publish").status_code == 303
    look_again(session)


@on_sqlite
def test_versions_say_in_words_what_they_changed_and_any_two_are_compared(
    author: FlaskClient, session: Session
) -> None:
    publish_hours(author)
    save(author, session, CALENDAR + WEEK.replace("CN", "DE"), publish=True)
    save(author, session, CALENDAR.replace("Hours", "Times") + WEEK.replace("CN", "DE"), publish=True)
    page = author.get(f"{HOURS}/history").text
    for sentence in (
        "Public holidays › Country: was “CN”, is “DE”.",
        "Title (English): was “Hours”, is “Times”.",
        "The first version",
    ):
        assert sentence in page
    assert "From Version 1 to Version 3" in author.get(f"{HOURS}/history?from=1&to=3").text
    back = author.get(f"{HOURS}/history?from=3&to=1").text
    assert "Title (English): was “Times”, is “Hours”." in back
    assert '<li class="added">+title: {en: Hours}' in back
    for query in ("version=4", "from=9&to=1", "to=x", "from=1&to=99999999"):
        assert author.get(f"{HOURS}/history?{query}").status_code == 404, query
    assert "Version 3</a>" not in author.get(f"{HOURS}/history?before=3").text


@on_sqlite
def test_the_steps_of_a_draft_name_who_wrote_them(author: FlaskClient, browser_of: Browser, session: Session) -> None:
    publish_hours(author)
    other = browser_of(OTHER)
    edition = drafting.edition(document(session))
    other.post(f"{HOURS}/edit", data={"edition": edition, "v:/title/en": "Theirs"})
    author.post(f"{HOURS}/edit", data={"edition": edition, "v:/time_zone": "Europe/Berlin"})
    page = author.get(f"{HOURS}/history").text
    steps = page[page.index("Steps of the draft") :]
    assert steps.index("Time zone: was “Asia/Shanghai”, is “Europe/Berlin”.") < steps.index("is “Theirs”.")
    assert steps.index("Author") < steps.index("Other")
    author.post(f"{HOURS}/undo")
    assert "Europe/Berlin" not in author.get(f"{HOURS}/history").text


@on_sqlite
def test_a_new_document_has_its_beginning_and_no_version(author: FlaskClient, session: Session) -> None:
    save(author, session, CALENDAR + WEEK)
    page = author.get(f"{HOURS}/history").text
    assert "The document was begun." in page
    assert "Not published yet" in page


def test_the_requests_that_run_are_counted_on_the_version_that_they_hold(author: FlaskClient, session: Session) -> None:
    thing, chain = "/studio/service/it/thing", "/studio/approval_chain/it/chief"
    save(author, session, CHAIN, chain, publish=True)
    save(author, session, SERVICE, thing, publish=True)
    person = directory.by_email(session, PLAIN)
    assert person is not None
    viewer = as_viewer(session, person.id)
    for draft in (False, False, True):
        requests.order(Order("it/thing", {"what": "x"}, draft=draft), viewer=viewer, at=now())
    ended = requests.order(Order("it/thing", {"what": "x"}), viewer=viewer, at=now())
    requests.cancel(session.get_one(requests.Request, ended), viewer=viewer, at=now(), comment="no")
    look_again(session)
    save(author, session, CHAIN.replace("title: {en: Chief}, app", "title: {en: Boss}, app"), chain, publish=True)
    requests.order(Order("it/thing", {"what": "x"}), viewer=as_viewer(session, person.id), at=now())
    look_again(session)
    counted = {
        key: versions.running(session, drafting.current(session, (kind, "it", key)).document)
        for kind, key in (("service", "thing"), ("approval_chain", "chief"))
    }
    session.rollback()
    assert counted == {"thing": {1: 3}, "chief": {1: 2, 2: 1}}
    page = author.get(f"{chain}/history").text
    assert 'data-label="Requests running on it" class="end number ">2</td>' in page
    assert "/requests/" not in page
