"""The portal and the inbox as a browser without JavaScript meets them: pages, forms, answers, and what is refused."""

import html
import io
import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.databases import on_sqlite
from tests.factories.packs import publish_documents
from tests.factories.people import make_group, make_person

from servicehall.clock import now
from servicehall.domain import events as e
from servicehall.models.access import AccessLog
from servicehall.models.approvals import Approval
from servicehall.models.base import db
from servicehall.models.directory import Person
from servicehall.models.log import EventRow
from servicehall.models.notices import Notice
from servicehall.models.operations import FormNonce
from servicehall.models.requests import Comment, Participant, Request
from servicehall.services import decisions, directory, requests
from servicehall.services.lookups import Directory
from servicehall.services.requests import Order
from servicehall.services.visibility import as_viewer
from servicehall.services.work import work
from servicehall.web import accounts

DEPARTMENT = """\
kind: department
key: it
department: it
title: {en: IT, zh: 信息技术部}
agents: [it-desk]
"""
MATRIX = """\
kind: priority_matrix
department: it
key: levels
impact: [company, person]
urgency: [blocked, minor]
priority: [[p1, p2], [p2, p4]]
"""
LAPTOP = """\
kind: service
department: it
key: laptop
title: {en: Get a laptop, zh: 申请笔记本电脑}
summary: A new one
category: devices
icon: device-laptop
keywords: [computer]
price: {amount: "900.00", currency: EUR}
form:
  pages:
    - key: main
      title: Laptop
      fields:
        - key: model
          type: choice
          label: Model
          required: true
          options:
            - {key: light, label: Light}
            - {key: heavy, label: Heavy, price: {amount: "600.00", currency: EUR}}
        - {key: reason, type: text, label: Why heavy, visible: 'model == "heavy"', required: true}
        - {key: quote, type: file, label: Quotation}
        - {key: code, type: text, label: Safe code, classification: secret}
        - key: users
          type: table
          label: Users
          columns:
            - {key: name, type: text, label: User name, required: true}
            - {key: use, type: choice, label: Use, options: [{key: daily, label: Daily}]}
        - {key: budget, type: text, label: Budget code, required: true}
approval:
  stages:
    - {key: manager, title: {en: Line manager, zh: 直属经理}, approvers: [manager: {of: requester}]}
    - {key: security, title: Security, approvers: [group: it-security], fields: [budget]}
fulfilment: {tasks: [{key: hand-over, title: Hand it over, group: it-desk}]}
"""
KEY = """\
kind: service
department: it
key: master-key
title: Master key
confidential: true
audience: requester.department == "it"
form: {pages: [{key: main, title: Key, fields: [{key: door, type: text, label: Door}]}]}
approval: {stages: [{key: head, title: Head, approvers: [person: bo@example.com], sign: true, comment: always}]}
"""
FAULT = """\
kind: service
department: it
key: fault
type: incident
title: Report a fault
category: support
on_behalf: anyone
form: {pages: [{key: main, title: Fault, fields: [{key: what, type: text, label: What, required: true}]}]}
sla:
  calendar: 24x7
  priority: {matrix: it/levels}
  targets: [{measure: resolution, by_priority: {p1: 1 hour, p2: 4 hours, p4: 2 days}}]
fulfilment: {tasks: [{key: repair, title: Repair it, group: it-desk}]}
"""
PACK = {"it.yaml": DEPARTMENT, "levels.yaml": MATRIX, "laptop.yaml": LAPTOP, "key.yaml": KEY, "fault.yaml": FAULT}
ANA, BO, CY, DI, EVE = (f"{name}@example.com" for name in ("ana", "bo", "cy", "di", "eve"))


def make_hall():
    """Ana works for Bo; Cy is security, Di the desk's agent, Eve somebody else."""
    bo = make_person(BO, department="it", locale="en")
    made = ((ANA, "hr"), (CY, "hr"), (DI, "it"), (EVE, "hr"))
    people = [make_person(one, manager=bo.id, department=at, locale="en") for one, at in made]
    make_group("it-security", [people[1].id, bo.id])
    make_group("it-desk", [people[2].id], department="it")
    with work("department/it", actor="system", at=now(), new=True) as w:
        w.record("department/it", e.DepartmentRecorded(department="it"))
    publish_documents(PACK)


@pytest.fixture
def hall(app, world):
    world(make_hall)
    return app


@pytest.fixture
def ana(hall, browser_of):
    return browser_of(ANA)


def viewer_of(email):
    session = db.session()
    return as_viewer(session, directory.by_email(session, email).id)


def order(app, *, by=ANA, service="it/laptop", answers=None, **more):
    """A request made by the services; gives its number."""
    with app.app_context():
        wish = Order(service, answers if answers is not None else {"model": "light"}, **more)
        made = requests.order(wish, viewer=viewer_of(by), at=now())
        return db.session.get(Request, made).number


def events_of(app, number, kind):
    """How many events of a kind stand in a request's stream."""
    with app.app_context():
        row = db.session.scalar(select(Request.id).where(Request.number == number))
        stream = select(func.count()).where(EventRow.stream == f"request/{row}", EventRow.kind == kind)
        return db.session.scalar(stream)


def approve(app, number, *, by, decision="approve", **more):
    """A decision made by the services."""
    with app.app_context():
        row = db.session.scalar(select(Request).where(Request.number == number))
        pending = select(Approval).where(Approval.request_id == row.id, Approval.state == "pending")
        decisions.decide(
            db.session.scalars(pending).one(),
            decision=decision,
            content=row.content,
            viewer=viewer_of(by),
            at=now(),
            proof=decisions.Proof(("email", "password")),
            **more,
        )


