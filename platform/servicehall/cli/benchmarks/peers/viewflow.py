"""Whole cases in viewflow: two approvals and five parallel tasks, each step a transaction. AGPL: only ever run."""

# /// script
# dependencies = ["django-viewflow==2.4.0", "django==5.2.19", "psycopg[binary]==3.3.9"]
# [tool.servicehall]
# peer = "viewflow 2.4.0"
# [tool.servicehall.goals]
# cases = "4 or more"
# ///
from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command

FOLDER = tempfile.mkdtemp()
CASES = ModuleType("cases")
"""The application that the flow belongs to, with this very file as its `cases.flows`."""
CASES.__file__ = __file__
sys.modules.update({"cases": CASES, "cases.flows": sys.modules[__name__]})


def database() -> dict[str, Any]:
    """The PostgreSQL database that is named, or a file of its own."""
    if url := os.environ.get("BENCH_DATABASE"):
        parts = urlsplit(url)
        place = {"HOST": parts.hostname, "PORT": parts.port or 5432, "USER": parts.username, "PASSWORD": parts.password}
        return {"ENGINE": "django.db.backends.postgresql", "NAME": unquote(parts.path[1:]), **place}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(FOLDER) / "bench.db"}


settings.configure(
    SECRET_KEY="bench",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "viewflow",
        "viewflow.workflow",
        AppConfig("cases", CASES),
    ],
    DATABASES={"default": database()},
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from viewflow import this  # noqa: E402
from viewflow.workflow import flow, lock  # noqa: E402
from viewflow.workflow.models import Process, Task  # noqa: E402
from viewflow.workflow.status import PROCESS, STATUS  # noqa: E402

PEOPLE = ("lead", "head", "worker")


def step(name: str, following: object) -> object:
    return flow.View(lambda request: None).Assign(username=name).Next(following)


class CaseFlow(flow.Flow):
    __module__ = "cases.flows"
    process_class = Process
    lock_impl = lock.select_for_update_lock

    start = flow.StartHandle().Next(this.manager)
    manager = step("lead", this.director)
    director = step("head", this.split)
    split = flow.Split().Next(this.part_1).Next(this.part_2).Next(this.part_3).Next(this.part_4).Next(this.part_5)
    part_1 = step("worker", this.join)
    part_2 = step("worker", this.join)
    part_3 = step("worker", this.join)
    part_4 = step("worker", this.join)
    part_5 = step("worker", this.join)
    join = flow.Join().Next(this.end)
    end = flow.End()


def one() -> None:
    """Each step finds its task in the database, as a view of viewflow does."""
    process = CaseFlow.start.run(_process_data={"what": "One more", "amount": "120.00"})
    saved = 1
    while ready := Task.objects.filter(process=process, status=STATUS.ASSIGNED).order_by("pk").first():
        with ready.activation() as activation:
            activation.task.data = {"decision": "approve"}
            activation.start(None)
            activation.execute()
        saved += 1
    process.refresh_from_db()
    assert (saved, process.status) == (8, PROCESS.DONE), (saved, process.status)


def main(seconds: float) -> None:
    call_command("migrate", verbosity=0)
    for name in PEOPLE:
        User.objects.create_user(name)
    one()
    began, done, passed = time.perf_counter(), 0, 0.0
    while passed < seconds:
        one()
        done += 1
        passed = time.perf_counter() - began
    note = "" if "BENCH_DATABASE" in os.environ else "its SQLite with a rollback journal, as shipped"
    print(json.dumps({"done": done, "seconds": passed, "note": note}))


if __name__ == "__main__":
    main(float(sys.argv[2]))
