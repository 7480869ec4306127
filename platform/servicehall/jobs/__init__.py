"""Jobs: what happens after the commit. They take ids, read again under lock, may run twice and may die at any point."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from huey import Huey, crontab

from servicehall.clock import now
from servicehall.errors import ServicehallError, Unavailable
from servicehall.jobs import background, housekeeping, outbox, timers
from servicehall.jobs.claims import Kind, work_off
from servicehall.jobs.engine import QuietConsumer, make_huey
from servicehall.services import sealing

if TYPE_CHECKING:
    from flask import Flask

    from servicehall.config import Settings

log = logging.getLogger("servicehall.jobs")

KINDS: tuple[Kind, ...] = (timers.KIND, outbox.KIND, background.KIND)


@dataclass
class Workers:
    """The worker of one process: huey's threads, which are woken, and a sweeper, which looks by itself."""

    app: Flask
    huey: Huey
    threads: int
    sweep_seconds: float
    _stop: threading.Event = field(default_factory=threading.Event)
    _consumer: QuietConsumer | None = None
    _sweeper: threading.Thread | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._stop.clear()
        self._consumer = QuietConsumer(self.huey, workers=self.threads, max_delay=1.0)
        self._consumer.start()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        self._sweeper.start()

    def stop(self, patience: float = 20.0) -> None:
        """Take nothing new, and wait for what is in hand."""
        self._stop.set()
        if self._consumer is not None:
            self._consumer.shutdown_timeout = patience
            self._consumer.stop(graceful=True)
        if self._sweeper is not None:
            self._sweeper.join(patience)

    def _sweep(self) -> None:
        while not self._stop.is_set():
            try:
                do_all(self.app)
            except ServicehallError as error:
                log.warning("the sweep stops until the next: %s", error)
            except Exception:
                log.exception("the sweep failed")
            self._stop.wait(self.sweep_seconds)


def do_all(app: Flask) -> int:
    """Everything that is due in the database, here and now; gives how many rows were tried."""
    with app.app_context():
        return sum(work_off(kind, clock=now) for kind in KINDS)


def init_jobs(app: Flask, settings: Settings) -> Callable[[], None]:
    """Makes the queue and its tasks; gives `wake`, which services call after a commit."""
    huey = make_huey(settings.queue_url, settings.secret_key)

    @huey.task(name="work_off")
    def woken() -> None:
        do_all(app)

    @huey.periodic_task(crontab(minute="*/10"), name="seal")
    def seal() -> None:
        with app.app_context():
            sealing.seal(now())

    @huey.periodic_task(crontab(minute="17"), name="clean_up")
    def clean_up() -> None:
        with app.app_context():
            housekeeping.run(now())

    def wake() -> None:
        try:
            woken()
        except Exception as error:  # any driver's: the sweeper does the work all the same
            log.warning("the workers could not be woken: %s", error)

    def reachable() -> bool:
        try:
            huey.storage.queue_size()
        except Exception as error:  # any driver's
            raise Unavailable(f"the queue cannot be reached: {error}") from error
        return True

    app.extensions["servicehall.queue"] = reachable
    app.extensions["servicehall.wake"] = wake
    app.extensions["servicehall.workers"] = Workers(
        app=app, huey=huey, threads=settings.worker_threads, sweep_seconds=settings.sweep_seconds
    )
    return wake