def pending_id(app, number):
    with app.app_context():
        return db.session.scalar(
            select(Approval.id)
            .join(Request, Request.id == Approval.request_id)
            .where(Request.number == number, Approval.state == "pending")
        )


def content_of(app, number):
    with app.app_context():
        return db.session.scalar(select(Request.content).where(Request.number == number))


def state_of(app, number):
    with app.app_context():
        return db.session.scalar(select(Request.state).where(Request.number == number))


def count(app, model, *which):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model).where(*which))


def text_of(answer):
    """What a person reads: no tags, one space between words."""
    main = answer.text.split("<main", 1)[-1].split("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def hidden(answer, name):
    """The value of a hidden input."""
    return re.search(rf'name="{name}" value="([^"]*)"', answer.text)[1]


# --- finding ---------------------------------------------------------------------------------------------------


def test_home_offers_services_and_shows_what_is_open_and_waits(hall, ana, browser_of):
    number = order(hall)
    page = text_of(ana.get("/"))
    assert "Devices" in page
    assert f"{number} · Decision by Bo" in page
    assert "Waiting for your decision" not in page
    inbox = text_of(browser_of(BO).get("/"))
    assert "Waiting for your decision 1" in inbox


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Get a laptop", "Report a fault"]),
        ("?q=laptop", ["Get a laptop"]),
        ("?q=笔记本", ["Get a laptop"]),
        ("?q=computer", ["Get a laptop"]),
        ("?category=support", ["Report a fault"]),
        ("?department=hr", []),
        ("?q=elephant", []),
    ],
)
def test_services_are_found_by_words_of_either_language_and_by_filters(hall, ana, query, found):
    page = ana.get(f"/services{query}").text
    titles = re.findall(r'class="tile-title"><a href="[^"]+">([^<]+)', page)
    assert sorted(titles) == found
    assert ("Nothing fits" in page) == (not found)


def test_one_search_finds_services_and_my_requests(hall, ana, browser_of):
    number = order(hall)
    page = text_of(ana.get("/search?q=laptop"))
    assert "A new one" in page
    assert number in page
    assert number not in text_of(browser_of(EVE).get("/search?q=laptop"))
    assert "Nothing found" in text_of(ana.get("/search?q=elephant"))


def test_a_service_outside_the_audience_is_not_there(hall, ana, browser_of):
    assert ana.get("/services/it/master-key").status_code == 404
    assert ana.post("/services/it/master-key", data={"act": "send"}).status_code == 404
    assert ana.post("/services/it/master-key/form").status_code == 404
    assert browser_of(BO).get("/services/it/master-key").status_code == 200


# --- ordering --------------------------------------------------------------------------------------------------


def test_the_page_of_a_service_shows_who_would_approve_and_why(hall, ana):
    page = text_of(ana.get("/services/it/laptop"))
    assert "Line manager Bo" in page.replace("BO ", "").replace("B ", "")
    assert "Manager of the requester" in page
    assert "it-security" in page
    assert "Hand it over" in page
    assert "€900.00" in page


def test_a_column_names_its_cells_once(hall, ana):
    page = ana.get("/services/it/laptop").text
    assert '<legend class="form-label visually-hidden">Use<' in page


def test_an_approver_field_is_not_asked_of_the_requester(hall, ana):
    assert "answers-budget" not in ana.get("/services/it/laptop").text


def test_ordering_leads_to_the_request(hall, ana):
    sent = ana.post("/services/it/laptop", data={"answers-model": "light", "act": "send"})
    assert sent.status_code == 303
    landed = ana.get(sent.headers["Location"])
    assert landed.status_code == 303
    page = text_of(ana.get(landed.headers["Location"]))
    assert "Get a laptop" in page
    assert "Waiting for approval" in page
    assert "Hand it over" in page, "what follows from an approval is said to whoever waits for it too"


def test_a_wrong_order_comes_back_with_every_error_linked_and_what_was_typed(hall, ana):
    answer = ana.post("/services/it/laptop", data={"answers-model": "heavy", "answers-code": "4711", "act": "send"})
    assert answer.status_code == 422
    assert 'href="#field-reason"' in answer.text
    assert 'id="field-reason"' in answer.text
    assert 'value="4711"' in answer.text
    assert count(hall, Request) == 0


