"""Erasure by law: what a person wrote and was goes, tombstones stay, and everything still verifies and reads."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.factories.small import Small, refusal
from tests.services.test_handovers import leave

from servicehall.clock import now
from servicehall.models.base import db, new_id
from servicehall.models.directory import Person
from servicehall.models.files import Upload
from servicehall.models.log import ContentRow, EventRow
from servicehall.models.notices import Notice
from servicehall.models.operations import DONE, IdempotencyKey, Outbox
from servicehall.models.tokens import ApiToken
from servicehall.services import audit, directory, erasure, files, handovers, printing, rebuilding, requests
from servicehall.services.cases import history
from servicehall.services.people import record_person
from servicehall.texts import use_locale

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PARTS = """\
approval: {stages: [{key: one, approvers: [manager: {}], sign: true}]}
fulfilment: {tasks: [{key: a, title: A, group: desk,
  form: {fields: [{key: iban, type: text, label: IBAN, classification: secret}]}}]}
"""
FIELDS = """[{key: what, type: text, label: What}, {key: home, type: text, label: Home, classification: personal},
  {key: proof, type: file, label: Proof, classification: personal}]"""
EMAIL = "asks@example.com"


def upload(small: Small, name: str, text: str) -> dict[str, Any]:
    data = io.BytesIO(f"{text}\n".encode())
    facts = files.store(data, name=f"{name}.txt", media_type="text/plain", person=small.ids[name], at=small.at)
    return dict(facts.as_answer())


@pytest.fixture
def made(small: Small) -> str:
    """A request that `asks` sent for themselves, changed, talked about, and that ended; `asks` has left since."""
    record_person({"email": EMAIL, "name": "Ana Weber", "name_zh": "安娜"}, actor="system:tests", at=small.at)
    small.publish(PARTS, fields=FIELDS)
    proof = upload(small, "asks", "a passport")
    request_id = small.order(what="a lamp", home="Elm Street 7", proof=proof)
    small.decide("boss", "return", request_id, comment="where, Ana?", password="right")
    small.amend(request_id, home="Oak Street 9")
    small.submit(request_id)
    row = small.request(request_id)
    requests.comment(row, body="call me on 555-0100", internal=False, viewer=small.viewer("asks"), at=small.at)
    requests.attach(row, file=upload(small, "asks", "my letter"), viewer=small.viewer("asks"), at=small.at)
    small.decide("boss", "approve", request_id, comment="fine", password="right")
    small.do("dan", "complete", request_id, "a", answers={"iban": "DE00 1234"})
    small.act("asks", "close", request_id)
    leave(small, "asks")
    small.ring_due()
    return request_id


def erase(email: str = EMAIL) -> erasure.Erased:
    wanted = erasure.plan(db.session(), email)
    db.session.rollback()
    done = erasure.erase(wanted, actor="system:tests", at=now())
    db.session.rollback()
    return done


def everything() -> str:
    """All that the database says of people: contents, the log, people, notices."""
    found = [*db.session.scalars(select(ContentRow.data))]
    found += [str(body) for body in db.session.scalars(select(EventRow.body))]
    found += [f"{one.subject} {one.body}" for one in db.session.scalars(select(Notice))]
    rows = db.session.execute(select(Person.name, Person.name_zh, Person.email))
    return "\n".join([one or "" for one in found] + [str(tuple(row)) for row in rows])


SECRETS = ("Elm Street", "Oak Street", "555-0100", "asks.txt", "DE00 1234", "Ana Weber", "安娜", EMAIL)


def test_nothing_of_the_person_is_left_and_everything_verifies(small: Small, made: str) -> None:
    before = everything()
    assert [one for one in SECRETS if one not in before] == []
    bytes_of = list(db.session.scalars(select(Upload.sha256)))
    db.session.rollback()
    done = erase()
    after = everything()
    assert [one for one in SECRETS if one in after] == []
    assert (done.requests, done.files) == (1, 2)
    for sha256 in bytes_of:
        assert refusal(files.open_file, sha256) == 404
    with audit.snapshot() as still:
        found = audit.verify_all(still)
        assert (found.ok, found.erased) == (True, done.contents)
        assert rebuilding.replay_check(still) == []
    kinds = db.session.scalars(select(EventRow.kind).where(EventRow.kind.endswith(".erased"))).all()
    assert sorted(kinds) == ["person.erased", "request.erased"]


def test_what_others_said_and_what_is_not_private_stays(small: Small, made: str) -> None:
    erase()
    row = small.request(made)
    assert db.session.scalar(select(ContentRow.data).where(ContentRow.sha256 == row.content)) == '{"what":"a lamp"}'
    assert "where, Ana?" in everything()
    (comment,) = history.comment_records(small.viewer("aud"), row)
    assert (comment["author"]["name"], comment["body"]) == ("(erased)", "")
    (attached,) = history.attachment_records(small.viewer("aud"), row)
    assert attached["name"] is None
    with use_locale("zh"):
        assert directory.name_of(db.session.get_one(Person, small.ids["asks"])) == "（已依法删除）"


def test_pages_and_print_cope(small: Small, made: str, app: Any, browser_of: Any) -> None:
    erase()
    row = small.request(made)
    number = row.number
    with audit.snapshot() as still:
        case = printing.case_report(still, still.get_one(type(row), made), locale="en", at=now())
    assert "(erased)" in str(case)
    db.session.rollback()
    for who, address in (
        ("aud", f"/audit/requests/{number}?verify=yes"),
        ("aud", f"/requests/{number}"),
        ("aud", f"/api/v1/requests/{number}"),
        ("aud", f"/api/v1/requests/{number}/events"),
        ("dan", f"/requests/{number}"),
        ("boss", f"/requests/{number}"),
        ("boss", "/approvals?state=decided"),
        ("root", f"/admin/people/{small.ids['asks']}"),
        ("root", "/admin/people?active=all"),
        ("root", "/admin/groups/desk"),
    ):
        answer = browser_of(f"{who}@example.com").get(address)
        assert answer.status_code == 200, address
        assert not [one for one in SECRETS if one in answer.text], address


def test_what_let_them_in_was_answered_and_was_sent_goes_and_what_waits_stays(small: Small, made: str) -> None:
    session = db.session()
    for name in ("asks", "boss"):
        person = small.ids[name]
        session.add(ApiToken(id=new_id(), person_id=person, hash=name * 9, created_at=small.at))
        session.add(IdempotencyKey(person_id=person, key="k", fingerprint="f", created_at=small.at))
        Outbox.add(session, channel="mail", dedupe_key=f"mail:{person}:1", payload={}, at=small.at)
    for name in ("done", "open"):
        Outbox.add(session, channel="webhook", dedupe_key=name, payload={}, at=small.at, request_id=made)
    session.execute(update(Outbox).where(Outbox.dedupe_key != "open").values(state=DONE))
    session.commit()
    erase()
    assert list(session.scalars(select(ApiToken.person_id))) == [small.ids["boss"]]
    assert list(session.scalars(select(IdempotencyKey.person_id))) == [small.ids["boss"]]
    assert set(session.scalars(select(Outbox.dedupe_key))) == {f"mail:{small.ids['boss']}:1", "open"}


def test_it_may_be_cut_off_and_begun_again(small: Small, made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(erasure, "_erase_in_request", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erase()
    db.session.rollback()
    assert "Oak Street" in everything()
    erase(f"erased-{small.ids['asks']}")
    assert [one for one in SECRETS if one in everything()] == []
    events = db.session.scalars(select(EventRow.sequence)).all()
    assert erase(f"erased-{small.ids['asks']}").contents == 0
    assert db.session.scalars(select(EventRow.sequence)).all() == events


def test_of_an_approver_the_words_and_signatures_go_and_no_answers(small: Small, made: str) -> None:
    leave(small, "boss")
    small.ring_due()
    erase("boss@example.com")
    after = everything()
    assert "where, Ana?" not in after
    assert "Boss" not in after
    assert "Oak Street 9" in after
    with audit.snapshot() as still:
        assert audit.verify_all(still).ok


def test_whoever_is_active_or_has_something_open_is_not_erased(small: Small) -> None:
    small.publish(PARTS, fields=FIELDS)
    assert refusal(erasure.plan, db.session(), "nobody@example.com") == 404
    assert refusal(erasure.plan, db.session(), "boss@example.com") == 409
    small.order(what="x")
    leave(small, "asks")
    leave(small, "boss")
    assert refusal(erasure.plan, db.session(), EMAIL) == 409
    assert refusal(erasure.plan, db.session(), "boss@example.com") == 409
    small.ring_due()
    assert handovers.in_hand(db.session(), small.ids["boss"]) == set()
    assert refusal(erasure.plan, db.session(), "boss@example.com") == 200
