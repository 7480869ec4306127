"""The studio's preview: the real form of a draft as somebody else, with what would follow, and nothing that stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import AUTHOR, OTHER, PLAIN, document, look_again, make_offices
from tests.factories.people import make_group, make_person

from servicehall.models.log import EventRow, ReleaseRow
from servicehall.models.requests import Request
from servicehall.services import directory, drafting, examples
from servicehall.services.shelf import Shelf

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]

PARKING = "/studio/service/it/parking"
BOSS, LED, STRANGER = "boss@example.com", "led@example.com", "stranger@example.com"
SERVICE = """\
kind: service
department: it
key: parking
title: {en: Parking permit, zh: 停车证}
audience: requester.email != "stranger@example.com"
on_behalf: reports
form:
  pages:
    - key: main
      title: {en: What you need}
      fields:
        - {key: plate, type: text, label: {en: Number plate}, required: true}
        - key: place
          type: choice
          label: {en: Where}
          options: [{key: yard, label: {en: Yard}}, {key: other, label: {en: Elsewhere}}]
        - {key: where, type: text, label: {en: Which place}, visible: place == "other"}
        - {key: who, type: computed, label: {en: Who}, value: requested_for.name, as: text}
        - key: seen
          type: computed
          label: {en: Seen}
          value: 'has(requested_for.grade) ? "grade " + requested_for.grade : "no grade"'
          as: text