def test_the_same_form_sent_twice_is_one_request(hall, ana):
    page = ana.get("/services/it/laptop")
    form = {"answers-model": "light", "act": "send", "nonce": hidden(page, "nonce")}
    first, second = (ana.post("/services/it/laptop", data=form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert count(hall, Request) == 1
    assert count(hall, FormNonce) == 1


def test_what_makes_a_form_count_once_is_its_persons_own(hall, browser_of):
    form = {"answers-model": "light", "act": "send", "nonce": "n1"}
    sent = [browser_of(who).post("/services/it/laptop", data=form).headers["Location"] for who in (ANA, BO)]
    assert (len(set(sent)), count(hall, Request)) == (2, 2)


@pytest.mark.proves("R5")
def test_a_double_click_is_one_request(hall, browser_of):
    nonce = hidden(browser_of(ANA).get("/services/it/laptop"), "nonce")
    form = {"answers-model": "light", "act": "send", "nonce": nonce}
    browsers, barrier, answers = [browser_of(ANA) for _ in range(4)], threading.Barrier(4), []

    def click(browser):
        barrier.wait()
        answers.append(browser.post("/services/it/laptop", data=form))

    threads = [threading.Thread(target=click, args=(one,)) for one in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count(hall, Request) == 1


def test_a_refused_form_may_be_sent_again(hall, ana):
    form = {"answers-model": "heavy", "act": "send", "nonce": "n1"}
    assert ana.post("/services/it/laptop", data=form).status_code == 422
    assert ana.post("/services/it/laptop", data={**form, "answers-reason": "CAD"}).status_code == 303
    assert count(hall, Request) == 1


@pytest.mark.parametrize(
    ("who", "path", "said", "kind"),
    [
        (ANA, "/requests/{number}/watchers", {"email": CY}, "request.watcher_added"),
        (ANA, "/requests/{number}/cancel", {"comment": "Too late"}, "request.state_changed"),
        (ANA, "/requests/{number}/recall", {}, "request.state_changed"),
        (DI, "/requests/{number}/comments", {"body": "On its way"}, "request.commented"),
        (BO, "/approvals/{approval}/decision", {"decision": "approve"}, "approval.decided"),
    ],
)
def test_what_is_sent_twice_happens_once_and_is_not_called_an_error(hall, browser_of, who, path, said, kind):
    number = order(hall)
    approval, browser = pending_id(hall, number), browser_of(who)
    form = {**said, "content_sha256": content_of(hall, number), "nonce": "n1"}
    before = events_of(hall, number, kind)
    first, second = (browser.post(path.format(number=number, approval=approval), data=form) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert events_of(hall, number, kind) == before + 1
    assert "notice tone-warning" not in browser.get(second.headers["Location"]).text


def test_a_priority_sent_twice_is_set_once(hall, browser_of):
    number = order(hall, service="it/fault", answers={"what": "Smoke"}, impact="person", urgency="minor")
    form = {"impact": "company", "urgency": "blocked", "nonce": "n1"}
    assert [browser_of(DI).post(f"/requests/{number}/priority", data=form).status_code for _ in range(2)] == [303, 303]
    assert events_of(hall, number, "request.priority_changed") == 1


def test_an_edited_draft_sent_twice_is_sent_once(hall, ana):
    number = order(hall, draft=True)
    form = {"answers-model": "light", "act": "send", "nonce": "n1"}
    answers = [ana.post(f"/requests/{number}/edit", data=form) for _ in range(2)]
    assert {answer.headers["Location"] for answer in answers} == {f"/requests/{number}"}
    assert events_of(hall, number, "request.submitted") == 1


def test_the_nonce_of_one_person_says_nothing_about_anothers(hall, ana, browser_of):
    number = order(hall)
    for browser in (ana, browser_of(DI)):
        browser.post(f"/requests/{number}/comments", data={"body": "Hello", "nonce": "n1"})
    assert count(hall, Comment) == 2


def test_a_draft_may_be_incomplete_and_nobody_else_sees_it(hall, ana, browser_of):
    saved = ana.post("/services/it/laptop", data={"answers-model": "heavy", "act": "draft"})
    assert saved.status_code == 303
    address = ana.get(saved.headers["Location"]).headers["Location"]
    assert "This is a draft" in text_of(ana.get(address))
    assert address.rsplit("/", 1)[-1] in text_of(ana.get("/requests?tab=drafts"))
    assert browser_of(DI).get(address).status_code == 404


def test_the_check_answers_with_what_would_change_and_keeps_nothing(hall, ana):
    light = ana.post("/services/it/laptop/form", data={"answers-model": "light"})
    heavy = ana.post("/services/it/laptop/form", data={"answers-model": "heavy"})
    assert re.search(r'data-field="reason"[^>]*hidden', light.text)
    assert not re.search(r'data-field="reason"[^>]*hidden', heavy.text)
    assert "€900.00" in light.text
    assert "€1,500.00" in heavy.text
    assert "is-invalid" not in heavy.text
    assert count(hall, Request) == 0


def test_the_preview_button_works_without_scripts(hall, ana):
    answer = ana.post("/services/it/laptop", data={"answers-model": "heavy", "act": "preview"})
    assert answer.status_code == 200
    assert "€1,500.00" in answer.text
    assert count(hall, Request) == 0


def test_rows_are_added_without_scripts(hall, ana):
    answer = ana.post("/services/it/laptop", data={"answers-model": "light", "answers-users-add": "1"})
    assert answer.status_code == 200
    assert "answers-users-0-name" in answer.text
    assert count(hall, Request) == 0


def test_an_uploaded_file_is_kept_while_the_rest_is_put_right(hall, ana):
    pdf = (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "quote.pdf")
    first = ana.post("/services/it/laptop", data={"answers-model": "heavy", "answers-quote": pdf, "act": "send"})
    assert first.status_code == 422
    sha256 = hidden(first, "answers-quote")
    form = {"answers-model": "light", "answers-quote": sha256, "act": "send"}
    landed = ana.get(ana.post("/services/it/laptop", data=form).headers["Location"])
    address = landed.headers["Location"]
    page = ana.get(address).text
    assert "quote.pdf" in page
    file = ana.get(f"{address}/files/{sha256}")
    assert file.data.startswith(b"%PDF")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in file.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("name", "data", "said"), [("evil.html", b"<script>", "not accepted"), ("empty.pdf", b"", "empty")]
)
def test_a_refused_file_says_why_at_its_field(hall, ana, name, data, said):
    form = {"answers-model": "light", "answers-quote": (io.BytesIO(data), name), "act": "send"}
    answer = ana.post("/services/it/laptop", data=form)
    assert answer.status_code in (422, 415)
    assert count(hall, Request) == 0


def test_ordering_for_somebody_else(hall, ana, browser_of):
    form = {
        "answers-what": "No network",
        "requested_for": EVE,
        "impact": "company",
        "urgency": "blocked",
        "act": "send",
    }
    address = ana.get(ana.post("/services/it/fault", data=form).headers["Location"]).headers["Location"]
    page = text_of(ana.get(address))
    assert "for Eve" in page
    assert "P1" in page
    assert address.rsplit("/", 1)[-1] in text_of(browser_of(EVE).get("/requests"))
    assert address.rsplit("/", 1)[-1] in text_of(ana.get("/requests?tab=others"))


def test_whom_one_may_not_order_for_is_said_at_the_field(hall, ana):
    answer = ana.post("/services/it/laptop", data={"answers-model": "light", "requested_for": BO, "act": "send"})
    assert answer.status_code == 422
    assert 'href="#field-requested_for"' in answer.text
    assert count(hall, Request) == 0


# --- my requests -----------------------------------------------------------------------------------------------


def test_my_requests_come_in_pages_and_are_searched(hall, ana):
    numbers = [order(hall) for _ in range(27)]
    first = ana.get("/requests")
    assert text_of(first).count("Get a laptop") == 25
    following = html.unescape(re.search(r'rel="next" href="([^"]+)"', first.text)[1])
    assert text_of(ana.get(following)).count("Get a laptop") == 2
    assert text_of(ana.get(f"/requests?q={numbers[3]}")).count("Get a laptop") == 1
    assert "Nothing fits" in text_of(ana.get("/requests?q=elephant"))


@on_sqlite
@pytest.mark.parametrize("tab", ["open", "all", "drafts", "others", "watching"])
def test_each_empty_list_says_what_it_is_for(hall, ana, tab):
    page = ana.get(f"/requests?tab={tab}")
    assert page.status_code == 200
    assert 'class="empty"' in page.text


def test_a_place_in_a_list_that_is_none_is_refused(hall, ana):
    assert ana.get("/requests?cursor=elephant").status_code == 422


# --- one request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [(ANA, 200), (BO, 200), (DI, 200), (EVE, 404)])
def test_who_sees_a_request(hall, browser_of, who, status):
    number = order(hall)
    assert browser_of(who).get(f"/requests/{number}").status_code == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("get", "/edit"),
        ("post", "/edit"),
        ("post", "/form"),
        ("get", "/cancel"),
        ("post", "/cancel"),
        ("post", "/comments"),
        ("post", "/attachments"),
        ("get", "/attachments/x"),
        ("get", "/files/x"),
        ("get", "/priority"),
        ("post", "/priority"),
        ("post", "/watchers"),
        ("post", "/watchers/x/remove"),
    ],
)
def test_what_is_not_mine_to_see_is_not_there(hall, browser_of, method, path):
    number = order(hall)
    assert getattr(browser_of(EVE), method)(f"/requests/{number}{path}").status_code == 404


def test_a_secret_answer_is_masked_for_approvers_and_shown_to_the_requester(hall, ana, browser_of):
    number = order(hall, answers={"model": "light", "code": "4711"})
    assert "4711" in ana.get(f"/requests/{number}").text
    for path in (f"/requests/{number}", f"/approvals/{pending_id(hall, number)}"):
        page = browser_of(BO).get(path).text
        assert "4711" not in page
        assert "hidden from you" in page


def test_what_people_type_is_never_markup(hall, ana):
    number = order(hall, answers={"model": "heavy", "reason": "<script>alert(1)</script>"})
    ana.post(f"/requests/{number}/comments", data={"body": "<img src=x onerror=alert(1)>"})
    page = ana.get(f"/requests/{number}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_return_says_what_is_wanted_and_the_request_is_sent_again(hall, ana, browser_of):
    number = order(hall, answers={"model": "heavy", "reason": "CAD"})
    approve(hall, number, by=BO, decision="return", comment="Which program?")
    page = text_of(ana.get(f"/requests/{number}"))
    assert "Bo sent this back to you Which program?" in page
    form = ana.get(f"/requests/{number}/edit").text
    assert "Which program?" in form
    assert 'value="CAD"' in form
    sent = ana.post(
        f"/requests/{number}/edit", data={"answers-model": "heavy", "answers-reason": "Zemax", "act": "send"}
    )
    assert sent.status_code == 303
    assert state_of(hall, number) == "pending_approval"
    decision = browser_of(BO).get(f"/approvals/{pending_id(hall, number)}")
    assert "Changed since it was last sent: 1 Why heavy" in text_of(decision)
    assert re.search(r"<del[^>]*>CAD</del>.*<ins[^>]*>Zemax</ins>", decision.text)


def test_a_returned_request_with_errors_stays_returned(hall, ana):
    number = order(hall)
    approve(hall, number, by=BO, decision="return", comment="Why?")
    answer = ana.post(f"/requests/{number}/edit", data={"answers-model": "heavy", "answers-reason": "", "act": "send"})
    assert answer.status_code == 422
    assert 'href="#field-reason"' in answer.text
    assert state_of(hall, number) == "returned"


def test_only_the_requester_edits_and_only_while_it_may_change(hall, ana, browser_of):
    number = order(hall)
    assert ana.get(f"/requests/{number}/edit").status_code == 404
    assert browser_of(BO).get(f"/requests/{number}/edit").status_code == 403


def test_a_draft_is_finished_and_sent(hall, ana):
    number = order(hall, answers={}, draft=True)
    answer = ana.post(f"/requests/{number}/edit", data={"answers-model": "light", "act": "draft"})
    assert answer.status_code == 303
    assert state_of(hall, number) == "draft"
    ana.post(f"/requests/{number}/edit", data={"answers-model": "light", "act": "send"})
    assert state_of(hall, number) == "pending_approval"


def beneficiary_email(app, number):
    with app.app_context():
        found = select(Person.email).join(Request, Request.beneficiary_id == Person.id)
        return db.session.scalar(found.where(Request.number == number))


def test_a_draft_may_be_for_somebody_else_after_all(hall, browser_of):
    number = order(hall, by=BO, draft=True)
    bo = browser_of(BO)
    assert f'value="{ANA}"' in bo.get(f"/requests/{number}/edit").text
    form = {"answers-model": "light", "act": "draft"}
    assert bo.post(f"/requests/{number}/edit", data={**form, "requested_for": ANA}).status_code == 303
    assert beneficiary_email(hall, number) == ANA
    assert re.search(f'value="{ANA}" selected', bo.get(f"/requests/{number}/edit").text)
    bo.post(f"/requests/{number}/edit", data=form)
    assert beneficiary_email(hall, number) == ANA
    bo.post(f"/requests/{number}/edit", data={**form, "requested_for": BO})
    assert beneficiary_email(hall, number) == BO


@pytest.mark.parametrize(("act", "stranger"), [("draft", BO), ("send", BO), ("draft", "nobody@example.com")])
def test_a_draft_is_for_nobody_whom_one_may_not_order_for(hall, ana, act, stranger):
    number = order(hall, draft=True)
    answer = ana.post(
        f"/requests/{number}/edit", data={"answers-model": "light", "act": act, "requested_for": stranger}
    )
    assert answer.status_code == 422
    assert (beneficiary_email(hall, number), state_of(hall, number)) == (ANA, "draft")


def test_a_request_that_came_back_stays_for_whom_it_was(hall, browser_of):
    number = order(hall)
    ana = browser_of(ANA)
    ana.post(f"/requests/{number}/recall")
    ana.post(f"/requests/{number}/edit", data={"answers-model": "light", "act": "draft", "requested_for": BO})
    assert (beneficiary_email(hall, number), state_of(hall, number)) == (ANA, "returned")


def test_acts_ask_first_and_follow_the_table(hall, ana):
    number = order(hall)
    asked = ana.get(f"/requests/{number}/recall")
    assert "Take this request back?" in asked.text
    assert ana.post(f"/requests/{number}/recall").status_code == 303
    assert state_of(hall, number) == "returned"
    again = ana.post(f"/requests/{number}/recall", follow_redirects=True)
    assert "This is not possible while" in again.text
    nothing = ana.post(f"/requests/{number}/cancel", data={"comment": " "}, follow_redirects=True)
    assert "Please say why." in nothing.text
    ana.post(f"/requests/{number}/cancel", data={"comment": "No longer needed"})
    assert state_of(hall, number) == "cancelled"


def test_what_agents_do_is_not_for_the_requester(hall, ana, browser_of):
    number = order(hall, service="it/fault", answers={"what": "Smoke"})
    page = ana.get(f"/requests/{number}").text
    assert f"/requests/{number}/hold" not in page
    assert ana.post(f"/requests/{number}/hold", data={"comment": "Later"}).status_code == 403
    agent = browser_of(DI)
    assert f"/requests/{number}/hold" in agent.get(f"/requests/{number}").text
    agent.post(f"/requests/{number}/hold", data={"comment": "Waiting for a part"})
    assert state_of(hall, number) == "on_hold"
    agent.post(f"/requests/{number}/priority", data={"impact": "company", "urgency": "blocked"})
    assert "P1" in text_of(agent.get(f"/requests/{number}"))
    assert ana.post(f"/requests/{number}/priority", data={"impact": "person", "urgency": "minor"}).status_code == 403


def test_comments_are_said_once_and_internal_ones_stay_inside(hall, ana, browser_of):
    number = order(hall)
    for _ in range(2):
        ana.post(f"/requests/{number}/comments", data={"body": "When?", "nonce": "n1"})
    assert count(hall, Comment) == 1
    agent = browser_of(DI)
    agent.post(f"/requests/{number}/comments", data={"body": "He is impatient", "internal": "yes"})
    assert "He is impatient" in agent.get(f"/requests/{number}").text
    mine = ana.get(f"/requests/{number}").text
    assert "He is impatient" not in mine
    assert "internal comment" not in mine
    assert ana.post(f"/requests/{number}/comments", data={"body": "x", "internal": "yes"}).status_code == 403
    empty = ana.post(f"/requests/{number}/comments", data={"body": " "}, follow_redirects=True)
    assert "Please write something." in empty.text


def test_attachments_are_downloaded_and_never_shown(hall, ana, browser_of):
    number = order(hall)
    file = (io.BytesIO(b"name,amount\na,1\n"), "../../list.csv")
    assert ana.post(f"/requests/{number}/attachments", data={"file": file}).status_code == 303
    page = browser_of(BO).get(f"/requests/{number}").text
    address = re.search(rf'href="(/requests/{number}/attachments/[^"]+)"', page)[1]
    answer = browser_of(BO).get(address)
    assert answer.headers["Content-Disposition"] == "attachment; filename=list.csv"
    assert browser_of(EVE).get(address).status_code == 404
    nothing = ana.post(f"/requests/{number}/attachments", data={}, follow_redirects=True)
    assert "Choose a file first." in nothing.text


def test_watchers_see_the_request_until_they_are_removed(hall, ana, browser_of):
    number = order(hall)
    eve = browser_of(EVE)
    ana.post(f"/requests/{number}/watchers", data={"email": EVE})
    page = eve.get(f"/requests/{number}")
    assert page.status_code == 200
    assert number in text_of(eve.get("/requests?tab=watching"))
    remove = re.search(rf'action="(/requests/{number}/watchers/[^"]+/remove)"', page.text)[1]
    assert eve.post(remove).headers["Location"] == "/requests?tab=watching"
    assert eve.get(f"/requests/{number}").status_code == 404
    unknown = ana.post(f"/requests/{number}/watchers", data={"email": "no@example.com"}, follow_redirects=True)
    assert "There is no active person with this address." in unknown.text


def test_reading_what_is_confidential_is_logged_and_reading_ones_own_is_not(hall, browser_of):
    number = order(hall, by=DI, service="it/master-key", answers={"door": "1"})
    browser_of(DI).get(f"/requests/{number}")
    assert count(hall, AccessLog) == 0
    browser_of(BO).get(f"/requests/{number}")
    assert count(hall, AccessLog) == 1


# --- the inbox -------------------------------------------------------------------------------------------------


def test_the_inbox_of_person_and_group(hall, ana, browser_of):
    number = order(hall)
    assert number in text_of(browser_of(BO).get("/approvals"))
    assert "Nothing waits for you" in text_of(ana.get("/approvals"))
    approve(hall, number, by=BO)
    page = text_of(browser_of(CY).get("/approvals"))
    assert number in page
    assert "in group it-security" in page
    assert "Approved" in text_of(browser_of(BO).get("/approvals?tab=decided"))


def test_everything_to_decide_on_one_screen(hall, browser_of):
    number = order(hall, answers={"model": "heavy", "reason": "CAD"})
    page = text_of(browser_of(BO).get(f"/approvals/{pending_id(hall, number)}"))
    for part in ("Heavy", "CAD", "€1,500.00", "Manager of the requester", "Hand it over", "Security Not yet asked"):
        assert part in page


def test_a_decision_offers_the_next_one(hall, browser_of):
    first, second = order(hall), order(hall)
    bo = browser_of(BO)
    approval = pending_id(hall, first)
    shown = bo.get(f"/approvals/{approval}")
    form = {"decision": "approve", "content_sha256": hidden(shown, "content_sha256")}
    answer = bo.post(f"/approvals/{approval}/decision", data=form, follow_redirects=True)
    assert f"You approved {first}." in text_of(answer)
    assert f"({second})" in text_of(answer)


def test_a_comment_is_asked_where_the_stage_wants_one(hall, browser_of):
    number = order(hall)
    approval, bo = pending_id(hall, number), browser_of(BO)
    content = hidden(bo.get(f"/approvals/{approval}"), "content_sha256")
    address, form = f"/approvals/{approval}/decision", {"decision": "reject", "content_sha256": content}
    refused = bo.post(address, data=form)
    assert refused.status_code == 422
    assert 'href="#field-comment"' in refused.text
    assert bo.post(address, data={**form, "comment": "No money"}).status_code == 303
    assert state_of(hall, number) == "rejected"


def test_an_approval_is_sent_back_for_changes(hall, ana, browser_of):
    number = order(hall)
    approval, bo = pending_id(hall, number), browser_of(BO)
    content = hidden(bo.get(f"/approvals/{approval}"), "content_sha256")
    form = {"decision": "return", "content_sha256": content, "comment": "Which one?"}
    assert bo.post(f"/approvals/{approval}/decision", data=form).status_code == 303
    assert state_of(hall, number) == "returned"
    assert "Which one?" in text_of(ana.get(f"/requests/{number}"))


def test_the_fields_of_a_stage_are_asked_of_its_approver(hall, browser_of):
    number = order(hall)
    approve(hall, number, by=BO)
    approval, cy = pending_id(hall, number), browser_of(CY)
    shown = cy.get(f"/approvals/{approval}")
    assert 'name="answers-budget"' in shown.text
    form = {"decision": "approve", "content_sha256": hidden(shown, "content_sha256")}
    refused = cy.post(f"/approvals/{approval}/decision", data={**form, "comment": "Fine by me"})
    assert refused.status_code == 422
    assert 'href="#field-budget"' in refused.text
    assert "Fine by me" in refused.text
    taken = cy.post(f"/approvals/{approval}/decision", data={**form, "answers-budget": "B-12"})
    assert taken.status_code == 303
    assert state_of(hall, number) == "in_progress"
    assert "B-12" in cy.get(f"/requests/{number}").text


def test_a_signed_decision_wants_the_password(hall, browser_of):
    with hall.app_context():
        accounts.set_password(db.session(), BO, accounts.hash_password("open sesame"))
    number = order(hall, by=DI, service="it/master-key", answers={"door": "1"})
    approval, bo = pending_id(hall, number), browser_of(BO)
    shown = bo.get(f"/approvals/{approval}")
    assert 'type="password"' in shown.text
    address = f"/approvals/{approval}/decision"
    form = {"decision": "approve", "content_sha256": hidden(shown, "content_sha256"), "comment": "Needed"}
    for password in ("", "wrong"):
        refused = bo.post(address, data={**form, "email": BO, "password": password})
        assert refused.status_code == 422
        assert 'href="#field-password"' in refused.text
    first = bo.post(address, data={**form, "password": "open sesame"})
    assert first.status_code == 422, "the first signature since signing in takes both components"
    assert bo.post(address, data={**form, "email": BO, "password": "open sesame"}).status_code == 303
    assert "Signed" in text_of(bo.get(f"/approvals/{approval}"))


def test_what_was_decided_already_is_409_and_shows_how_it_is_now(hall, ana, browser_of):
    number = order(hall)
    approval, bo = pending_id(hall, number), browser_of(BO)
    content = hidden(bo.get(f"/approvals/{approval}"), "content_sha256")
    ana.post(f"/requests/{number}/recall")
    late = bo.post(f"/approvals/{approval}/decision", data={"decision": "approve", "content_sha256": content})
    assert late.status_code == 409
    assert "No longer needed" in text_of(late)


def test_other_content_than_the_one_shown_is_409_with_the_form_again(hall, browser_of):
    number = order(hall)
    approval, bo = pending_id(hall, number), browser_of(BO)
    stale = bo.post(
        f"/approvals/{approval}/decision", data={"decision": "approve", "content_sha256": "0" * 64, "comment": "Yes"}
    )
    assert stale.status_code == 409
    assert "has changed since you opened it" in text_of(stale)
    assert ">Yes</textarea>" in stale.text
    assert hidden(stale, "content_sha256") != "0" * 64
    assert state_of(hall, number) == "pending_approval"


@pytest.mark.parametrize(("who", "status"), [(ANA, 403), (DI, 403), (EVE, 404)])
def test_nobody_else_decides(hall, browser_of, who, status):
    number = order(hall)
    approval = pending_id(hall, number)
    content = hidden(browser_of(BO).get(f"/approvals/{approval}"), "content_sha256")
    form = {"decision": "approve", "content_sha256": content}
    assert browser_of(who).post(f"/approvals/{approval}/decision", data=form).status_code == status
    assert state_of(hall, number) == "pending_approval"


def test_many_at_once_each_for_itself(hall, ana, browser_of):
    numbers = [order(hall) for _ in range(3)]
    ids = [pending_id(hall, number) for number in numbers]
    bo = browser_of(BO)
    asked = bo.post("/approvals/selected", data={"decision": "approve", "approval": ids})
    assert "Approve 3 requests?" in text_of(asked)
    contents = {f"content-{one}": hidden(asked, f"content-{one}") for one in ids}
    ana.post(f"/requests/{numbers[1]}/recall")
    done = bo.post("/approvals/decisions", data={"decision": "approve", "approval": ids, **contents})
    assert done.status_code == 200
    assert "2 of 3 were decided" in text_of(done)
    assert [state_of(hall, number) for number in numbers] == ["pending_approval", "returned", "pending_approval"]
    assert {pending_id(hall, number) for number in numbers}.isdisjoint(ids)


def test_rejecting_many_without_a_comment_rejects_none_and_says_why(hall, browser_of):
    number = order(hall)
    approval, bo = pending_id(hall, number), browser_of(BO)
    asked = bo.post("/approvals/selected", data={"decision": "reject", "approval": [approval]})
    content = {f"content-{approval}": hidden(asked, f"content-{approval}")}
    form = {"decision": "reject", "approval": [approval], **content}
    refused = bo.post("/approvals/decisions", data=form)
    assert "0 of 1 were decided" in text_of(refused)
    assert "Please say why." in text_of(refused)
    bo.post("/approvals/decisions", data={**form, "comment": "No money this year"})
    assert state_of(hall, number) == "rejected"


@pytest.mark.parametrize("path", ["/approvals/selected", "/approvals/decisions"])
def test_many_at_once_of_none_leads_back(hall, browser_of, path):
    answer = browser_of(BO).post(path, data={"decision": "approve"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/approvals")


# --- deputies, notices, profile, lookup ------------------------------------------------------------------------


def test_a_deputy_is_named_listed_and_taken_back(hall, browser_of):
    bo, today = browser_of(BO), now().date()
    form = {"deputy": EVE, "since": str(today), "until": str(today + timedelta(days=3)), "departments": ["it"]}
    assert bo.post("/deputies", data=form).status_code == 303
    page = bo.get("/deputies")
    assert "Eve" in text_of(page)
    assert "In force" in text_of(page)
    assert "Bo" in text_of(browser_of(EVE).get("/deputies"))
    end = re.search(r'href="(/deputies/[^"]+/end)"', page.text)[1]
    assert "End this deputation?" in bo.get(end).text
    assert browser_of(EVE).post(end).status_code == 404
    assert bo.post(end).status_code == 303
    assert "You have named no deputy." in text_of(bo.get("/deputies"))


@on_sqlite
@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"deputy": "", "since": "2030-01-01", "until": "2030-01-02"}, "deputy"),
        ({"deputy": BO, "since": "2030-01-01", "until": "2030-01-02"}, "deputy"),
        ({"deputy": EVE, "since": "soon", "until": "2030-01-02"}, "since"),
        ({"deputy": EVE, "since": "2030-01-03", "until": "2030-01-02"}, "until"),
        ({"deputy": EVE, "since": "2020-01-01", "until": "2020-01-02"}, "until"),
    ],
)
def test_a_deputy_that_cannot_be_named_says_where(hall, browser_of, said, path):
    answer = browser_of(BO).post("/deputies", data=said)
    assert answer.status_code == 422
    assert f'href="#field-{path}"' in answer.text


