"""The bench beside other programs: what a peer's file says, what becomes of its answers, and the table. No network."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.orm import Session
from tests import databases
from tests.databases import on_sqlite
from werkzeug.serving import make_server

from servicehall.cli import main
from servicehall.cli.benchmarks import beside, browsing, company, peering
from servicehall.cli.benchmarks.pages import Place
from servicehall.cli.benchmarks.rows import Did, Goal, Row, Unmeasured

SERVER_URL = "postgresql://postgres@127.0.0.1:5432/postgres"
DUE = "2026-11-30 01:30:00+00:00"
"""40 working hours after 20 November, 16:00 in Shanghai."""
PEER = """# /// script
# dependencies = [{needs}]
# [tool.servicehall]
# peer = "fake 1.0"
# [tool.servicehall.goals]
# {measure} = "{goal}"
# ///
import sys
assert sys.argv[1] == "{measure}" and 0 < float(sys.argv[2]) < 1
{body}
"""


def no_place() -> Place:
    raise AssertionError("no page was to be measured")


def row_of(folder: Path, body: str, *, needs: str = "", measure: str = "due_moments", server: str | None = None) -> Row:
    text = PEER.format(body=body, needs=needs, goal="0.1 or more", measure=measure)
    (folder / "fake.py").write_text(text, "utf-8")
    (row,) = beside.rows(peering.find(folder=folder), seconds=0.03, many=no_place, size=0, server=server)
    return row


def answering(**said: object) -> str:
    return f"print('a word before'); print({json.dumps(json.dumps(said))})"


@pytest.mark.parametrize(
    ("measure", "title", "result"),
    [("due_moments", "due moments a second", DUE), ("cases", "whole cases a second", "")],
)
def test_a_peer_stands_beside_us_in_one_row(tmp_path: Path, measure: str, title: str, result: str) -> None:
    row = row_of(tmp_path, answering(done=2, seconds=1.0, result=result, note="by hand"), measure=measure)
    assert (row.measure, row.note, row.goal) == (f"{title}, beside fake 1.0", "by hand", Goal(0.1, more=True))
    ours, theirs = row.value.split(" : ")
    assert theirs == "2.0"
    assert row.ratio is not None
    assert f"{row.ratio * 2.0:,.1f}" == ours


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("sys.exit('no such calendar')", "no such calendar"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("print('hello')", "it answered 'hello'"),
        ("print(12)", "it answered '12'"),
        ("", "it answered ''"),
        (answering(seconds=1.0), "its answer says no 'done'"),
        (answering(done=0, seconds=1.0), "it did nothing in its time"),
        (answering(done=1, seconds=1.0, result="tomorrow"), f"it came to tomorrow, we to {DUE}"),
    ],
    ids=["refuses", "fails", "a text", "a number", "silent", "no count", "idle", "another result"],
)
def test_a_peer_that_does_not_answer_rightly_is_a_row_without_a_number(tmp_path: Path, body: str, why: str) -> None:
    row = row_of(tmp_path, body)
    assert (row.value, row.note, row.ratio) == ("not measured", why, None)


SERVER = """
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    times = 0
    def do_POST(self):
        Handler.times += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        right = body == b"one" and self.headers["X-Who"] == "asker" and self.path == "/send" and Handler.times % 2
        self.send_response(201 if right else 409)
        self.end_headers()
    def log_message(self, *said): pass
