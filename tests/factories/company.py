"""The demo company for tests: its people, groups and all shipped catalogs, made once for each database and cloned."""

from __future__ import annotations

import shutil
from typing import Any

import psycopg
from sqlalchemy import func, select
from tests import databases

from servicehall import config
from servicehall.clock import now
from servicehall.models import tables
from servicehall.models.base import db
from servicehall.models.log import EventRow
from servicehall.services import definitions, demo, directory_import, replay

ACTOR = "system:tests"
EMPLOYEE = "mo.chen@example.com"
MANAGER = "xiaoyu.lin@example.com"
DIRECTOR = "ruolan.shen@example.com"
HR_LEAD = "qing.meng@example.com"
HR_AGENT = "min.zhou@example.com"
IT_AGENT = "hao.sun@example.com"
FACILITIES_AGENT = "gang.wu@example.com"
IT_CATALOG = "shan.gao@example.com"
AUDITOR = "zhen.ye@example.com"
ADMIN = "peng.duan@example.com"

_made: dict[int, dict[str, int]] = {}


def open_company(database: Any) -> None:
    """Brings the company into a database, as it was when it was new; the first time it is made."""
    copy = _COPIES[type(database)]
    if id(database) in _made:
        copy.restore(database)
        return
    database.clean()
    config.use(database.app.extensions["servicehall.settings"])
    with database.app.app_context():
        _make()
        _made[id(database)] = _lengths()
        db.session.remove()
        db.engine.dispose()
    copy.save(database)


def faults_of_touched_streams(database: Any) -> list[Any]:
    """What replaying the streams that a test has written to finds."""
    with database.app.app_context():
        before = _made[id(database)]
        touched = [stream for stream, length in _lengths().items() if before.get(stream) != length]
        return list(replay.compare(db.session(), touched))


def _make() -> None:
    directory_import.import_people((demo.FOLDER / "people.csv").read_bytes(), actor=ACTOR, at=now())
    outcome = definitions.apply_pack(demo.shipped_pack(), publish=True, dry_run=False, actor=ACTOR, at=now())
    assert not outcome.is_refused, [str(one) for one in outcome.problems]


def _lengths() -> dict[str, int]:
    rows = db.session.execute(select(EventRow.stream, func.max(EventRow.sequence)).group_by(EventRow.stream))
    return dict(rows.all())


class _SqliteCopy:
    """A file beside the template."""

    @staticmethod
    def save(database: Any) -> None:
        shutil.copyfile(database.live, database.folder / "company.db")

    @staticmethod
    def restore(database: Any) -> None:
        with database.app.app_context():
            db.session.remove()
            db.engine.dispose()
        for leftover in database.folder.glob("servicehall.db-*"):
            leftover.unlink()
        shutil.copyfile(database.folder / "company.db", database.live)


class _PostgresCopy:
    """A schema beside the live one that holds every row."""

    @staticmethod
    def save(database: Any) -> None:
        names = [name for name in tables.metadata.tables if name not in databases.KEPT]
        copies = "".join(f'CREATE TABLE company."{name}" AS TABLE public."{name}";' for name in names)
        _run(database, f"CREATE SCHEMA company; {copies}")

    @staticmethod
    def restore(database: Any) -> None:
        database.clean()
        names = [name for name in tables.metadata.tables if name not in databases.KEPT]
        copies = "".join(f'INSERT INTO public."{name}" SELECT * FROM company."{name}";' for name in names)
        _run(database, f"SET session_replication_role = replica; {copies}")


def _run(database: Any, script: str) -> None:
    with psycopg.connect(databases.POSTGRES + database.name) as connection:
        connection.execute(script)


_COPIES: dict[type, Any] = {databases.SqliteDatabase: _SqliteCopy, databases.PostgresDatabase: _PostgresCopy}