def test_notices_are_read_by_their_owner_alone(hall, browser_of):
    order(hall)
    bo = browser_of(BO)
    page = bo.get("/notices")
    address = re.search(r'action="(/notices/[^"]{36})"', page.text)[1]
    assert 'class="count"' in page.text
    assert browser_of(EVE).post(address).status_code == 404
    followed = bo.post(address)
    assert followed.status_code == 303
    assert followed.headers["Location"].startswith("/approvals/")
    assert count(hall, Notice, Notice.read_at.is_(None), Notice.person_id == bo_id(hall)) == 0
    order(hall)
    bo.post("/notices/read")
    assert count(hall, Notice, Notice.read_at.is_(None), Notice.person_id == bo_id(hall)) == 0


@on_sqlite
def test_a_notice_in_the_page_names_the_request_in_the_place_of_an_address(hall, browser_of):
    told = "kind: notification\ndepartment: it\nkey: asked\nevent: approval_requested\n"
    with hall.app_context():
        publish_documents({**PACK, "asked.yaml": f'{told}subject: "Please decide"\nbody: "Decide: {{url}}"\n'})
    number = order(hall)
    page = text_of(browser_of(BO).get("/notices"))
    assert f"Decide: {number}" in page
    assert "http" not in page


def bo_id(app):
    return viewer_id(app, BO)


