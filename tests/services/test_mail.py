"""Mail, through a real SMTP server: one mail for what was told within a while, in the reader's language, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.factories.packs import DEPARTMENT, REPAIR, publish_pack
from tests.factories.people import make_group, make_person
from tests.factories.postbox import Postbox
from tests.factories.postbox import deliver as deliver_at
from tests.ports import free_port

from servicehall import config
from servicehall.channels.delivery import Failed, Refused, reason_of
from servicehall.channels.mail import Mail, Part, compose, send
from servicehall.clock import as_instant, now
from servicehall.models.base import new_id
from servicehall.models.fulfilment import Task
from servicehall.models.notices import Notice
from servicehall.models.operations import Outbox, insert_once
from servicehall.models.requests import Request
from servicehall.services import guests, parked, people, requests, secret_links, tasks
from servicehall.services.requests import Order
from servicehall.services.visibility import Viewer
from servicehall.texts import use_locale

AT = now().replace(microsecond=0)


def told(session: Session, person: str, *, at: datetime = AT, mail: bool = True, **other: Any) -> str:
    """A notice, as the services write it."""
    row = {
        "id": new_id(),
        "dedupe_key": new_id(),
        "person_id": person,
        "event": "task_ready",
        "subject": "REQ-000001: ready",
        "body": "A task of your group is ready.",
        "url": "/tasks/1",
        "request_id": None,
        "created_at": at,
        "mail": mail,
    }
    session.execute(insert_once(session, Notice, row | other))
    session.commit()
    return str(row["id"])


def asked(session: Session, person: str, *, at: datetime = AT) -> None:
    Outbox.add(
        session,
        channel="mail",
        dedupe_key=f"mail:{new_id()}",
        payload={"person": person, "notices_before": as_instant(at + timedelta(minutes=1))},
        at=at,
    )
    session.commit()


def deliver(at: datetime = AT) -> None:
    deliver_at(at)


def states(session: Session) -> list[tuple[str, str | None]]:
    session.expire_all()
    return [(row.state, row.last_error) for row in session.scalars(select(Outbox).order_by(Outbox.created_at))]


class TestDelivery:
    def test_a_single_notice_is_a_mail_of_its_own(self, session: Session, mailing: Postbox) -> None:
        ana = make_person("ana@example.com", name="Ana Ömer")
        told(session, ana.id)
        asked(session, ana.id)
        deliver()
        (mail,) = mailing.mails
        assert (mail["Subject"], mail["To"]) == ("REQ-000001: ready", "Ana Ömer <ana@example.com>")
        text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
        assert "A task of your group is ready." in text
        assert "https://hall.example.com/tasks/1" in text
        assert 'href="https://hall.example.com/tasks/1"' in html
        assert states(session) == [("done", None)]

    def test_many_go_as_one_in_the_readers_language(self, session: Session, mailing: Postbox) -> None:
        ana = make_person("ana@example.com", name="Ana", name_zh="安娜", locale="zh")
        for number in range(3):
            told(session, ana.id, subject=f"REQ-{number}:待办", at=AT + timedelta(seconds=number))
        asked(session, ana.id)
        deliver()
        (mail,) = mailing.mails
        assert (mail["Subject"], mail["To"]) == ("您有 3 条消息", "安娜 <ana@example.com>")
        assert mail["Content-Language"] == "zh-Hans"
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert [text.index(f"REQ-{number}:待办") for number in range(3)] == sorted(
            text.index(f"REQ-{number}:待办") for number in range(3)
        )

    def test_what_was_mailed_is_not_mailed_again(self, session: Session, mailing: Postbox) -> None:
        ana = make_person("ana@example.com")
        told(session, ana.id)
        for _ in range(3):
            asked(session, ana.id)
        deliver()
        assert len(mailing.mails) == 1
        assert [state for state, _ in states(session)] == ["done"] * 3

    def test_only_what_is_meant_to_be_mailed_and_is_not_too_new(self, session: Session, mailing: Postbox) -> None:
        ana = make_person("ana@example.com")
        told(session, ana.id, mail=False)
        told(session, ana.id, at=AT + timedelta(hours=1))
        asked(session, ana.id)
        deliver()
        assert mailing.mails == []

    def test_somebody_inactive_gets_none_nor_later(self, session: Session, mailing: Postbox) -> None:
        ana = make_person("ana@example.com", active=False)
        told(session, ana.id)
        asked(session, ana.id)
        deliver()
        people.record_person({"email": ana.email, "active": "yes"}, actor="system", at=AT)
        asked(session, ana.id)
        deliver()
        assert mailing.mails == []
        assert [state for state, _ in states(session)] == ["done", "done"]

    def test_without_a_mail_server_it_waits_where_administrators_see_it(
        self, session: Session, mailing: Postbox
    ) -> None:
        settings = config.current()
        ana = make_person("ana@example.com")
        told(session, ana.id)
        asked(session, ana.id)
        config.use(replace(settings, smtp_url=""))
        deliver()
        ((state, error),) = states(session)
        assert state == "parked"
        assert "SERVICEHALL_SMTP_URL" in str(error)
        with use_locale("zh"):
            assert reason_of(str(error)).startswith("未设置邮件服务器")
        assert reason_of("OSError: broken") == "OSError: broken"
        config.use(settings)
        row = session.scalars(select(Outbox)).one()
        assert parked.retry(session, "outbox", row.id, at=AT) == 1
        session.commit()
        deliver()
        assert len(mailing.mails) == 1
        assert states(session)[0][0] == "done"

    def test_a_mail_server_that_is_down_is_tried_again(self, session: Session, mailing: Postbox) -> None:
        settings = config.current()
        ana = make_person("ana@example.com")
        told(session, ana.id)
        asked(session, ana.id)
        config.use(replace(settings, smtp_url=f"smtp://127.0.0.1:{free_port()}"))
        deliver()
        assert states(session)[0][0] == "open"
        config.use(settings)
        deliver(AT + timedelta(minutes=1))
        assert len(mailing.mails) == 1

    @pytest.mark.parametrize(
        ("answer", "after", "expected"),
        [
            ("550 no such mailbox", "250 OK", "parked"),
            ("450 come back later", "250 OK", "open"),
            ("250 OK", "554 we do not want it", "parked"),
            ("250 OK", "451 come back later", "open"),
        ],
    )
    def test_what_the_server_answers_decides(
        self, session: Session, mailing: Postbox, answer: str, after: str, expected: str
    ) -> None:
        mailing.answer, mailing.after = answer, after
        ana = make_person("ana@example.com")
        told(session, ana.id)
        asked(session, ana.id)
        deliver()
        ((state, error),) = states(session)
        assert state == expected
        assert (answer if not answer.startswith("250") else after)[4:] in str(error)

    def test_the_same_notices_have_the_same_id_in_every_attempt(self, session: Session, mailing: Postbox) -> None:
        ana = make_person("ana@example.com")
        ids = [told(session, ana.id)]
        for extra in (False, False, True):
            if extra:
                ids.append(told(session, ana.id))
            session.execute(Notice.__table__.update().values(mailed_at=None))  # type: ignore[attr-defined]
            session.commit()
            asked(session, ana.id)
            deliver()
        first, second, third = (mail["Message-ID"] for mail in mailing.mails)
        assert first == second != third


def a_mail(**other: Any) -> Mail:
    said: dict[str, Any] = {
        "key": "k" * 40,
        "to": "ana@example.com",
        "name": "Ana",
        "subject": "Hello",
        "parts": [Part("Text")],
        "link_text": "Open",
        "footer": "Footer",
        "language": "en",
        "at": AT,
    }
    return Mail(**said | other)


def test_what_follows_soon_waits_and_goes_together(session: Session, mailing: Postbox, tmp_path: Path) -> None:
    """The first mail goes at once; what comes within the next minute is not lost, and goes as one."""
    ana, ben = make_person("ana@example.com"), make_person("ben@example.com")
    make_group("it-desk", [ben.id], department="it")
    publish_pack(tmp_path, {"it.yaml": DEPARTMENT, "repair.yaml": REPAIR})
    requester, agent = Viewer(session, ana), Viewer(session, ben)
    request = session.get_one(Request, requests.order(Order("it/repair", {}), viewer=requester, at=AT))
    tasks.claim(session.scalars(select(Task)).one(), viewer=agent, at=AT)
    deliver()
    assert [mail["To"] for mail in mailing.mails] == ["Ben <ben@example.com>"]
    for second in (10, 20):
        at = AT + timedelta(seconds=second)
        requests.comment(request, body="Please hurry.", internal=False, viewer=requester, at=at)
    deliver(AT + timedelta(seconds=25))
    assert len(mailing.mails) == 1
    deliver(AT + timedelta(seconds=90))
    assert len(mailing.mails) == 2
    assert "2" in mailing.mails[1]["Subject"]


@pytest.mark.parametrize("ended", ["", "taken back", "replaced", "of no use any more"])
def test_a_link_to_a_task_goes_to_its_address_in_the_language_that_was_chosen_unless_it_has_ended(
    session: Session, mailing: Postbox, tmp_path: Path, ended: str
) -> None:
    agent = Viewer(session, make_person("ben@example.com", name="Ben", name_zh="本"))
    make_group("it-desk", [agent.id])
    publish_pack(tmp_path, {"it.yaml": DEPARTMENT, "repair.yaml": REPAIR})
    requester = Viewer(session, make_person("ana@example.com", name="Ana"))
    requests.order(Order("it/repair", {}), viewer=requester, at=AT)
    task = session.scalars(select(Task)).one()
    link_id = guests.give(task, address="driver@courier.example", days=3, locale="zh", viewer=agent, at=AT)
    if ended == "taken back":
        guests.take_back(task, viewer=agent, at=AT)
    if ended == "replaced":
        guests.give(task, address="another@courier.example", days=3, locale="zh", viewer=agent, at=AT)
    if ended == "of no use any more":
        tasks.complete(task, answers={}, viewer=agent, at=AT)
    deliver(AT + timedelta(seconds=1))
    secret = secret_links.secret_of(guests.PURPOSE, link_id)
    session.expire_all()
    rows = session.scalars(select(Outbox).where(Outbox.channel == "guest_link")).all()
    assert {row.state for row in rows} == {"done"} and secret not in str([row.payload for row in rows])
    mails = [mail for mail in mailing.mails if mail["To"] == "driver@courier.example"]
    assert len(mails) == (0 if ended else 1)
    for mail in mails:
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert f"https://hall.example.com/guest?key={secret}" in text
        assert mail["Content-Language"] == "zh-Hans" and "本请您" in text


class TestMessage:
    @pytest.mark.parametrize("evil", ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\u2028Bcc: eve"])
    @pytest.mark.parametrize("place", ["subject", "name", "language"])
    def test_no_text_adds_a_header(self, place: str, evil: str) -> None:
        raw = compose(a_mail(**{place: evil}), sender="Hall <hall@example.com>").as_bytes()
        parsed = message_from_bytes(raw, policy=policy.default)
        assert parsed["Bcc"] is None
        assert sorted(parsed.keys()) == sorted(compose(a_mail(), sender="Hall <hall@example.com>").keys())

    @pytest.mark.parametrize("address", ["ana@example.com\r\nBcc: e@example.com", "ana", "", "a@b@c, d@example.com"])
    def test_a_wrong_address_is_refused(self, address: str) -> None:
        with pytest.raises(Refused):
            compose(a_mail(to=address), sender="hall@example.com")

    def test_texts_are_shown_as_typed(self) -> None:
        part = Part("<script>alert(1)</script>", "<b>", 'https://hall.example.com/"onclick="x')
        html = compose(a_mail(parts=[part]), sender="hall@example.com").get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert "<script>" not in html
        assert 'onclick="x"' not in html

    def test_it_says_that_no_person_wrote_it(self) -> None:
        assert compose(a_mail(), sender="hall@example.com")["Auto-Submitted"] == "auto-generated"

    @pytest.mark.parametrize("url", ["http://127.0.0.1", "smtp://", "file:///etc/passwd", "mail.example.com"])
    def test_an_address_that_is_no_mail_server_is_refused(self, url: str) -> None:
        with pytest.raises(Refused):
            send(a_mail(), smtp_url=url, sender="hall@example.com")

    @pytest.mark.filterwarnings("ignore:Requiring AUTH")
    def test_it_signs_in_with_the_name_and_password_of_the_address(self) -> None:
        def check(server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> AuthResult:
            right = isinstance(said, LoginPassword) and (said.login, said.password) == (b"h@ll", b"p:w")
            return AuthResult(success=right, handled=False)

        box = Postbox()
        server = Controller(
            box, hostname="127.0.0.1", port=free_port(), authenticator=check, auth_required=True, auth_require_tls=False
        )
        server.start()
        try:
            send(a_mail(), smtp_url=f"smtp://h%40ll:p%3Aw@127.0.0.1:{server.port}", sender="hall@example.com")
            with pytest.raises(Failed):
                send(a_mail(), smtp_url=f"smtp://h%40ll:wrong@127.0.0.1:{server.port}", sender="hall@example.com")
        finally:
            server.stop()
        assert len(box.mails) == 1