approval: {stages: [{key: manager, title: {en: Line manager}, approvers: [{manager: {of: requested_for, level: 1}}]}]}
fulfilment: {tasks: [{key: barrier, title: {en: Open the barrier}, group: it-desk, due: 2 business days}]}
"""
CHAIN = """\
kind: approval_chain
department: it
key: chief
title: {en: Chief}
stages: [{key: chief, title: {en: The chief says}, approvers: [{person: boss@example.com}]}]
"""


def make_garage() -> None:
    make_offices()
    boss = make_person(BOSS, department="hr")
    make_person(LED, manager=boss.id, department="hr", grade="secret-7")
    make_person(STRANGER, department="hr")
    make_group("it-desk", [boss.id], department="it")


@pytest.fixture
def garage(session: Session, world: Callable[..., Any], browser_of: Browser) -> FlaskClient:
    world(make_garage)
    look_again(session)
    browser = browser_of(AUTHOR)
    assert draft(browser, SERVICE).status_code == 303
    look_again(session)
    return browser


def draft(browser: FlaskClient, text: str, base: str = PARKING, edition: str = "") -> Any:
    return browser.post(f"{base}/text", data={"text": text, "edition": edition})


def test_a_draft_shows_as_somebody_else_would_meet_it(garage: FlaskClient) -> None:
    page = garage.get(f"{PARKING}/preview?person={LED}").text
    for word in ("Number plate", "Line manager", "Boss", "Open the barrier", "Manager: Boss", "Conditions read this"):
        assert word in page
    assert "would not find the service" not in page
    assert "would not find the service" in garage.get(f"{PARKING}/preview?person={STRANGER}").text
    assert 'name="requested_for"' not in page
    assert f'<option value="{LED}">' in garage.get(f"{PARKING}/preview?person={BOSS}").text


def test_what_is_typed_is_checked_and_nothing_stays(garage: FlaskClient, session: Session) -> None:
    counted = [session.scalar(select(func.count()).select_from(one)) for one in (EventRow, ReleaseRow, Request)]
    session.rollback()
    said = {"person": LED, "place": "other", "plate": ""}
    parts = garage.post(f"{PARKING}/preview/form", data=said)
    assert parts.status_code == 200
    assert 'data-part="preview"' in parts.text
    assert 'id="field-where" data-field="where" class="form-field type-text" data-state' in parts.text
    assert "<html" not in parts.text
    looked = garage.post(f"{PARKING}/preview", data={**said, "act": "look"}).text
    assert 'aria-invalid="true"' in looked
    for verb in ('value="send"', "Save as draft"):
        assert verb not in looked
    assert [session.scalar(select(func.count()).select_from(one)) for one in (EventRow, ReleaseRow, Request)] == counted


def test_of_others_the_form_knows_no_more_than_any_colleague(garage: FlaskClient) -> None:
    for page in (
        garage.get(f"{PARKING}/preview?person={LED}").text,
        garage.post(f"{PARKING}/preview/form", data={"person": BOSS, "requested_for": LED}).text,
    ):
        assert "no grade" in page
        assert "secret-7" not in page


def test_what_was_tried_is_kept_as_an_example_of_what_came_of_it(garage: FlaskClient, session: Session) -> None:
    """And the next: each with a key of its own, green as long as the service stays as it is."""
    typed = {"person": LED, "answers-plate": "B-17", "answers-place": "yard"}
    for _time in range(2):
        kept = garage.post(f"{PARKING}/preview/example", data=typed)
        assert (kept.status_code, kept.location) == (303, f"{PARKING}/examples")
    look_again(session)
    name = ("service", "it", "parking")
    first, second = drafting.current(session, name).document.body["examples"]["cases"]
    assert (first["key"], second["key"]) == ("case-1", "case-2")
    assert (first["person"], first["answers"]) == (LED, {"plate": "B-17", "place": "yard"})
    assert first["expect"] == {"stages": {"manager": [BOSS]}, "tasks": ["barrier"]}
    document = drafting.current(session, name).document
    assert [one.state for one in examples.run(document, Shelf(session).find, session)] == ["green", "green"]
    look_again(session)
    refused = garage.post(f"{PARKING}/preview/example", data={**typed, "person": STRANGER})
    assert refused.status_code == 303
    look_again(session)
    assert drafting.current(session, name).document.body["examples"]["cases"][2]["expect"] == {"allowed": False}


def test_the_phone_is_a_frame_that_only_our_pages_may_show(garage: FlaskClient) -> None:
    assert f'<iframe class="preview-phone" src="{PARKING}/preview/frame?person=led%40example.com' in garage.get(
        f"{PARKING}/preview?person={LED}&width=phone"
    ).text.replace("led@example.com", "led%40example.com")
    answer = garage.get(f"{PARKING}/preview/frame?person={LED}")
    assert "Number plate" in answer.text
    assert 'class="rail"' not in answer.text
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in garage.get(f"{PARKING}/preview").headers["Content-Security-Policy"]
    framed = garage.post(f"{PARKING}/preview/frame", data={"act": "look"})
    assert 'class="rail"' not in framed.text
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["preview", "preview/frame"])
def test_the_preview_is_for_the_departments_authors(garage: FlaskClient, browser_of: Browser, path: str) -> None:
    assert browser_of(PLAIN).get(f"{PARKING}/{path}").status_code == 404
    assert browser_of(OTHER).get(f"{PARKING}/{path}").status_code == 200
    assert browser_of(PLAIN).post(f"{PARKING}/preview/form").status_code == 404
    assert garage.get(f"/studio/calendar/it/none/{path}").status_code == 404


def test_somebody_unknown_is_told_at_the_field(garage: FlaskClient, session: Session) -> None:
    page = garage.get(f"{PARKING}/preview?person=nobody@example.com").text
    assert 'id="preview-person-error"' in page
    found = directory.by_email(session, AUTHOR)
    assert found is not None
    assert "You see it as yourself." in page


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('place == "other"', "nowhere == 1"),
        ("type: text, label: {en: Number plate}", "type: nonsense"),
        ("pages:", "seiten:"),
    ],
)
def test_a_draft_that_cannot_be_built_says_why_with_links(garage: FlaskClient, was: str, now: str) -> None:
    assert draft(garage, SERVICE.replace(was, now)).status_code == 303
    page = garage.get(f"{PARKING}/preview")
    assert page.status_code == 200
    assert "cannot be shown as a form yet" in page.text
    assert f'href="{PARKING}/yaml#L' in page.text
    assert (f'href="{PARKING}/design?at=/form/pages/0/fields/' in page.text) is (was != "pages:")
    assert garage.get(f"{PARKING}/preview/frame").status_code == 200
    sent = garage.post(f"{PARKING}/preview/form")
    assert sent.status_code in (200, 409)


def test_a_field_set_shows_as_a_form_alone(garage: FlaskClient) -> None:
    base = "/studio/field_set/it/contact"
    header = "kind: field_set\ndepartment: it\nkey: contact\ntitle: {en: Contact}\n"
    text = header + "fields: [{key: room, type: text, label: {en: Room}}]\n"
    draft(garage, text, base)
    page = garage.get(f"{base}/preview").text
    assert "Room" in page
    assert "Nobody needs to approve this." in page


def test_a_shared_document_shows_through_a_service_that_uses_it(garage: FlaskClient, session: Session) -> None:
    base = "/studio/approval_chain/it/chief"
    draft(garage, CHAIN, base)
    assert "No service to look through" in garage.get(f"{base}/preview").text
    garage.post(f"{base}/publish")
    head, _approval, rest = SERVICE.partition("approval: ")
    draft(garage, head + "approval: {use: chief}\n" + rest.partition("\n")[2])
    garage.post(f"{PARKING}/publish")
    assert document(session, "parking", "service").state == "published"
    draft(garage, CHAIN.replace("The chief says", "The chief decides"), base)
    page = garage.get(f"{base}/preview").text
    assert "Parking permit (it/parking)" in page
    assert "The chief decides" in page
    assert "Number plate" in page


def test_what_is_published_leads_to_where_people_order_it(garage: FlaskClient) -> None:
    link = 'href="/services/it/parking"'
    assert link not in garage.get(f"{PARKING}/design").text
    assert garage.post(f"{PARKING}/publish").status_code == 303
    assert link in garage.get(f"{PARKING}/design").text