def viewer_id(app, email):
    with app.app_context():
        return viewer_of(email).id


def test_a_profile_changes_language_zone_and_mail(hall, ana):
    form = {"locale": "zh", "time_zone": "Asia/Shanghai", "theme": "dark", "density": "compact", "mail-all": "on"}
    assert ana.post("/profile", data=form).status_code == 303
    page = ana.get("/profile").text
    assert '<html lang="zh-Hans" data-bs-theme="dark"' in page
    assert 'data-shortcuts="off"' in page
    assert 'value="Asia/Shanghai" selected' in page
    with hall.app_context():
        kept = viewer_of(ANA).person.preferences
    assert kept["mail"]["all"] is True
    assert kept["mail"]["comment_added"] is False
    wrong = ana.post("/profile", data={**form, "time_zone": "Moon/Base"})
    assert wrong.status_code == 422


def test_the_language_goes_with_the_person_by_an_act_of_their_own(hall, ana, browser_of):
    before = viewer_id(hall, ANA)
    assert ana.post("/preferences", data={"locale": "zh", "next": "/requests"}).headers["Location"] == "/requests"
    ana.post("/preferences", data={"locale": "zh"})
    assert '<html lang="zh-Hans"' in browser_of(ANA).get("/").text
    assert ana.get_cookie("locale") is None
    with hall.app_context():
        mine = select(EventRow).where(EventRow.stream == f"person/{before}").order_by(EventRow.sequence.desc())
        last, first = db.session.scalars(mine).all()
    assert (last.actor, last.body["changed"]) == (before, ["locale"])
    assert first.actor == "system"


