"""Publishing by programs: after a review, from a moment on, whole or not at all; and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from tests.databases import on_sqlite
from tests.factories.company import ADMIN, EMPLOYEE, IT_CATALOG

from servicehall.clock import as_instant, now
from servicehall.jobs import timers
from servicehall.jobs.claims import work_off
from servicehall.models.base import db
from servicehall.models.definitions import Document, DocumentVersion
from servicehall.models.directory import Person
from servicehall.models.notices import Notice
from servicehall.models.operations import DONE, Timers
from servicehall.services import scheduling
from servicehall.services.affected import affected
from servicehall.services.people import record_person
from servicehall.services.work import read_content

Api = Callable[[str], Any]
HR_CATALOG = "jia.luo@example.com"
SET = "/definitions/field_set/hr/car"
BODY = {"title": {"en": "Car"}, "fields": [{"key": "plate", "type": "text", "label": {"en": "Plate"}}]}
LATER = timedelta(days=3)
pytestmark = on_sqlite


@pytest.fixture
def author(api: Api) -> Any:
    made = api(HR_CATALOG)
    assert made.put(f"{SET}/draft", json=BODY).status_code == 200
    return made


def told(app: Flask, email: str) -> list[str]:
    with app.app_context():
        mine = select(Notice.event).join(Person, Person.id == Notice.person_id).where(Person.email == email)
        return sorted(db.session.scalars(mine))


def ring(app: Flask, at: datetime) -> int:
    with app.app_context():
        return work_off(timers.KIND, clock=lambda: at)


def row(app: Flask) -> Document:
    with app.app_context():
        found = db.session.scalars(select(Document).where(Document.kind == "field_set", Document.key == "car")).one()
        db.session.expunge(found)
        return found


def change(client: Any, label: str) -> None:
    patch = [{"op": "replace", "path": "/title/en", "value": label}]
    assert client.patch(f"{SET}/draft", json=patch, content_type="application/json-patch+json").status_code == 200


def test_a_review_is_asked_given_back_and_ends_in_a_publication(app: Flask, api: Api, author: Any) -> None:
    assert author.post(f"{SET}/publish", json={}).status_code == 409
    assert author.post(f"{SET}/review", json={"comment": "Please look"}).json["review"] == "asked"
    assert author.post(f"{SET}/review", json={}).status_code == 409, "asked already"
    assert told(app, ADMIN) == ["document_review"]
    assert told(app, HR_CATALOG) == told(app, IT_CATALOG) == []
    assert author.post(f"{SET}/send-back", json={"comment": "no"}).status_code == 409, "one's own"
    assert api(ADMIN).post(f"{SET}/send-back", json={}).status_code == 422, "says why"
    assert api(ADMIN).post(f"{SET}/send-back", json={"comment": "Add a colour"}).json["review"] == "sent_back"
    assert told(app, HR_CATALOG) == ["document_sent_back"]
    change(author, "Your car")
    assert author.get(SET).json["review"] == "sent_back", "what the reviewer said stays until it is asked again"
    assert author.post(f"{SET}/review", json={}).json["review"] == "asked"
    done = api(ADMIN).post(f"{SET}/publish", json={"comment": "Fine now"})
    assert (done.json["state"], done.json["version"], done.json["review"]) == ("published", 1, None)
    assert told(app, HR_CATALOG) == ["document_published", "document_sent_back"]
    with app.app_context():
        version = db.session.scalars(select(DocumentVersion).where(DocumentVersion.document_id == row(app).id)).one()
        assert read_content(db.session(), str(version.comment)) == "Fine now"


def test_an_edit_or_an_undo_voids_the_asking(author: Any) -> None:
    author.post(f"{SET}/review", json={})
    change(author, "Vehicle")
    assert author.get(SET).json["review"] is None
    author.post(f"{SET}/review", json={})
    author.post(f"{SET}/undo", json={})
    assert author.get(SET).json["review"] is None


def test_a_draft_with_errors_is_not_sent_to_review_and_where_nobody_asks_for_one_there_is_none(
    api: Api, author: Any
) -> None:
    author.patch(
        f"{SET}/draft",
        json=[{"op": "replace", "path": "/fields/0/type", "value": "nonsense"}],
        content_type="application/json-patch+json",
    )
    assert author.post(f"{SET}/review", json={}).status_code == 422
    mine = "/definitions/field_set/it/car"
    api(IT_CATALOG).put(f"{mine}/draft", json=BODY)
    assert api(IT_CATALOG).post(f"{mine}/review", json={}).status_code == 409


def test_a_draft_is_published_at_its_moment_by_whoever_set_it(app: Flask, api: Api, author: Any) -> None:
    moment = now() + LATER
    later = {"from": as_instant(moment), "comment": "From Monday"}
    assert author.post(f"{SET}/publish", json=later).status_code == 409, "a second administrator sets it"
    for wrong in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2026-12-01T00:00:00", "soon"):
        assert api(ADMIN).post(f"{SET}/publish", json={"from": wrong}).status_code == 422, wrong
    said = api(ADMIN).post(f"{SET}/publish", json=later).json
    assert (said["state"], said["publish_at"]) == ("draft", later["from"])
    assert told(app, HR_CATALOG) == ["document_scheduled"]
    assert ring(app, moment - timedelta(seconds=1)) == 0
    assert ring(app, moment) == 1
    done = author.get(SET).json
    assert (done["state"], done["version"], done["publish_at"], done["draft"]) == ("published", 1, None, False)
    with app.app_context():
        version = db.session.scalars(select(DocumentVersion).where(DocumentVersion.document_id == row(app).id)).one()
        by = db.session.get(Person, version.published_by)
        assert by is not None
        assert (by.email, read_content(db.session(), str(version.comment))) == (ADMIN, "From Monday")
    assert told(app, ADMIN) == ["document_published"]
    assert ring(app, moment + LATER) == 0


@pytest.mark.parametrize("how", ["edit", "undo", "discard", "by hand", "publish"])
def test_the_date_is_taken_back(app: Flask, api: Api, author: Any, how: str) -> None:
    change(author, "Vehicle")
    moment = now() + LATER
    assert api(ADMIN).post(f"{SET}/publish", json={"from": as_instant(moment)}).status_code == 200
    acts = {
        "edit": lambda: change(author, "Other"),
        "undo": lambda: author.post(f"{SET}/undo", json={}),
        "discard": lambda: author.delete(f"{SET}/draft"),
        "by hand": lambda: author.delete(f"{SET}/schedule"),
        "publish": lambda: api(ADMIN).post(f"{SET}/publish", json={}),
    }
    acts[how]()
    before = row(app).version
    assert row(app).publish_at is None
    assert ring(app, moment) == 0
    assert row(app).version == before
    assert author.delete(f"{SET}/schedule").status_code == 409


def test_what_does_not_hold_any_more_at_its_moment_changes_nothing_and_is_told(
    app: Flask, api: Api, author: Any
) -> None:
    """Another document that it needs is retired meanwhile."""
    author.put("/definitions/choice_list/hr/colours/draft", json={"options": [{"key": "red", "label": "Red"}]})
    assert api(ADMIN).post("/definitions/choice_list/hr/colours/publish", json={}).status_code == 200
    field = {"key": "colour", "type": "choice", "label": {"en": "Colour"}, "options": {"use": "colours"}}
    author.put(f"{SET}/draft", json={**BODY, "fields": [field]})
    moment = now() + LATER
    assert api(ADMIN).post(f"{SET}/publish", json={"from": as_instant(moment)}).status_code == 200
    assert author.post("/definitions/choice_list/hr/colours/retire", json={}).status_code == 200
    assert ring(app, moment) == 1
    after = author.get(SET).json
    assert (after["state"], after["draft"], after["publish_at"]) == ("draft", True, None)
    assert told(app, ADMIN) == ["document_failed"]
    assert "document_failed" in told(app, HR_CATALOG)
    with app.app_context():
        why = db.session.scalars(select(Notice.body).where(Notice.event == "document_failed")).first()
        assert "colours" in str(why)
        kept = db.session.scalars(select(Timers.state).where(Timers.kind == "document_publish")).one()
        assert kept == DONE


@pytest.mark.parametrize("since", [{"active": "no"}, {"roles": ""}])
def test_whoever_set_the_date_must_still_be_one_who_may_publish(
    app: Flask, api: Api, author: Any, since: dict[str, str]
) -> None:
    moment = now() + LATER
    assert api(ADMIN).post(f"{SET}/publish", json={"from": as_instant(moment)}).status_code == 200
    with app.app_context():
        record_person({"email": ADMIN, **since}, actor="system:tests", at=now())
    ring(app, moment)
    after = author.get(SET).json
    assert (after["state"], after["draft"], after["publish_at"]) == ("draft", True, None)
    assert "document_failed" in told(app, HR_CATALOG)


def test_a_timer_that_rings_all_the_same_publishes_only_what_it_was_set_for(app: Flask, api: Api, author: Any) -> None:
    """Without a date nothing; with one nothing but the draft that was seen then."""
    timer = {"name": ["field_set", "hr", "car"], "content": row(app).draft}

    def ring_it(**said: Any) -> int:
        with app.app_context():
            scheduling.publish_when_due({**timer, **said}, actor="system", at=now(), settle=lambda session: None)
        return row(app).version

    assert ring_it() == 0
    assert api(ADMIN).post(f"{SET}/publish", json={"from": as_instant(now() + LATER)}).status_code == 200
    assert ring_it(content="0" * 64) == 0
    assert ring_it() == 1


@pytest.mark.parametrize("email", [EMPLOYEE, IT_CATALOG])
def test_others_find_nothing_here(api: Api, author: Any, email: str) -> None:
    for act in ("publish", "review", "send-back"):
        assert api(email).post(f"{SET}/{act}", json={"comment": "x"}).status_code == 404
    assert api(email).delete(f"{SET}/schedule").status_code == 404


def test_who_is_affected_and_what_is_open_on_it(app: Flask, api: Api, author: Any) -> None:
    assert api(ADMIN).post(f"{SET}/publish", json={}).status_code == 200
    fields = [{"use": "car"}]
    service = {"type": "request", "title": {"en": "Permit"}, "form": {"pages": [{"key": "car", "fields": fields}]}}
    author.put("/definitions/service/hr/permit/draft", json=service)
    assert api(ADMIN).post("/definitions/service/hr/permit/publish", json={}).status_code == 200

    def found() -> list[tuple[str, int | None]]:
        with app.app_context():
            return [(one.document.key, one.open) for one in affected(db.session(), ("field_set", "hr", "car"))]

    assert found() == [("car", None), ("permit", 0)]
    order = {"service": "hr/permit", "answers": {"plate": "A 1"}}
    assert api(EMPLOYEE).post("/requests", json=order).status_code == 201
    assert found() == [("car", None), ("permit", 1)]
    assert author.post(f"{SET}/retire", json={}).status_code == 409