call = {"method": "POST", "path": "/send", "headers": {"X-Who": "asker"}, "body": "one", "status": 201}
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
calls = {"submissions": call, "wrong": {**call, "path": "/"}, "nothing": [], "twice": [call, call]}
print(json.dumps(calls), flush=True)
server.serve_forever()
"""


def served(folder: Path, body: str) -> AbstractContextManager[peering.Served]:
    text = PEER.format(body=body, needs="", goal="1 or more", measure="submissions").replace("assert", "#")
    (folder / "fake.py").write_text(text, "utf-8")
    (peer,) = peering.find(folder=folder)
    return peering.serving(peering.build(peer, folder / "built"))


def test_a_peer_that_serves_is_sent_what_it_says_and_only_what_it_took_counts(tmp_path: Path) -> None:
    with served(tmp_path, SERVER) as peer:
        did = peer.turn("submissions")(0.0)
        for measure in ("search", "nothing"):
            with pytest.raises(Unmeasured, match=f"does not say what to send for {measure}"):
                peer.turn(measure)
        with pytest.raises(Unmeasured, match="it says 2 calls for twice, not one"):
            peer.turn("twice")
        with pytest.raises(Unmeasured, match="/ was answered 4 x 409"):
            peer.turn("wrong")(0.0)
    assert (did.done, did.note) == (2, "refused: 2 x 409")


@pytest.mark.parametrize(
    ("body", "why"), [("sys.exit('the port is taken')", "the port is taken"), ("print('ready')", "it answered 'ready'")]
)
def test_a_peer_that_does_not_serve_is_told(tmp_path: Path, body: str, why: str) -> None:
    with pytest.raises(Unmeasured, match=why), served(tmp_path, body):
        pass


PAGES = """
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if self.path == "/lost" else 200)
        self.end_headers()
    def log_message(self, *said): pass