@on_sqlite
def test_the_summary_of_what_is_wrong_names_each_place(hall, ana):
    answer = ana.post("/services/it/laptop", data={"answers-model": "heavy", "answers-users-0-name": "", "act": "send"})
    assert answer.status_code == 422
    assert "Why heavy: This needs an answer." in text_of(answer)


def test_answers_call_departments_by_title_and_those_who_left_by_name(hall):
    bo = bo_id(hall)
    with hall.app_context():
        make_person("gone@example.com", active=False)
        found = Directory(db.session(), author=bo)
        called = [found.label(*asked, "zh") for asked in (("department", "it"), ("department", "old"), ("group", "it"))]
        assert called == ["信息技术部", "old", "it"]
        assert found.label("person", "gone@example.com", "en") == "Gone"
        assert not found.exists("person", "gone@example.com")


def test_lookups_are_short_and_for_those_signed_in(hall, ana, client):
    found = ana.get("/lookup/person?q=ev").json
    assert [one["value"] for one in found] == [EVE]
    assert ana.get("/lookup?kind=person&q=ev").json == found
    assert ana.get("/lookup/elephant?q=e").status_code == 404
    assert client.get("/lookup/person?q=ev").status_code in (303, 401)


# --- everything ------------------------------------------------------------------------------------------------

PAGES = ["/", "/services", "/search", "/requests", "/approvals", "/deputies", "/notices", "/profile"]


@on_sqlite
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_those_signed_in(hall, client, path):
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login/")


@on_sqlite
@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize("path", [*PAGES, "/services/it/laptop", "/services/it/fault"])
def test_pages_speak_both_languages(hall, ana, path, locale):
    ana.post("/preferences", data={"locale": locale})
    answer = ana.get(path)
    assert answer.status_code == 200
    assert ("我的申请" in answer.text) == (locale == "zh")


@on_sqlite
@pytest.mark.parametrize("path", ["/services/it/laptop", "/requests/REQ-000001/comments", "/deputies", "/profile"])
def test_a_forged_form_is_refused(hall, ana, path):
    del ana.environ_base["HTTP_X_CSRFTOKEN"]
    assert ana.post(path, data={"act": "send"}).status_code == 403


def test_nobody_takes_part_by_looking(hall, ana, browser_of):
    number = order(hall)
    before = count(hall, Participant)
    browser_of(DI).get(f"/requests/{number}")
    browser_of(BO).get(f"/approvals/{pending_id(hall, number)}")
    assert count(hall, Participant) == before
