"""Sign-in, the gate before every route, errors as answers, tokens, and what machines ask."""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g, request_finished
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import create_engine, event, select, text, update
from tests import databases
from tests.clients import Client
from tests.conftest import SLOW
from tests.databases import on_sqlite
from tests.factories.people import make_group, make_person

from servicehall import create_app, logs
from servicehall.clock import now
from servicehall.domain import events as e
from servicehall.errors import Unavailable
from servicehall.models.base import db, reading, writing
from servicehall.models.directory import Person
from servicehall.models.engine import engine_options, prepare_engine
from servicehall.models.tokens import ApiToken
from servicehall.services.work import work
from servicehall.web import accounts, tokens
from servicehall.web.roles import upgrade_database

PASSWORD = "correct horse battery"
LOGIN = "/api/v1/security/login"


@pytest.fixture
def ana(app: Flask) -> Person:
    """Somebody with an account and a password."""
    with app.app_context():
        made = make_person("ana@example.com", roles=["auditor"])
        accounts.set_password(db.session(), made.email, accounts.hash_password(PASSWORD))
    return made


def credentials(**other: Any) -> dict[str, Any]:
    return {"username": "ana@example.com", "password": PASSWORD, "provider": "db", "refresh": True} | other


def csrf_of(client: FlaskClient) -> str:
    page = client.get("/login/").text
    return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


def deactivate(app: Flask, person: Person) -> None:
    with app.app_context(), work(f"person/{person.id}", actor="system", at=now()) as w:
        attributes = {"email": person.email, "name": person.name, "roles": person.roles}
        w.record(
            f"person/{person.id}",
            e.PersonRecorded(person=person.id, content=w.keep(attributes), active=False, changed=["active"]),
        )