assert sys.argv[3] == "3"
calls = {"queue": [{"path": "/page", "headers": {}}, {"path": "/table", "headers": {}}]}
calls["inbox"] = {"path": "/lost", "headers": {}}
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
print(json.dumps(calls), flush=True)
server.serve_forever()
"""


@pytest.fixture
def hall(app: Flask, session: Session) -> Iterator[browsing.Hall]:
    """Our pages, served from here."""
    company.make_company(session)
    session.rollback()
    server = make_server("127.0.0.1", 0, app)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield browsing.Hall(Place(app, ""), server.server_port)
    server.shutdown()
    serving.join()


@on_sqlite
def test_pages_of_ours_and_of_a_peer_are_read_over_http(tmp_path: Path, hall: browsing.Hall) -> None:
    text = PEER.format(body=PAGES, needs="", goal="0.3 or less", measure="queue").replace("assert sys.argv[1]", "#")
    (tmp_path / "fake.py").write_text(text.replace("# ///\nimport", '# inbox = "none"\n# ///\nimport'), "utf-8")
    (peer,) = peering.find(folder=tmp_path)
    queue, inbox = browsing.rows(peering.build(peer, tmp_path / "built"), hall, size=3, seconds=0)
    assert (queue.measure, queue.goal) == ("queue at 3, beside fake 1.0", Goal(0.3, more=False))
    assert queue.ratio is not None
    assert (inbox.value, inbox.note) == ("not measured", "/lost was answered 404")


@on_sqlite
def test_each_page_of_a_peer_whose_server_ends_is_a_row_that_says_why(tmp_path: Path, hall: browsing.Hall) -> None:
    (tmp_path / "fake.py").write_text(PEER.format(body="", needs="", goal="none", measure="search"), "utf-8")
    (peer,) = peering.find(folder=tmp_path)
    (row,) = browsing.rows(peering.build(peer, tmp_path / "built"), hall, size=3, seconds=0)
    assert (row.measure, row.value) == ("search, a word of one request at 3, beside fake 1.0", "not measured")
    assert row.note == "AssertionError"


def test_a_peer_that_cannot_be_built_is_a_row_that_says_why(tmp_path: Path) -> None:
    row = row_of(tmp_path, "", needs=f'"nothing @ {(tmp_path / "nowhere").as_uri()}"')
    assert (row.measure, row.value, row.ratio) == ("fake 1.0", "not built", None)
    assert "nowhere" in row.note


def test_peers_see_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "secret_module.py").write_text("", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "ours"))
    assert row_of(tmp_path, "import secret_module").note == "ModuleNotFoundError: No module named 'secret_module'"
    assert row_of(tmp_path, "import flask").note == "ModuleNotFoundError: No module named 'flask'"


def test_what_a_peer_leaves_is_in_its_folder(tmp_path: Path) -> None:
    assert "/servicehall-peer-" in row_of(tmp_path, "import tempfile; sys.exit(tempfile.gettempdir())").note


@pytest.mark.postgres
def test_on_a_server_a_peer_has_an_empty_database_for_each_turn(tmp_path: Path) -> None:
    if not databases.postgres_answers():
        pytest.skip("PostgreSQL on 127.0.0.1:5432 does not let `postgres` in without a password")
    row = row_of(tmp_path, "import os; sys.exit(os.environ['BENCH_DATABASE'])", server=SERVER_URL)
    name = row.note.rpartition("/")[2]
    assert (row.value, row.note) == (
        "not measured",
        f"postgresql://postgres@127.0.0.1:5432/bench-peer-fake-{os.getpid()}",
    )
    with psycopg.connect(SERVER_URL) as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None


def test_a_peer_on_sqlite_alone_is_not_measured_on_a_server(tmp_path: Path) -> None:
    text = PEER.format(body="", needs="", goal="none", measure="cases")
    (tmp_path / "fake.py").write_text(
        text.replace("# [tool.servicehall.goals]", "# sqlite_only = true\n# [tool.servicehall.goals]"), "utf-8"
    )
    (row,) = beside.rows(peering.find(folder=tmp_path), seconds=0.03, many=no_place, size=0, server=SERVER_URL)
    assert (row.measure, row.note) == ("fake 1.0", "it is measured on SQLite alone")


def test_every_peer_names_its_versions_and_only_measures_that_there_are() -> None:
    peers = peering.find()
    assert peers
    for peer in peers:
        assert peer.dependencies and all("==" in one for one in peer.dependencies), peer.title
        assert peer.goals and set(peer.goals) <= {*beside.MEASURES, *browsing.PAGES}, peer.title


def test_peers_are_named_and_an_unknown_one_is_told() -> None:
    assert [peer.script.stem for peer in peering.find(["businesstimedelta"])] == ["businesstimedelta"]
    told = CliRunner().invoke(main, ["bench", "--peers", "nobody"])
    assert told.exit_code == 2
    assert "there is no peer 'nobody'; there are" in told.output


def test_the_operators_guide_says_what_the_same_work_is_for_each_peer() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide-operators.md").read_text("utf-8")
    assert [peer.title for peer in peering.find() if f"| {peer.title} |" not in guide] == []


@pytest.mark.parametrize(
    ("row", "line", "met"),
    [
        (Row("pages", "2 ms"), "pages 2 ms", None),
        (Row("pages", "2 ms", "of ten"), "pages 2 ms of ten", None),
        (Row("pages", "2 ms", "of ten", 0.5), "pages 2 ms 0.50 x of ten", None),
        (
            Row("pages", "2 ms", "", 1234.5, Goal.parse("1.3 or more")),
            "pages 2 ms 1,234.50 x (goal: 1.3 or more)",
            True,
        ),
        (
            Row("pages", "2 ms", "", 1.2, Goal.parse("1.3 or more")),
            "pages 2 ms 1.20 x (goal: 1.3 or more, missed)",
            False,
        ),
        (Row("pages", "2 ms", "", 0.3, Goal.parse("0.3 or less")), "pages 2 ms 0.30 x (goal: 0.3 or less)", True),
        (
            Row("pages", "2 ms", "", 4, Goal.parse("0.3 or less")),
            "pages 2 ms 4.00 x (goal: 0.3 or less, missed)",
            False,
        ),
    ],
)
def test_a_row_tells_its_ratio_and_its_goal(row: Row, line: str, met: bool | None) -> None:
    assert " ".join(str(row).split()) == line
    assert row.as_json()["met"] is met


def test_a_goal_is_a_number_and_a_side() -> None:
    with pytest.raises(ValueError, match="is no goal"):
        Goal.parse("fast")


def test_both_work_by_turns_and_all_turns_count() -> None:
    order = []

    def turn(who: str, done: int) -> Did:
        order.append(who)
        return Did(done, 2.0)

    ours, theirs = peering.in_turn(lambda s: turn("we", 3), lambda s: turn("they", 1), seconds=6)
    assert order == ["they", "we"] * 3
    assert (ours, theirs) == (Did(9, 6.0), Did(3, 6.0))
