"""Long work asked for from a page: told step by step, done by whichever worker lives, its result kept for a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import AUTHOR, CALENDAR, HOURS, OTHER, WEEK
from tests.factories.small import Small

from servicehall import jobs
from servicehall.clock import now
from servicehall.errors import NotFound
from servicehall.jobs import background as worker
from servicehall.jobs import housekeeping
from servicehall.jobs.claims import LEASE, Fenced, claim, work_off
from servicehall.models.background import BackgroundJob
from servicehall.models.base import db
from servicehall.services import background, checking, definitions, directory, drafting, simulation, simulation_sight
from servicehall.services.background import Job
from servicehall.services.people import record_person
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer, as_viewer
from servicehall.web.studio.simulating import differing

Browser = Callable[[str], FlaskClient]
NAME: Name = ("calendar", "it", "hours")
NEVER = {
    "kind": "service",
    "department": "it",
    "key": "lamp",
    "type": "request",
    "title": "Lamp",
    "form": {
        "pages": [
            {
                "key": "a",
                "title": "A",
                "fields": [
                    {"key": "a", "type": "integer", "label": "A", "max": 3},
                    {"key": "b", "type": "text", "label": "B", "visible": "a > 5"},
                    *({"key": f"c{n}", "type": "text", "label": "C", "visible": "a > 1"} for n in range(40)),
                ],
            }
        ]
    },
}
DRAFT = {"kind": "calendar", "department": "it", "key": "hours", "title": "Hours", "time_zone": "Asia/Shanghai"}


@pytest.fixture
def author(company: Session) -> Viewer:
    """An author of IT, with a draft that says no week."""
    drafting.save(NAME, body=DRAFT, viewer=viewer_of(company, AUTHOR), at=now(), expected="new")
    return viewer_of(company, AUTHOR)


def viewer_of(session: Session, email: str) -> Viewer:
    found = directory.by_email(session, email)
    assert found is not None
    return as_viewer(session, found.id)


def asked(viewer: Viewer, at: datetime | None = None) -> checking.Asked:
    found = checking.ask(viewer, drafting.current(viewer.session, NAME).document, at=at or now())
    viewer.session.rollback()
    return found


def job(viewer: Viewer, one: Job) -> Job:
    viewer.session.rollback()
    return background.job_of(viewer, one.id)


def test_a_check_is_asked_once_done_by_a_worker_and_kept(app: Flask, author: Viewer) -> None:
    first, again = asked(author), asked(author)
    assert (first.problems, first.job.state, again.job.id) == (None, "waiting", first.job.id)
    jobs.do_all(app)
    done = asked(author)
    assert (done.job.id, done.job.state) == (first.job.id, "done")
    assert [one.path for one in done.problems or ()] == ["week"]
    assert jobs.do_all(app) == 0


def test_a_change_of_what_it_leans_on_makes_it_another_check(app: Flask, author: Viewer) -> None:
    first = asked(author)
    jobs.do_all(app)
    drafting.edit(NAME, [{"op": "replace", "path": "/title", "value": "Our hours"}], viewer=author, at=now())
    assert asked(author).job.id != first.job.id
    drafting.undo(NAME, viewer=author, at=now())
    assert asked(author).job.id == first.job.id


def test_a_check_that_met_another_draft_is_not_taken_for_this_one(app: Flask, author: Viewer) -> None:
    asked(author)
    drafting.edit(NAME, [{"op": "remove", "path": "/time_zone"}], viewer=author, at=now())
    jobs.do_all(app)
    drafting.undo(NAME, viewer=author, at=now())
    assert asked(author).problems is None
    jobs.do_all(app)
    assert [one.path for one in asked(author).problems or ()] == ["week"]


def test_a_worker_that_dies_leaves_it_to_the_next_and_is_fenced_off(author: Viewer) -> None:
    at = now()
    one = asked(author, at).job
    [dead] = claim(author.session, BackgroundJob, at=at)
    author.session.commit()
    assert (job(author, one).state, work_off(worker.KIND, clock=lambda: at)) == ("running", 0)
    assert work_off(worker.KIND, clock=lambda: at + LEASE) == 1
    assert job(author, one).state == "done"
    author.session.rollback()
    with pytest.raises(Fenced):
        worker.run(dead)
    author.session.rollback()
    assert job(author, one).state == "done"


def test_what_is_told_stands_in_the_row_and_holds_the_lease(author: Viewer) -> None:
    at = now() - LEASE + timedelta(seconds=5)
    one = asked(author, at).job
    [held] = claim(author.session, BackgroundJob, at=at)
    author.session.commit()
    worker.Steps(held)(3, 7)
    assert (job(author, one).done, job(author, one).total) == (3, 7)
    assert claim(author.session, BackgroundJob, at=at + LEASE) == [], "the lease was renewed"
    author.session.rollback()


def test_who_did_not_ask_finds_no_job(author: Viewer) -> None:
    one = asked(author).job
    with pytest.raises(NotFound):
        background.job_of(viewer_of(author.session, OTHER), one.id)


@on_sqlite
def test_a_result_is_forgotten_after_a_day(app: Flask, author: Viewer) -> None:
    one = asked(author).job
    jobs.do_all(app)
    housekeeping.run(now() + timedelta(hours=23))
    assert job(author, one).state == "done"
    housekeeping.run(now() + timedelta(hours=25))
    with pytest.raises(NotFound):
        job(author, one)


@on_sqlite
def test_the_page_before_publishing_waits_for_the_check(app: Flask, author: Viewer, browser_of: Browser) -> None:
    """It looks again by itself, also without JavaScript; nothing can be pressed meanwhile."""
    author.session.rollback()
    browser = browser_of(AUTHOR)
    page = browser.get(f"{HOURS}/publish").text
    for part in (
        'hx-trigger="every 1s"',
        '<noscript><meta http-equiv="refresh"',
        '<button class="btn btn-success" disabled',
    ):
        assert part in page
    jobs.do_all(app)
    page = browser.get(f"{HOURS}/publish").text
    assert ("every 1s" in page, "http-equiv" in page, 'id="found"' in page) == (False, False, True)
    browser.post(f"{HOURS}/text", data={"text": CALENDAR + WEEK})
    browser.get(f"{HOURS}/publish")
    jobs.do_all(app)
    assert '<button class="btn btn-success">' in browser.get(f"{HOURS}/publish").text


@on_sqlite
def test_what_the_solver_finds_waits_for_the_job_and_shows_in_the_studio_then(
    app: Flask, author: Viewer, browser_of: Browser
) -> None:
    """A page is not kept waiting by a form of many conditions; whoever asks by the API waits for all of it."""
    name, base = ("service", "it", "lamp"), "/studio/service/it/lamp"
    drafting.save(name, body=NEVER, viewer=author, at=now(), expected="new")
    document = drafting.current(author.session, name).document
    deep = [one.message for one in checking.check_draft(author.session, document, deep=True) if one.code == "never"]
    checking._remembered.clear()
    author.session.rollback()
    browser = browser_of(AUTHOR)
    assert deep
    assert escape(deep[0]) not in browser.get(f"{base}/history").text + browser.get(f"{base}/translate").text
    browser.get(f"{base}/publish")
    jobs.do_all(app)
    assert escape(deep[0]) in browser.get(f"{base}/publish").text
    assert escape(deep[0]) in browser.get(f"{base}/rules").text


@on_sqlite
def test_a_draft_is_tried_on_past_requests_from_a_page(small: Small, browser_of: Browser, app: Flask) -> None:
    """What is not the reader's to see is counted only; a draft that changed since is said to have."""
    small.person("author", roles=["catalog_admin"])
    small.at = now()
    small.publish("fulfilment: {tasks: [{key: do, title: Do it, group: desk, due: 2 days}]}")
    number = small.request(small.order(what="x")).number
    base, name = "/studio/service/it/thing", ("service", "it", "thing")
    change = {"op": "replace", "path": "/fulfilment/tasks/0/group", "value": "leads"}
    drafting.edit(name, [change], viewer=small.viewer("author"), at=small.at)
    db.session.rollback()
    browser = browser_of("author@example.com")
    assert "Not tried yet" in browser.get(f"{base}/simulation").text
    assert browser.post(f"{base}/simulate", data={"days": "7"}).status_code == 303
    assert "every 1s" in browser.get(f"{base}/simulation").text
    jobs.do_all(app)
    page = browser.get(f"{base}/simulation").text
    assert "Requests tried: 1. Going another way: 1." in page
    assert ("1 of them are not yours to see" in page, number in page) == (True, False)
    page = browser_of("dan@example.com").get(f"{base}/simulation")
    assert page.status_code == 404
    small.person("dora2", roles=["catalog_admin"])
    definitions_row = definitions.get(db.session(), name)
    agent = small.viewer("dan")
    result = simulation.asked(small.viewer("author"), definitions_row)
    assert result is not None and result.result is not None
    assert [one["number"] for one in simulation_sight.seen(agent, result.result)["differences"]] == [number]
    drafting.undo(name, viewer=small.viewer("author"), at=small.at)
    db.session.rollback()
    assert "The draft has changed since" in browser.get(f"{base}/simulation").text


