"""A program for the tests of jobs: workers that are killed at the worst moments, each a process of its own.

python forking_worker.py DATABASE_URL FOLDER die TIMES SEED   kill a worker inside a job, so many times
python forking_worker.py DATABASE_URL FOLDER commit           commit work and be killed before waking anybody
python forking_worker.py DATABASE_URL FOLDER together N       so many workers at once, until nothing is due
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from flask import Flask
from tests.databases import settings_for

from servicehall import create_app
from servicehall.clock import now
from servicehall.jobs.claims import Claim, Kind, work_off
from servicehall.models.access import AccessLog
from servicehall.models.base import db
from servicehall.models.operations import Outbox

LEASE = timedelta(milliseconds=40)


def effect(claim: Claim) -> None:
    """What a job does: one row, in one transaction with the mark that it is done."""
    session = db.session()
    AccessLog.add(session, at=claim.at, person_id="p", kind="effect", subject=claim.key)
    claim.settle(session)
    session.commit()


def fatal(claim: Claim, moment: str) -> None:
    """The same, killed before the effect, or after it and before the commit, or after that."""
    session = db.session()
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    AccessLog.add(session, at=claim.at, person_id="p", kind="effect", subject=claim.key)
    claim.settle(session)
    if moment == "amid":
        os.kill(os.getpid(), signal.SIGKILL)
    session.commit()
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(app: Flask, act: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        with app.app_context():
            db.engine.dispose(close=False)
            act()
        os._exit(0)
    return child


def main(url: str, folder: str, mode: str, times: str = "1", seed: str = "") -> None:
    app = create_app(settings_for(Path(folder), url))
    with app.app_context():
        db.engine.dispose()
    if mode == "die":
        chance = random.Random(seed)
        for _ in range(int(times)):
            deadly = partial(fatal, moment=chance.choice(("before", "amid", "after")))
            kind = Kind(Outbox, deadly, LEASE)
            os.waitpid(in_child(app, lambda kind=kind: work_off(kind, clock=now)), 0)
    elif mode == "commit":
        with app.app_context():
            Outbox.add(db.session(), channel="test", dedupe_key="committed", payload={}, at=now())
            db.session.commit()
            os.kill(os.getpid(), signal.SIGKILL)
    else:
        children = [
            in_child(app, lambda: work_off(Kind(Outbox, effect, timedelta(minutes=1)), clock=now))
            for _ in range(int(times))
        ]
        for child in children:
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
