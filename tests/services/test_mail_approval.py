"""Deciding by the link of a mail: one person, one approval, one content, once; and what an attacker gets."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from tests.databases import on_sqlite
from tests.factories.postbox import Postbox, deliver
from tests.factories.small import Small

from servicehall import config
from servicehall.clock import now
from servicehall.models.base import db
from servicehall.models.log import EventRow
from servicehall.models.notices import ApprovalLink, Notice
from servicehall.models.operations import Outbox
from servicehall.services import delegations, secret_links
from servicehall.services.approval_links import PURPOSE
from servicehall.services.people import record_person, set_preferences
from servicehall.services.work import read_content
from servicehall.web import accounts
from servicehall.web.inbox import mailed

pytestmark = on_sqlite
FIELDS = """\
[{key: what, type: text, label: What}, {key: inner, type: text, label: Inner, classification: internal},
 {key: home, type: text, label: Home, classification: personal},
 {key: iban, type: text, label: IBAN, classification: secret}]"""
SAID = {"what": "a desk lamp", "inner": "cost centre 7", "home": "Elm Street 7", "iban": "DE00 1234"}
STAGE = "{key: one, comment: on_reject, shows: [iban], approvers: [manager: {}]}"
TASKS = "\nfulfilment: {tasks: [{key: a, title: A, group: desk}]}"
PASSWORD = "right horse"
Stranger = FlaskClient


@pytest.fixture
def small(small: Small) -> Small:
    """Mail is set up; nothing needs to arrive."""
    config.use(replace(config.current(), smtp_url="smtp://127.0.0.1:9", base_url="https://hall.example.com"))
    small.at = now()
    return small


def publish(small: Small, stage: str = STAGE, **said: Any) -> None:
    small.publish(f"approval: {{stages: [{stage}]}}{TASKS}", fields=FIELDS, **said)


@pytest.fixture
def made(small: Small) -> str:
    publish(small)
    return small.order(**SAID)


@pytest.fixture
def stranger(app: Any) -> Stranger:
    """A browser in which nobody is signed in, with the token that its form carried."""
    return browser_with_token(app)


def browser_with_token(app: Any) -> FlaskClient:
    client: FlaskClient = app.test_client()
    client.environ_base["HTTP_X_CSRFTOKEN"] = re.search(
        r'name="csrf_token" value="([^"]+)"', client.get("/login/").text
    )[1]  # type: ignore[index]
    return client


def secrets_of(small: Small, name: str) -> list[str]:
    """The secrets of the links that were mailed to somebody, oldest first."""
    rows = (
        select(ApprovalLink.id)
        .where(ApprovalLink.person_id == small.ids[name])
        .order_by(ApprovalLink.expires_at, ApprovalLink.id)
    )
    found = [secret_links.secret_of(PURPOSE, one) for one in db.session.scalars(rows)]
    db.session.rollback()
    return found


def state_of(small: Small, made: str) -> str:
    state = small.state(made)
    db.session.rollback()
    return state


def words_of(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text.split("<main", 1)[-1])).split())


def events() -> int:
    count = db.session.scalar(select(func.count()).select_from(EventRow)) or 0
    db.session.rollback()
    return count


def decisions_of(made: str) -> list[EventRow]:
    rows = select(EventRow).where(EventRow.stream == f"request/{made}", EventRow.kind == "approval.decided")
    found = list(db.session.scalars(rows))
    db.session.rollback()
    return found


def test_the_mail_carries_the_link_and_the_page_shows_what_a_mail_may(
    small: Small, mailing: Postbox, made: str, stranger: Stranger
) -> None:
    deliver()
    (mail,) = [one for one in mailing.mails if one["To"].endswith("<boss@example.com>")]
    text, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    (secret,) = secrets_of(small, "boss")
    assert f"https://hall.example.com/decide?key={secret}" in text
    assert re.search(rf'href="https://hall.example.com/decide\?key={secret}">Look at it and decide<', page)
    assert "do not pass this mail on" in text
    shown = stranger.get(f"/decide?key={secret}")
    assert shown.status_code == 200
    for said in ("A thing", "a desk lamp", "cost centre 7", "Your decision, Boss", "Asks"):
        assert said in words_of(shown)
    for hidden in ("Elm Street", "DE00"):
        assert hidden not in shown.text
    assert words_of(shown).count("Shown only when you are signed in") == 2
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert shown.headers["Cache-Control"] == "no-store"


def test_its_pages_are_in_its_persons_language(small: Small, stranger: Stranger) -> None:
    record_person({"email": "boss@example.com", "locale": "zh"}, actor="system:tests", at=small.at)
    publish(small, STAGE.replace("key: one", "key: one, title: {en: Line manager, zh: 直属经理}"))
    small.order(**SAID)
    (secret,) = secrets_of(small, "boss")
    page = words_of(stranger.get(f"/decide?key={secret}"))
    for said in ("申请事项", "直属经理", "登录后才显示"):
        assert said in page
    assert "Line manager" not in page
    assert "请说明原因" in words_of(stranger.post("/decide", data={"key": secret, "decision": "reject"}))
    used = stranger.post("/decide", data={"key": secret, "decision": "approve"}, follow_redirects=True)
    again = stranger.get(f"/decide?key={secret}", follow_redirects=True)
    assert "审批完成" in words_of(used) and "审批完成" in words_of(again)


def test_looking_decides_nothing_however_often(small: Small, made: str, stranger: Stranger, caplog: Any) -> None:
    (secret,), before = secrets_of(small, "boss"), events()
    caplog.set_level("INFO")
    for _ in range(3):
        assert stranger.get(f"/decide?key={secret}&decision=approve").status_code == 200
        assert stranger.head(f"/decide?key={secret}").status_code == 200
    assert (events(), state_of(small, made)) == (before, "pending_approval")
    assert secret not in caplog.text


def test_one_press_decides_once_and_a_second_is_led_where_the_first_was(
    small: Small, made: str, stranger: Stranger
) -> None:
    (secret,) = secrets_of(small, "boss")
    first = stranger.post("/decide", data={"key": secret, "decision": "approve"})
    assert (first.status_code, first.headers["Location"]) == (303, "/decide/done?locale=en")
    assert state_of(small, made) == "in_progress"
    for again in (
        stranger.post("/decide", data={"key": secret, "decision": "reject"}),
        stranger.get(f"/decide?key={secret}"),
    ):
        assert (again.status_code, again.headers["Location"]) == (303, "/decide/done?locale=en")
    assert "This is decided" in words_of(stranger.get("/decide/done"))
    (decided,) = decisions_of(made)
    assert (decided.actor, decided.body["link"] is not None) == (small.ids["boss"], True)


def test_two_presses_at_once_are_one_decision(small: Small, app: Any, made: str) -> None:
    (secret,) = secrets_of(small, "boss")
    browsers, barrier, statuses = [browser_with_token(app) for _ in range(3)], threading.Barrier(3), []

    def press(browser: FlaskClient, decision: str) -> None:
        barrier.wait()
        statuses.append(
            browser.post("/decide", data={"key": secret, "decision": decision, "comment": "no"}).status_code
        )

    threads = [
        threading.Thread(target=press, args=one) for one in zip(browsers, ("approve", "reject", "return"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(decisions_of(made)) == 1
    assert statuses == [303, 303, 303]


def test_without_the_token_of_the_page_nothing_is_taken(small: Small, app: Any, made: str) -> None:
    (secret,) = secrets_of(small, "boss")
    assert app.test_client().post("/decide", data={"key": secret, "decision": "approve"}).status_code == 403
    assert state_of(small, made) == "pending_approval"


@pytest.mark.parametrize(
    ("said", "told"),
    [({"decision": "reject"}, "Please say why"), ({"decision": "maybe"}, "Choose one of"), ({}, "Choose one of")],
)
def test_what_is_wrong_is_said_and_the_link_stays_good(
    small: Small, made: str, stranger: Stranger, said: dict[str, str], told: str
) -> None:
    (secret,) = secrets_of(small, "boss")
    answer = stranger.post("/decide", data={"key": secret, **said})
    assert (answer.status_code, told in words_of(answer)) == (422, True)
    assert stranger.post("/decide", data={"key": secret, "decision": "return"}).status_code == 303
    assert state_of(small, made) == "returned"


# --- what ends a link ---


def changed(small: Small, made: str) -> None:
    small.act("asks", "recall", made)
    small.amend(made, what="two lamps")
    small.submit(made)


def sent_again_unchanged(small: Small, made: str) -> None:
    small.act("asks", "recall", made)
    small.submit(made)


def cancelled(small: Small, made: str) -> None:
    small.act("asks", "cancel", made)


def decided(small: Small, made: str) -> None:
    small.decide("boss", "approve", made)


def expired(small: Small, made: str) -> None:
    db.session.execute(update(ApprovalLink).values(expires_at=now()))
    db.session.commit()


def left(small: Small, made: str) -> None:
    record_person({"email": "boss@example.com", "active": "no"}, actor="system:tests", at=small.at)


def left_and_came_back(small: Small, made: str) -> None:
    left(small, made)
    record_person({"email": "boss@example.com", "active": "yes"}, actor="system:tests", at=small.at)


def went_away(small: Small, made: str) -> None:
    today = small.at.date()
    wish = {"deputy": "dan@example.com", "since": today - timedelta(days=1), "until": today + timedelta(days=1)}
    delegations.delegate(**wish, departments=None, viewer=small.viewer("boss"), at=small.at)
    small.go(seconds=1)
    small.ring_due()


def went_away_and_came_back(small: Small, made: str) -> None:
    went_away(small, made)
    (one,) = delegations.mine(small.viewer("boss"))
    delegations.end(one.id, viewer=small.viewer("boss"), at=small.go(seconds=1))
    small.ring_due()


def account_was_closed(small: Small, made: str) -> None:
    accounts.set_password(db.session(), "boss@example.com", accounts.hash_password(PASSWORD))
    db.session.execute(update(accounts.User).values(active=False))
    db.session.commit()


def another_key(small: Small, made: str) -> None:
    db.session.execute(update(ApprovalLink).values(hash="sha256:" + "0" * 64))
    db.session.commit()


ENDS = [
    changed,
    sent_again_unchanged,
    cancelled,
    decided,
    expired,
    left,
    left_and_came_back,
    went_away,
    went_away_and_came_back,
    account_was_closed,
    another_key,
]


@pytest.mark.parametrize("end", ENDS)
def test_a_link_ends_for_good(small: Small, made: str, stranger: Stranger, end: Callable[[Small, str], None]) -> None:
    secret = secrets_of(small, "boss")[0]
    assert stranger.get(f"/decide?key={secret}").status_code == 200
    end(small, made)
    before, state = events(), state_of(small, made)
    assert stranger.get(f"/decide?key={secret}").status_code == 404
    assert stranger.post("/decide", data={"key": secret, "decision": "approve"}).status_code == 404
    assert (events(), state_of(small, made)) == (before, state)


def test_a_new_round_and_a_deputy_get_links_of_their_own(small: Small, made: str, stranger: Stranger) -> None:
    changed(small, made)
    old, new = secrets_of(small, "boss")
    good = [secret for secret in (old, new) if stranger.get(f"/decide?key={secret}").status_code == 200]
    assert len(good) == 1
    went_away(small, made)
    (deputy,) = secrets_of(small, "dan")
    page = stranger.get(f"/decide?key={deputy}")
    assert "You stand in for Boss." in words_of(page)
    assert stranger.post("/decide", data={"key": deputy, "decision": "approve"}).status_code == 303
    (done,) = decisions_of(made)
    assert (done.actor, done.on_behalf_of) == (small.ids["dan"], small.ids["boss"])


def test_of_a_group_each_has_a_link_and_the_first_decides(small: Small, stranger: Stranger) -> None:
    publish(small, "{key: one, approvers: [group: desk]}")
    made = small.order(**SAID)
    (dan,), (dora,) = secrets_of(small, "dan"), secrets_of(small, "dora")
    assert stranger.post("/decide", data={"key": dan, "decision": "approve"}).status_code == 303
    assert stranger.post("/decide", data={"key": dora, "decision": "reject", "comment": "no"}).status_code == 404
    assert [one.actor for one in decisions_of(made)] == [small.ids["dan"]]


# --- attacks ---


@pytest.mark.parametrize("secret", ["", "x", "0" * 43, "a" * 5000, "' OR 1=1 --", "%00", "\u7532"])
def test_a_made_up_link_opens_nothing(small: Small, made: str, stranger: Stranger, secret: str) -> None:
    assert stranger.get("/decide", query_string={"key": secret}).status_code == 404
    assert stranger.post("/decide", data={"key": secret, "decision": "approve"}).status_code == 404


def test_neither_a_notice_s_id_nor_the_stored_hash_opens_it(small: Small, made: str, stranger: Stranger) -> None:
    (secret,) = secrets_of(small, "boss")
    link = db.session.scalars(select(ApprovalLink)).one()
    known = [link.id, link.hash, link.hash.removeprefix("sha256:"), link.approval_id]
    db.session.rollback()
    for one in known:
        assert stranger.get("/decide", query_string={"key": one}).status_code == 404
    held = [
        str(row)
        for table in (ApprovalLink, Notice, Outbox, EventRow)
        for row in db.session.execute(select(table.__table__))
    ]
    db.session.rollback()
    assert not [row for row in held if secret in row]


def test_guesses_are_counted_for_each_address(small: Small, made: str, stranger: Stranger) -> None:
    (secret,) = secrets_of(small, "boss")
    statuses = [stranger.get(f"/decide?key=guess-{number}").status_code for number in range(22)]
    assert statuses == [404] * 20 + [429] * 2
    refused = stranger.get(f"/decide?key={secret}")
    assert (refused.status_code, 1 <= int(refused.headers["Retry-After"]) <= 300) == (429, True)
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert stranger.get(f"/decide?key={secret}", environ_overrides=elsewhere).status_code == 200
    assert mailed.WRONG_LINKS.most.startswith("20 ")


def test_a_mail_that_was_passed_on_is_of_no_use_to_a_colleague_who_is_signed_in(
    small: Small, made: str, browser_of: Callable[[str], FlaskClient]
) -> None:
    (secret,) = secrets_of(small, "boss")
    for colleague in ("dan@example.com", "root@example.com"):
        browser = browser_of(colleague)
        assert browser.get(f"/decide?key={secret}").status_code == 404
        assert browser.post("/decide", data={"key": secret, "decision": "approve"}).status_code == 404
    own = browser_of("boss@example.com").get(f"/decide?key={secret}")
    assert (own.status_code, own.headers["Location"]) == (303, f"/approvals/{small.approvals(made)[0].id}")
    db.session.rollback()
    assert state_of(small, made) == "pending_approval"


def test_a_link_decides_its_own_approval_alone_and_opens_nothing_else(
    small: Small, made: str, stranger: Stranger
) -> None:
    other = small.order(**SAID)
    first = secrets_of(small, "boss")[0]
    stranger.post("/decide", data={"key": first, "decision": "approve", "approval": "x", "content_sha256": "0" * 64})
    assert sorted([state_of(small, made), state_of(small, other)]) == ["in_progress", "pending_approval"]
    for path in ("/approvals", "/", f"/approvals/{small.approvals(other)[0].id}", "/api/v1/approvals"):
        db.session.rollback()
        assert stranger.get(path, headers={"Accept": "application/json"}).status_code in (303, 401)


def test_a_signed_stage_asks_for_both_components_each_time(small: Small, stranger: Stranger) -> None:
    publish(small, STAGE.replace("comment: on_reject", "sign: true"))
    made = small.order(**SAID)
    (secret,) = secrets_of(small, "boss")
    said = {"key": secret, "decision": "approve"}
    both = {"email": "boss@example.com", "password": PASSWORD}
    assert "Your account has no password" in words_of(stranger.post("/decide", data={**said, **both}))
    for name in ("boss", "dan"):
        accounts.set_password(db.session(), f"{name}@example.com", accounts.hash_password(PASSWORD))
    for wrong in ({}, {"email": "boss@example.com"}, {"password": PASSWORD}, {**both, "email": "dan@example.com"}):
        assert stranger.post("/decide", data={**said, **wrong}).status_code == 422
    for _ in range(8):
        stranger.post("/decide", data={**said, **both, "password": "guess"})
    assert stranger.post("/decide", data={**said, **both}).status_code == 429
    assert state_of(small, made) == "pending_approval"
    stranger.application.appbuilder.sm.limiter.reset()  # type: ignore[attr-defined]
    assert stranger.post("/decide", data={**said, **both}).status_code == 303
    signature = read_content(db.session(), small.approvals(made)[0].signature or "") or {}
    db.session.rollback()
    assert (signature["name"], signature["components"]) == ("Boss", ["email", "password"])


@pytest.mark.parametrize("why", ["confidential", "fields", "switched off", "no mail wanted"])
def test_no_link_is_given(small: Small, why: str) -> None:
    if why == "switched off":
        config.use(replace(config.current(), mail_link_hours=0))
    stage = STAGE.replace("shows: [iban]", "fields: [inner]") if why == "fields" else STAGE
    publish(small, stage, confidential=why == "confidential")
    if why == "no mail wanted":
        set_preferences(small.ids["boss"], {"mail": {"all": False}}, at=small.at)
    small.order(**SAID)
    assert secrets_of(small, "boss") == []
    assert "approval_requested" in small.notices("boss")


@pytest.mark.parametrize(
    ("more", "links"), [("", 1), (", fields: [inner]", 0)], ids=["a link", "none, it asks for more"]
)
def test_a_gate_of_the_plan_is_decided_by_mail_too(small: Small, stranger: Stranger, more: str, links: int) -> None:
    gate = f"{{key: g, approval: {{stages: [{{key: s, approvers: [person: sec@example.com]{more}}}]}}}}"
    small.publish(f"fulfilment: {{tasks: [{gate}, {{key: a, title: A, group: desk, after: [g]}}]}}", fields=FIELDS)
    made = small.order(**SAID)
    secrets = secrets_of(small, "sec")
    assert len(secrets) == links
    for secret in secrets:
        assert stranger.post("/decide", data={"key": secret, "decision": "approve"}).status_code == 303
    assert small.task(made, "a").state == ("ready" if links else "blocked")


def test_a_mail_that_goes_out_after_the_key_was_changed_leads_to_the_page(
    small: Small, mailing: Postbox, made: str
) -> None:
    config.use(replace(config.current(), secret_key="another-key-for-tests-0123456789-abcdefghij"))
    deliver()
    (mail,) = [one for one in mailing.mails if one["To"].endswith("<boss@example.com>")]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "/decide?key=" not in text
    assert f"{config.current().base_url}/approvals" in text