@on_sqlite
def test_a_draft_of_a_calendar_is_tried_from_its_page_and_by_the_api(
    small: Small, browser_of: Browser, api_of: Browser, app: Flask
) -> None:
    small.person("author", roles=["catalog_admin"])
    hours = "kind: calendar\ndepartment: it\nkey: hours\ntitle: H\ntime_zone: UTC\nweek: {mon-sun: ['00:00-20:00']}\n"
    clock = "{measure: resolution, by_priority: {p3: 30 hours}}"
    small.publish(f"sla: {{calendar: hours, priority: p3, targets: [{clock}]}}", hours=hours)
    small.at = now()
    small.order(what="x")
    shorter = {"op": "replace", "path": "/week/mon-sun", "value": ["00:00-10:00"]}
    drafting.edit(NAME, [shorter], viewer=small.viewer("author"), at=small.at)
    db.session.rollback()
    browser, base = browser_of("author@example.com"), "/studio/calendar/it/hours"
    assert f"{base}/simulation" in browser.get(f"{base}/publish").text
    browser.post(f"{base}/simulate", data={"days": "7"})
    jobs.do_all(app)
    assert "Requests tried: 1. Going another way: 1." in browser.get(f"{base}/simulation").text
    found = api_of("author@example.com").post("/api/v1/definitions/calendar/it/hours/simulate", json={}).json
    assert (found["looked_at"], found["hidden"]) == (1, 1)


