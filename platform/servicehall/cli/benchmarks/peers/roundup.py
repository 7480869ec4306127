"""Roundup behind gunicorn with two workers: its classic tracker, its form and its lists, for somebody signed in."""

# /// script
# dependencies = ["roundup==2.6.0", "gunicorn==27.0.1"]
# [tool.servicehall]
# peer = "roundup 2.6.0"
# sqlite_only = true
# [tool.servicehall.goals]
# submissions = "none"
# queue = "0.3 or less"
# inbox = "0.3 or less"
# my_requests = "0.3 or less"
# search = "0.1 or less"
# search_all = "0.1 or less"
# ///
from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from roundup import configuration, init, instance, password
from roundup.cgi.wsgi_handler import RequestDispatcher

ASKER, BUG, UNREAD, RESOLVED = 3, 3, 1, 8
CLASSIC = Path(sys.prefix) / "share" / "roundup" / "templates" / "classic"


class Server(BaseApplication):
    def __init__(self, port: int, home: str) -> None:
        self.port, self.home = port, home
        super().__init__()

    def load_config(self) -> None:
        said = {"bind": f"127.0.0.1:{self.port}", "workers": 2, "loglevel": "error", "timeout": 120}
        for name, value in said.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return RequestDispatcher(self.home)


def install(home: str, port: int) -> None:
    """The classic tracker on SQLite; mails go to a file."""
    init.install(home, str(CLASSIC))
    config = configuration.CoreConfig()
    config["TRACKER_HOME"] = home
    config["TRACKER_WEB"] = f"http://127.0.0.1:{port}/"
    config["MAIL_DOMAIN"] = "bench.example.com"
    config["MAIL_DEBUG"] = str(Path(home) / "mails")
    config["RDBMS_BACKEND"] = "sqlite"
    config["DATABASE"] = "db"
    config.save(str(Path(home) / "config.ini"))
    tracker = instance.open(home)
    tracker.init(password.Password("admin", config=config))
    db = tracker.open("admin")
    db.user.create(username="asker", address="asker@bench.example.com", roles="User")
    db.commit()
    db.close()


def fill(home: str, rows: int) -> None:
    """So many issues as its own statements would write them, the newest first; one in ten is open."""
    at = datetime.now(UTC)
    issues, words = [], []
    for n in range(rows):
        number, title, moment = n + 1, f"Case {500_000 + n}", f"{at - timedelta(minutes=10 * n):%Y%m%d%H%M%S.000}"
        status, holder = (UNREAD, ASKER if n // 10 % 2 else None) if n % 10 == 0 else (RESOLVED, ASKER)
        issues.append((moment, ASKER, holder, moment, ASKER, BUG, status, title, number))
        words += [("CASE", number), (str(500_000 + n), number)]
    columns = "_activity, _actor, _assignedto, _creation, _creator, _priority, _status, _title, id"
    journal = [(issue[-1], issue[0], str(ASKER)) for issue in issues]
    numbers = [issue[-1] for issue in issues]
    with closing(sqlite3.connect(Path(home) / "db" / "db")) as database, database:
        database.executemany(f"INSERT INTO _issue ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", issues)
        database.executemany("INSERT INTO issue_nosy VALUES (?, ?)", [(ASKER, n) for n in numbers])
        database.executemany("INSERT INTO issue__journal VALUES (?, ?, ?, 'create', '{}')", journal)
        database.executemany("INSERT INTO __textids VALUES ('issue', ?, 'title', ?)", [(str(n), n) for n in numbers])
        database.executemany("INSERT INTO __words VALUES (?, ?)", words)
        database.execute("UPDATE ids SET num = ? WHERE name IN ('issue', '__textids')", (rows + 1,))


def signed_in(home: str) -> str:
    """The cookie of a session, as the sign-in page would make it."""
    tracker = instance.open(home)
    db = tracker.open("admin")
    sessions = db.getSessionManager()
    key = "bench-session-of-the-asker"
    sessions.set(key, user="asker")
    sessions.commit()
    name = db.config["TRACKER_NAME"]
    db.close()
    return f"roundup_session_{''.join(c for c in name if c.isalnum())}={key}"


def pages(headers: dict[str, str]) -> dict[str, Any]:
    """The lists that its rail links to, and its search."""
    opened = f"&status=-1,{','.join(str(n) for n in range(1, RESOLVED))}&@pagesize=50&@startwith=0"
    listed = "/issue?@columns=id,activity,title,creator,status&@sort=-activity&@group=priority"
    found = "/issue?@columns=id,activity,title,creator,assignedto,status&@sort=activity&@group=priority&@search_text="
    paths = {
        "queue": f"{listed}&@filter=status,assignedto&assignedto=-1{opened}",
        "inbox": f"{listed}&@filter=status,assignedto&assignedto={ASKER}{opened}",
        "my_requests": f"{listed}&@filter=creator&creator={ASKER}&@pagesize=50&@startwith=0",
        "search": f"{found}500123",
        "search_all": f"{found}case",
    }
    return {name: {"path": path, "headers": headers} for name, path in paths.items()}


def main(port: int, rows: int) -> None:
    home = str(Path(tempfile.mkdtemp()) / "tracker")
    install(home, port)
    fill(home, rows)
    headers = {
        "Cookie": signed_in(home),
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": f"http://127.0.0.1:{port}/issue?@template=item",
    }
    body = "@action=new&title=One+more&priority=bug&@note=Amount:+120.00"
    submit = {"method": "POST", "path": "/issue", "headers": headers, "body": body, "status": 302}
    print(json.dumps({"submissions": submit, **pages(headers)}), flush=True)
    Server(port, home).run()


if __name__ == "__main__":
    main(int(sys.argv[2]), int(sys.argv[3]))
