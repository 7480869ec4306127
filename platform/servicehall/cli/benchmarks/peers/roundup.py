"""Roundup behind gunicorn with two workers: its classic tracker, and issues sent by the form of somebody signed in."""

# /// script
# dependencies = ["roundup==2.6.0", "gunicorn==27.0.1"]
# [tool.servicehall]
# peer = "roundup 2.6.0"
# [tool.servicehall.goals]
# submissions = "none"
# ///
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from roundup import configuration, init, instance, password
from roundup.cgi.wsgi_handler import RequestDispatcher

CLASSIC = Path(sys.prefix) / "share" / "roundup" / "templates" / "classic"


class Server(BaseApplication):
    def __init__(self, port: int, home: str) -> None:
        self.port, self.home = port, home
        super().__init__()

    def load_config(self) -> None:
        for name, value in {"bind": f"127.0.0.1:{self.port}", "workers": 2, "loglevel": "error"}.items():
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


def main(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = str(Path(folder) / "tracker")
        install(home, port)
        headers = {
            "Cookie": signed_in(home),
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"http://127.0.0.1:{port}/issue?@template=item",
        }
        body = "@action=new&title=One+more&priority=bug&@note=Amount:+120.00"
        submit = {"method": "POST", "path": "/issue", "headers": headers, "body": body, "status": 302}
        print(json.dumps({"submissions": submit}), flush=True)
        Server(port, home).run()


if __name__ == "__main__":
    main(int(sys.argv[2]))