@on_sqlite
def test_what_differs_is_told_by_names(small: Small) -> None:
    titles = {"boss": "Line manager", "do": "Do it", "resolution": "Done by"}
    aspects = {
        "approvers": {"was": [["boss", [], True]], "now": [["boss", ["dan@example.com", "leads"], False]]},
        "tasks": {"was": [["do", "it", ""]], "now": [["do", "it", "desk"], ["more", "it", ""]]},
        "dates": {"was": {"clock resolution": "2026-01-05T09:00:00Z"}, "now": {}},
    }
    told = [(one.aspect, list(one.was), list(one.now)) for one in differing(aspects, titles=titles)]
    assert told == [
        ("Who approves", ["Line manager: passed over"], ["Line manager: dan@example.com, leads"]),
        ("Tasks", ["Do it: it"], ["Do it: it · desk", "more: it"]),
        ("Due dates", ["Done by: 5 Jan 2026, 09:00"], ["–"]),
    ]


@on_sqlite
def test_a_job_is_there_for_whoever_asked_and_only_while_they_author(small: Small, api_of: Browser, app: Flask) -> None:
    for name in ("author", "other"):
        small.person(name, roles=["catalog_admin"])
    small.publish()
    small.order(what="x")
    change = {"op": "add", "path": "/excluded", "value": "true"}
    drafting.edit(("service", "it", "thing"), [change], viewer=small.viewer("author"), at=small.at)
    db.session.rollback()
    author, other = api_of("author@example.com"), api_of("other@example.com")
    asked = author.post(
        "/api/v1/definitions/service/it/thing/simulate", json={"days": 3650}, headers={"Prefer": "respond-async"}
    )
    path = asked.headers["Location"]
    jobs.do_all(app)
    assert (author.get(path).json["result"]["hidden"], other.get(path).status_code) == (1, 404)
    record_person({"email": "author@example.com", "roles": ""}, actor="system:tests", at=small.at)
    assert author.get(path).status_code == 404
    record_person({"email": "author@example.com", "roles": "catalog_admin", "department": "hr"}, actor="s", at=small.at)
    assert author.get(path).status_code == 404


@on_sqlite
def test_a_draft_that_does_not_resolve_is_refused_in_words(small: Small, browser_of: Browser, app: Flask) -> None:
    small.person("author", roles=["catalog_admin"])
    small.publish()
    name = ("service", "it", "thing")
    drafting.edit(
        name, [{"op": "add", "path": "/approval", "value": {"use": "nowhere"}}], viewer=small.viewer("author"), at=now()
    )
    db.session.rollback()
    browser = browser_of("author@example.com")
    browser.post("/studio/service/it/thing/simulate", data={"days": "7"})
    jobs.do_all(app)
    page = browser.get("/studio/service/it/thing/simulation").text
    assert ("It could not be done." in page, "nowhere" in page) == (True, True)