class TestSignIn:
    def test_what_is_kept_of_a_password_takes_time_and_memory_to_guess(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(accounts, "HASHED_BY", SLOW)
        name, cost, _block, _lanes = accounts.hash_password(PASSWORD).split("$")[0].split(":")
        assert (name, int(cost) >= 2**15) == ("scrypt", True)

    def test_the_page_opens_a_session(self, client: FlaskClient, ana: Person) -> None:
        token = csrf_of(client)
        form = {"username": " Ana@Example.com", "password": PASSWORD, "csrf_token": token}
        answer = client.post("/login/?next=/requests", data=form)
        assert (answer.status_code, answer.location) == (303, "/requests")
        assert client.get("/swagger/v1").status_code == 200

    @on_sqlite
    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
    )
    def test_it_leads_to_no_other_host(self, client: FlaskClient, ana: Person, target: str) -> None:
        form = {"username": ana.email, "password": PASSWORD, "csrf_token": csrf_of(client)}
        answer = client.post("/login/", query_string={"next": target}, data=form)
        assert (answer.status_code, answer.location) == (303, "/")

    def test_the_session_before_does_not_live_on(self, client: FlaskClient, ana: Person) -> None:
        with client.session_transaction() as cookie:
            cookie["planted"] = "by somebody else"
        form = {"username": ana.email, "password": PASSWORD, "csrf_token": csrf_of(client)}
        client.post("/login/", data=form)
        with client.session_transaction() as cookie:
            assert "planted" not in cookie
            assert cookie["_user_id"]

    def test_wrong_password_and_unknown_name_read_the_same(self, app: Flask, ana: Person) -> None:
        answers = []
        for name in ("ana@example.com", "nobody@example.com"):
            browser = app.test_client()
            token = csrf_of(browser)
            answer = browser.post("/login/", data={"username": name, "password": "wrong", "csrf_token": token})
            answers.append((answer.status_code, "The email or the password is wrong." in answer.text))
        assert answers == [(401, True), (401, True)]

    def test_signing_out_is_a_post(self, browser_of: Callable[[str], FlaskClient], ana: Person) -> None:
        browser = browser_of(ana.email)
        assert browser.get("/logout/").status_code == 405
        assert browser.get("/swagger/v1").status_code == 200
        assert browser.post("/logout/").status_code == 303
        assert browser.get("/swagger/v1").status_code == 303

    def test_another_password_ends_open_sessions(
        self, app: Flask, browser_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        browser = browser_of(ana.email)
        with app.app_context():
            accounts.set_password(db.session(), ana.email, accounts.hash_password("another password"))
        assert browser.get("/swagger/v1").status_code == 303

    def test_people_change_their_own_password_and_stay(
        self, client: FlaskClient, browser_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        here, there = browser_of(ana.email), browser_of(ana.email)
        form = {"password": "a new password", "conf_password": "a new password", "present": PASSWORD}
        assert here.post("/resetmypassword/form", data=form).status_code == 302
        assert here.get("/swagger/v1").status_code == 200
        assert there.get("/swagger/v1").status_code == 303
        assert client.post(LOGIN, json=credentials(password="a new password")).status_code == 200
        assert client.post(LOGIN, json=credentials()).status_code == 401

    @pytest.mark.parametrize("present", [None, "", "wrong"])
    def test_a_browser_left_open_is_not_enough_to_change_a_password(
        self, client: FlaskClient, browser_of: Callable[[str], FlaskClient], ana: Person, present: str | None
    ) -> None:
        """Else whoever finds it could choose one, and sign with it."""
        form = {"password": "a new password", "conf_password": "a new password"}
        page = browser_of(ana.email).post(
            "/resetmypassword/form", data=form | ({"present": present} if present else {})
        )
        assert page.status_code == 200 and 'name="present"' in page.text
        assert ("The password is wrong." in page.text) == (present == "wrong")
        assert client.post(LOGIN, json=credentials()).status_code == 200

    def test_tries_of_the_present_password_are_counted(
        self, browser_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        browser = browser_of(ana.email)
        form = {"password": "a new password", "conf_password": "a new password", "present": "wrong"}
        answers = [browser.post("/resetmypassword/form", data=form).status_code for _ in range(11)]
        assert answers == [200] * 10 + [429]

    def test_a_deactivated_person_is_out_with_the_next_request(
        self, app: Flask, client: FlaskClient, browser_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        browser = browser_of(ana.email)
        bearer = client.post(LOGIN, json=credentials()).json["access_token"]  # type: ignore[index]
        deactivate(app, ana)
        assert browser.get("/swagger/v1").status_code == 303
        header = {"Authorization": f"Bearer {bearer}"}
        assert client.get("/api/v1/_openapi", headers=header).status_code == 401
        assert client.post(LOGIN, json=credentials()).status_code == 401

    @on_sqlite
    @pytest.mark.parametrize("change", [{"password": accounts.hash_password("another password")}, {"active": False}])
    def test_another_password_or_a_closed_account_ends_every_way_in(
        self, app: Flask, client: FlaskClient, browser_of: Any, api_of: Any, ana: Person, change: dict[str, Any]
    ) -> None:
        """But a personal token, which stands for itself, not for a password."""
        browser, program = browser_of(ana.email), api_of(ana.email)
        given = client.post(LOGIN, json=credentials()).json
        access, refresh = ({"Authorization": f"Bearer {given[f'{one}_token']}"} for one in ("access", "refresh"))
        with app.app_context():
            db.session.execute(update(User).where(User.email == ana.email).values(change))
            db.session.commit()
        assert client.get("/api/v1/_openapi", headers=access).status_code == 401
        assert client.post("/api/v1/security/refresh", headers=refresh).status_code == 401
        assert client.post(LOGIN, json=credentials()).status_code == 401
        assert browser.get("/swagger/v1").status_code == 303
        assert program.get("/api/v1/_openapi").status_code == (401 if "active" in change else 200)

    @on_sqlite
    def test_an_account_without_a_password_is_not_opened_by_that_of_none(
        self, app: Flask, client: FlaskClient, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is compared instead, so that it takes as long, lets nobody in."""
        person("ben@example.com")
        monkeypatch.setitem(app.config, "AUTH_DB_FAKE_PASSWORD_HASH_CHECK", accounts.hash_password(PASSWORD))
        with app.app_context():
            accounts.ensure_accounts(db.session(), ["ben@example.com"])
        for name in ("ben@example.com", "nobody@example.com"):
            assert client.post(LOGIN, json=credentials(username=name)).status_code == 401

    def test_guessing_is_slowed_down_for_one_name_only(self, client: FlaskClient, ana: Person) -> None:
        states = [client.post(LOGIN, json=credentials(password="wrong")).status_code for _ in range(12)]
        assert states[:10] == [401] * 10
        assert states[-1] == 429
        assert client.post(LOGIN, json=credentials(username="ben@example.com")).status_code == 401

    @on_sqlite
    def test_guessing_on_the_page_is_slowed_down_too(self, client: FlaskClient, ana: Person) -> None:
        form = {"username": ana.email, "password": "wrong", "csrf_token": csrf_of(client)}
        assert [client.post("/login/", data=form).status_code for _ in range(11)] == [401] * 10 + [429]

    def test_many_right_sign_ins_are_not_slowed_down(self, client: FlaskClient, ana: Person) -> None:
        assert {client.post(LOGIN, json=credentials()).status_code for _ in range(15)} == {200}

    def test_no_lock_is_held_while_a_password_is_hashed(
        self, app: Flask, client: FlaskClient, ana: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from servicehall.web import security

        def check(hashed: str, password: str) -> bool:
            with app.app_context(), writing(), db.engine.begin() as beside:
                beside.execute(text("UPDATE ab_user SET fail_login_count = 0"))
            return True

        monkeypatch.setattr(security, "check_password_hash", check)
        assert client.post(LOGIN, json=credentials()).status_code == 200


class TestApiSignIn:
    def test_an_access_token_opens_the_api(self, client: FlaskClient, ana: Person) -> None:
        answer = client.post(LOGIN, json=credentials())
        header = {"Authorization": f"Bearer {answer.json['access_token']}"}  # type: ignore[index]
        assert client.get("/api/v1/_openapi", headers=header).status_code == 200

    def test_a_refresh_token_gives_access_tokens_and_nothing_else(self, client: FlaskClient, ana: Person) -> None:
        refresh = client.post(LOGIN, json=credentials()).json["refresh_token"]  # type: ignore[index]
        header = {"Authorization": f"Bearer {refresh}"}
        assert client.get("/api/v1/_openapi", headers=header).status_code == 401
        answer = client.post("/api/v1/security/refresh", headers=header)
        header = {"Authorization": f"Bearer {answer.json['access_token']}"}  # type: ignore[index]
        assert client.get("/api/v1/_openapi", headers=header).status_code == 200
        assert client.post("/api/v1/security/refresh", headers=header).status_code == 401

    @on_sqlite
    @pytest.mark.parametrize(
        ("said", "status"),
        [
            ({"password": ""}, 422),
            ({"username": 5}, 422),
            ({"provider": "ldap"}, 422),
            ({"surprise": 1}, 422),
            ({"password": "wrong"}, 401),
            ({"password": "\0"}, 422),
            ({"username": "nobody@example.com"}, 401),
        ],
    )
    def test_what_is_wrong_is_told(self, client: FlaskClient, ana: Person, said: dict[str, Any], status: int) -> None:
        answer = client.post(LOGIN, json=credentials(**said))
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert set(answer.json or {}) == {"type", "title", "status", "detail", "errors"}

    @on_sqlite
    @pytest.mark.parametrize(
        ("body", "media", "status"),
        [("{", "application/json", 400), ("[]", "application/json", 422), ("{}", "text/plain", 415)],
    )
    def test_what_cannot_be_read(self, client: FlaskClient, database: Any, body: str, media: str, status: int) -> None:
        assert client.post(LOGIN, data=body, content_type=media).status_code == status

    @on_sqlite
    @pytest.mark.parametrize("header", ["Bearer x", "Bearer sh_x", "Basic YTpi", "Bearer ", "Bearer a.b.c"])
    def test_a_bad_authorization_is_401(self, client: FlaskClient, database: Any, header: str) -> None:
        answer = client.get("/api/v1/_openapi", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_a_bad_authorization_is_not_rescued_by_a_cookie(
        self, browser_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        browser = browser_of(ana.email)
        for header in ("Bearer x", "Basic YTpi"):
            assert browser.get("/api/v1/_openapi", headers={"Authorization": header}).status_code == 401


class TestTokens:
    def test_a_token_is_kept_as_a_hash_and_its_use_is_noted(
        self, app: Flask, api_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        api = api_of(ana.email)
        assert api.get("/api/v1/_openapi").status_code == 200
        secret = api.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        with app.app_context():
            row = db.session.scalars(select(ApiToken)).one()
            assert secret not in (row.hash, row.id)
            assert row.last_used_at is not None

    def test_a_revoked_and_an_expired_token_are_401(self, app: Flask, client: FlaskClient, ana: Person) -> None:
        with app.app_context():
            session = db.session()
            revoked = tokens.create_token(session, ana.email, at=now())
            tokens.revoke_token(session, revoked.id, at=now())
            ended = session.get_one(ApiToken, revoked.id).revoked_at
            tokens.revoke_token(session, revoked.id, at=now() + timedelta(days=1))
            assert session.get_one(ApiToken, revoked.id).revoked_at == ended
            expired = tokens.create_token(session, ana.email, at=now(), expires_at=now() - timedelta(seconds=1))
        for token in (revoked, expired):
            header = {"Authorization": f"Bearer {token.secret}"}
            assert client.get("/api/v1/_openapi", headers=header).status_code == 401


class TestGate:
    def test_a_forged_post_is_refused(self, browser_of: Callable[[str], FlaskClient], ana: Person) -> None:
        browser = browser_of(ana.email)
        del browser.environ_base["HTTP_X_CSRFTOKEN"]
        assert browser.post("/logout/").status_code == 403
        assert browser.post("/nowhere").status_code == 404
        assert browser.post("/api/v1/security/refresh").status_code == 401

    def test_an_unknown_host_is_refused(self, client: FlaskClient, database: Any) -> None:
        assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400

    def test_admin_pages_are_for_administrators(
        self, browser_of: Callable[[str], FlaskClient], person: Callable[..., Person], ana: Person
    ) -> None:
        person("root@example.com", roles=["admin"])
        assert browser_of("root@example.com").get("/users/list/").status_code == 200
        assert browser_of(ana.email).get("/users/list/").status_code == 403

    def test_members_of_groups_are_agents(
        self, app: Flask, browser_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        duties: list[frozenset[str]] = []
        browser = browser_of(ana.email)

        def note(sender: Any, **_: Any) -> None:
            duties.append(g.duties)

        with request_finished.connected_to(note, app):
            browser.get("/swagger/v1")
            with app.app_context():
                make_group("it-service-desk", [ana.id])
            browser.get("/swagger/v1")
        assert duties == [{"auditor"}, {"auditor", "agent"}]

    def test_one_query_says_who_is_asking(
        self, app: Flask, browser_of: Callable[[str], FlaskClient], api_of: Callable[[str], FlaskClient], ana: Person
    ) -> None:
        statements: list[str] = []
        clients = [browser_of(ana.email), api_of(ana.email)]
        with app.app_context():
            engine = db.engine

        def note(*sent: Any) -> None:
            statements.append(sent[2])

        event.listen(engine, "before_cursor_execute", note)
        for client in clients:
            client.get("/nothing")
        event.remove(engine, "before_cursor_execute", note)
        assert len([sent for sent in statements if "FROM ab_user" in sent]) == 2
        assert len([sent for sent in statements if "FROM people" in sent]) == 0

    def test_the_demo_answers_this_machine_only(
        self, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(app.config, "DEMO", True)
        assert client.get("/healthz").status_code == 200
        assert client.get("/healthz", environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 403


class TestErrors:
    def test_a_program_gets_a_problem_and_a_person_a_page(self, client: FlaskClient, database: Any) -> None:
        program = client.get("/api/v1/nothing")
        assert (program.status_code, program.content_type) == (404, "application/problem+json")
        page = client.get("/nothing", headers={"Accept": "text/html"})
        assert (page.status_code, page.mimetype) == (404, "text/html")

    def test_a_locked_database_is_503_and_then_works_again(self, small: Flask) -> None:
        """R8, with a short patience."""
        client = small.test_client()
        with sqlite3.connect(small.config["FILE"], isolation_level=None) as holder:
            holder.execute("BEGIN IMMEDIATE")
            answer = client.post(LOGIN, json=credentials())
            assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
            assert answer.headers["Retry-After"]
            assert client.get("/login/").status_code == 200
            holder.execute("ROLLBACK")
        assert client.post(LOGIN, json=credentials()).status_code == 200

    def test_a_database_that_is_gone_is_a_page_that_says_so(self, small: Flask) -> None:
        client = small.test_client()
        token = csrf_of(client)
        with small.app_context():
            db.engine.dispose()
        Path(small.config["FILE"]).rename(small.config["FILE"] + ".away")
        Path(small.config["FILE"]).mkdir()
        form = {"username": "ana@example.com", "password": PASSWORD, "csrf_token": token}
        answer = client.post("/login/", data=form, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.mimetype) == (503, "text/html")
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200

    def test_a_read_only_database_is_503(self, small: Flask) -> None:
        url = f"sqlite:///file:{small.config['FILE']}?mode=ro&uri=true"
        engine = prepare_engine(create_engine(url, **engine_options(url, lock_timeout=1)))
        change = text("UPDATE ab_user SET fail_login_count = 0")
        with engine.connect() as connection, pytest.raises(Unavailable):
            connection.execute(change)

    def test_postgresql_that_does_not_answer_is_503(self, tmp_path: Path) -> None:
        gone = create_app(databases.settings_for(tmp_path, "postgresql://postgres@127.0.0.1:1/nothing"))
        assert gone.test_client().post(LOGIN, json=credentials()).status_code == 503
        assert gone.test_client().get("/readyz").status_code == 503


@pytest.fixture
def small(tmp_path: Path) -> Flask:
    """An application of its own on SQLite, which waits one second for a lock; `FILE` is its database."""
    made = create_app(databases.settings_for(tmp_path, lock_timeout=1))
    made.config["FILE"] = str(tmp_path / "servicehall.db")
    made.test_client_class = Client
    with made.app_context():
        upgrade_database()
        make_person("ana@example.com")
        accounts.set_password(db.session(), "ana@example.com", accounts.hash_password(PASSWORD))
    return made


class TestMachines:
    def test_it_lives_is_ready_and_counts(self, client: FlaskClient, database: Any) -> None:
        assert client.get("/healthz").json == {"status": "ok"}
        assert client.get("/readyz").json == {
            "status": "ok",
            "database": "ok",
            "migrations": "ok",
            "queue": "ok",
        }
        assert 'servicehall_outbox{state="open"} 0' in client.get("/metrics").text


class TestTransactions:
    def test_readers_do_not_wait_for_a_writer(self, app: Flask) -> None:
        with app.app_context(), writing(), db.engine.begin() as writer:
            writer.execute(text("UPDATE ab_user SET fail_login_count = 0"))
            seen: list[int] = []

            def read() -> None:
                with app.app_context(), reading():
                    seen.append(int(db.session.scalar(text("SELECT 1")) or 0))

            reader = threading.Thread(target=read)
            reader.start()
            reader.join(5)
            assert seen == [1]

    def test_a_writer_waits_its_turn_and_no_longer_than_it_may(self, small: Flask) -> None:
        change = text("UPDATE ab_user SET fail_login_count = coalesce(fail_login_count, 0) + 1")
        with small.app_context(), writing():
            with db.engine.begin() as first:
                first.execute(change)
                with pytest.raises(Unavailable), db.engine.begin():
                    pass
            undone = db.engine.connect()
            undone.execute(change)
            undone.rollback()
            abandoned = db.engine.connect()
            abandoned.execute(change)
            abandoned.close()
            with db.engine.begin() as last:
                last.execute(change)
                assert last.scalar(text("SELECT fail_login_count FROM ab_user")) == 2


def test_a_log_line_stays_one_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "name %s", ("a\r\nb\x1b[2J\u2028",), None)
    line = logs.TextFormatter().format(record)
    assert line.endswith("name a\\r\\nb\\x1b[2J\\x2028")
    assert len(line.splitlines()) == 1


def test_an_exception_in_the_log_forges_no_record_and_tells_no_answer(tmp_path: Path) -> None:
    secret, url = "hush" * 2, f"sqlite:///{tmp_path / 'empty.db'}"
    engine = create_engine(url, **engine_options(url, lock_timeout=1))
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM nowhere WHERE a = :a"), {"a": secret})
    except Exception as error:
        try:
            raise ValueError("x\n2026-01-01 INFO all is well\x1b[2J") from error
        except ValueError:
            record = logging.LogRecord("x", logging.ERROR, "", 0, "it failed", (), sys.exc_info())
    first, *others = logs.TextFormatter().format(record).split("\n")
    assert first.endswith("it failed")
    assert "nowhere" in "".join(others)
    assert secret not in "".join(others)
    assert all(one.startswith("  ") and "\x1b" not in one for one in others)
