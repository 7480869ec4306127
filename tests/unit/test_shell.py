"""What every page shares: headers, language, preferences, navigation, formats, states and the page of an error."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from babel.messages.extract import extract_from_file
from flask import Flask, g, render_template, render_template_string, request
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.exceptions import NotFound

from servicehall import config, texts
from servicehall.config import Settings
from servicehall.domain.lifecycle import RequestState
from servicehall.errors import Conflict, Problem, Unavailable
from servicehall.web import formats, navigation, shell, states

WEB = Path(shell.__file__).parent
ANA = SimpleNamespace(name="Ana Weber", name_zh="安娜", email="ana@example.com", time_zone="Asia/Shanghai", locale=None)
AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
PAGE = '{% extends "base.html" %}{% block content %}<h1>Hello</h1>{% endblock %}'


@pytest.fixture
def app(tmp_path):
    before = config._current
    config.use(Settings(data_dir=tmp_path, default_time_zone="Europe/Berlin"))
    app = Flask("shell", static_folder=str(WEB / "static"), template_folder=str(WEB / "templates"))
    app.config.update(SECRET_KEY="not secret", DEFAULT_LOCALE="en", DEMO=True, TESTING=True)

    @app.before_request
    def arrive():
        g.person = SimpleNamespace(**{**vars(ANA), "locale": request.headers.get("X-Profile")})
        g.duties = frozenset(request.headers.get("X-Duties", "").split())
        if "X-Nobody" in request.headers:
            g.person = None

    shell.init_shell(app)
    for path in ("/", "/requests", "/approvals", "/desk", "/audit"):
        app.add_url_rule(path, path, lambda: render_template_string(PAGE))
    yield app
    config._current = before


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def page(app):
    """Renders a template source as the signed-in reader sees it, in the language asked for."""

    def render(source, locale="en", **values):
        with app.test_request_context(headers={"Cookie": f"locale={locale}"}):
            app.preprocess_request()
            return render_template_string('{% import "macros/ui.html" as ui %}' + source, **values)

    return render


# ---- headers


def test_scripts_run_only_with_the_nonce_of_their_page(client):
    policies = set()
    for _ in range(2):
        answer = client.get("/")
        policy = answer.headers["Content-Security-Policy"]
        nonce = re.search(r"'nonce-([^']+)'", policy)[1]
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert scripts
        assert all(f'nonce="{nonce}"' in script for script in scripts)
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        policies.add(policy)
    assert len(policies) == 2


def test_pages_are_never_kept_and_never_sniffed(client):
    headers = client.get("/").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_files_are_kept_for_ever_under_an_address_with_their_hash(client):
    address = re.search(r'href="(/static/vendor/[^"]+tabler\.css[^"]*)"', client.get("/").text)[1]
    answer = client.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


# ---- language and preferences


@pytest.mark.parametrize(
    ("cookie", "profile", "accepted", "shown"),
    [
        ("zh", "en", "en", "en"),
        ("en", "zh", "zh-CN", "zh-Hans"),
        ("zh", None, "en", "zh-Hans"),
        (None, "zh", "en", "zh-Hans"),
        (None, "zh-Hans-CN", "en", "zh-Hans"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        (None, None, "de,en;q=0.5", "en"),
        (None, None, "", "en"),
        ("tlh", None, "zh", "zh-Hans"),
    ],
)
def test_language_comes_from_the_profile_then_the_browser_choice_then_accept_language(
    client, cookie, profile, accepted, shown
):
    if cookie:
        client.set_cookie("locale", cookie)
    headers = {"Accept-Language": accepted} | ({"X-Profile": profile} if profile else {})
    assert f'<html lang="{shown}"' in client.get("/", headers=headers).text


@pytest.mark.parametrize(
    ("name", "value", "headers"),
    [
        ("theme", "dark", {}),
        ("density", "compact", {}),
        ("shortcuts", "off", {}),
        ("locale", "zh", {"X-Nobody": "yes"}),
    ],
)
def test_a_preference_is_kept_in_a_cookie_the_language_of_nobody_too(client, name, value, headers):
    answer = client.post("/preferences", data={name: value, "next": "/approvals?state=open"}, headers=headers)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/approvals?state=open"
    assert client.get_cookie(name).value == value


def test_an_unknown_preference_is_ignored(client):
    client.post("/preferences", data={"theme": "neon", "admin": "yes"})
    assert client.get_cookie("theme") is None
    assert client.get_cookie("admin") is None


def test_the_dark_theme_is_drawn_by_the_server(client):
    client.set_cookie("theme", "dark")
    assert 'data-bs-theme="dark"' in client.get("/").text


@given(st.text() | st.from_regex(r"(https?:)?[/\\]{0,3}[a-z.@]{0,12}[/\\]?[a-z?=&:]{0,8}", fullmatch=True))
@example("//[")
@example("https://[::1")
@example("/\t/evil.example")
def test_going_back_never_leaves_this_site(target):
    path = shell.local_path(target)
    parts = urlsplit(path)
    assert not parts.scheme
    assert not parts.netloc
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))


# ---- navigation


@pytest.mark.parametrize(
    ("duties", "seen", "unseen"),
    [
        ("", ["/requests", "/approvals"], ["/desk", "/audit"]),
        ("agent", ["/requests", "/desk"], ["/audit"]),
        ("auditor", ["/audit"], ["/desk"]),
        ("admin", ["/requests"], ["/desk", "/audit", "/admin/people"]),  # that page does not exist here
    ],
)
def test_the_rail_shows_what_exists_and_what_one_may_open(client, duties, seen, unseen):
    text = client.get("/", headers={"X-Duties": duties}).text
    assert all(f'href="{path}"' in text for path in seen)
    assert not any(f'href="{path}"' in text for path in unseen)


def test_the_rail_marks_where_one_is(client):
    assert re.search(r'href="/approvals" aria-current="page"', client.get("/approvals").text)


def test_a_stranger_sees_no_navigation(client):
    text = client.get("/", headers={"X-Nobody": "1"}).text
    assert 'class="rail"' not in text
    assert "/logout/" not in text


def test_counts_are_capped(client, monkeypatch):
    monkeypatch.setattr(navigation, "BADGES", {"approvals": lambda: 250})
    assert "99+" in client.get("/").text


def test_no_two_entries_share_a_key_a_path_or_a_shortcut():
    entries = [entry for section in navigation.SECTIONS for entry in section.entries]
    for values in ([e.key for e in entries], [e.path for e in entries], [e.keys for e in entries if e.keys]):
        assert len(values) == len(set(values))


# ---- formats


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (date(2026, 11, 22), "22 Nov 2026", "2026年11月22日"),
        ("2026-01-05", "5 Jan 2026", "2026年1月5日"),
        (datetime(2026, 11, 22, 17, 0, tzinfo=UTC), "23 Nov 2026", "2026年11月23日"),  # already tomorrow in Shanghai
        (None, "", ""),
    ],
)
def test_days(page, value, english, chinese):
    assert page("{{ value | day }}", value=value) == english
    assert page("{{ value | day }}", "zh", value=value) == chinese


def test_moments_are_in_the_readers_zone_and_name_it(page):
    text = page("{{ at | moment }}", at=AT)
    assert text == (
        '<time datetime="2026-11-22T01:30:00Z" title="22 Nov 2026, 09:30 (China Standard Time, Asia/Shanghai)">'
        "22 Nov 2026, 09:30</time>"
    )
    assert ">2026年11月22日 09:30</time>" in page("{{ at | moment }}", "zh", at=AT)


def test_without_a_person_the_installations_zone_counts(app):
    with app.test_request_context():
        assert formats.reader_zone().key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("apart", "english", "chinese"),
    [
        (timedelta(hours=-3), "3 hours ago", "3小时前"),
        (timedelta(days=2), "in 2 days", "2天后"),
        (timedelta(minutes=-1), "1 minute ago", "1分钟前"),
    ],
)
def test_how_long_ago(app, apart, english, chinese):
    for locale, expected in (("en", english), ("zh", chinese)):
        with app.test_request_context(), texts.use_locale(locale):
            assert f">{expected}</time>" in formats.ago(AT + apart, at=AT)


@pytest.mark.parametrize(
    ("seconds", "days", "english", "chinese"),
    [
        (0, True, "less than a minute", "不到 1 分钟"),
        (59, True, "less than a minute", "不到 1 分钟"),
        (4_800, True, "1 h 20 min", "1 小时 20 分钟"),
        (180_000, True, "2 d 2 h", "2 天 2 小时"),
        (180_000, False, "50 h", "50 小时"),
        (90_061, True, "1 d 1 h", "1 天 1 小时"),
    ],
)
def test_durations(seconds, days, english, chinese):
    with texts.use_locale("en"):
        assert formats.duration(seconds, days=days) == english
    with texts.use_locale("zh"):
        assert formats.duration(timedelta(seconds=seconds), days=days) == chinese


def test_money_is_exact_and_names_its_currency():
    with texts.use_locale("zh"):
        assert formats.money({"amount": "12345678901234.50", "currency": "CNY"}) == "¥12,345,678,901,234.50"
    with texts.use_locale("en"):
        assert formats.money(Decimal("0.10"), "EUR") == "€0.10"
        assert formats.money(None) == ""


@pytest.mark.parametrize(
    ("name", "shown"), [("Ana Weber", "AW"), ("王小明", "小明"), ("李", "李"), ("Madonna", "M"), ("", "?"), (None, "?")]
)
def test_initials(name, shown):
    assert formats.initials(name) == shown


# ---- states and macros


def test_every_request_state_has_its_look():
    assert set(states.LOOKS["request"]) == {str(state) for state in RequestState}


@pytest.mark.parametrize("kind", states.LOOKS)
@pytest.mark.parametrize("locale", texts.LOCALES)
def test_a_state_is_an_icon_and_a_word(page, kind, locale):
    for state in states.LOOKS[kind]:
        text = page("{{ ui.state_badge(kind, state) }}", locale, kind=kind, state=state)
        assert "<use href=" in text
        with texts.use_locale(locale):
            assert states.look(kind, state).word in text


EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ui.person({'name': evil, 'email': evil}, sub=evil) }}",
        "{{ ui.badge(evil) }}",
        "{{ ui.empty_state('inbox', evil, evil, evil, '/') }}",
        "{{ ui.page_header(evil, evil, [(evil, '/')]) }}",
        "{{ ui.notice('info', evil, evil) }}",
        "{{ ui.answers([{'label': evil, 'value': evil, 'was': evil}]) }}",
        "{{ ui.steps([{'label': evil, 'state': 'done', 'detail': evil}]) }}",
        "{{ ui.timeline_entry(evil, because=evil) }}",
        "{{ ui.file_link({'name': evil, 'size': 3}, '/x') }}",
        "{{ ui.tile(evil, '/', evil) }}",
        "{{ ui.confirm_dialog('d', evil, '/x', evil, text=evil, comment='required') }}",
        "{{ ui.plan_graph([{'id': 'a', 'label': evil}], [], evil) }}",
        "{{ ui.filter_select('x', evil, [(evil, evil)], evil) }}",
        "{{ ui.problem_summary([{'path': evil, 'message': evil}]) }}",
        "{{ ui.tabs([('a', evil, '/')], 'a', evil) }}",
        "{{ ui.why(evil) }}",
    ],
)
def test_texts_of_people_are_never_markup(page, source):
    text = page(source, evil=EVIL)
    assert EVIL not in text
    assert "alert(1)" in text


def test_a_masked_answer_shows_no_value(page):
    text = page("{{ ui.answers([{'label': 'Account', 'value': 'DE00', 'masked': True}]) }}")
    assert "DE00" not in text
    assert "hidden from you" in text


# ---- errors


def test_the_page_of_an_error_says_what_happened_in_the_readers_language(app):
    problem = Problem("x", "stale", "The content has changed")
    with app.test_request_context(headers={"Cookie": "locale=zh"}):
        app.preprocess_request()
        page, status = shell.render_error(Conflict("It was decided already.", [problem]))
        assert status == 409
        assert "内容已被他人更改" in page
        assert "It was decided already." in page
        assert "The content has changed" in page
        assert "页面不存在" in shell.render_error(NotFound())[0]


def test_a_broken_database_still_has_a_page_that_asks_it_nothing(app, monkeypatch):
    monkeypatch.setattr(navigation, "sections", lambda: 1 / 0)
    with app.test_request_context():
        page, status = shell.render_error(Unavailable())
        assert status == 503
        assert "Not available just now" in page
        page, status = shell.render_error(RuntimeError("password=hunter2"))
        assert status == 500
        assert "hunter2" not in page


# ---- translations


def _own_messages():
    templates = WEB / "templates"
    own = [*templates.glob("*.html"), templates / "macros" / "ui.html", templates / "macros" / "icons.html"]
    own += [path for name in ("parts", "errors", "appbuilder") for path in (templates / name).rglob("*.html")]
    for path in own:
        for _line, message, _comments, _context in extract_from_file("jinja2", path, keywords={"_": None}):
            yield message
    for module in (shell, states, navigation, formats):
        keywords = {"_": None, "N_": None}
        for _line, message, _comments, _context in extract_from_file("python", module.__file__, keywords=keywords):
            yield message


def test_everything_the_shell_says_is_said_in_chinese():
    known = texts.messages("zh")
    missing = sorted({message for message in _own_messages() if message not in known})
    assert not missing


def test_no_placeholder_is_lost_in_translation():
    known = texts.messages("zh")
    for message in _own_messages():
        assert set(re.findall(r"\{\w+\}", message)) == set(re.findall(r"\{\w+\}", known[message])), message


def test_every_page_of_an_error_can_be_made(app):
    with app.test_request_context():
        for name in ("errors/error.html", "errors/bare.html"):
            assert "<h1>T</h1>" in render_template(name, status=404, title="T", detail="D", problems=())
