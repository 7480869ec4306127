"""`servicehall run`, `web` and `worker`: what serves."""

from __future__ import annotations

import ipaddress
import signal
import threading
from typing import TYPE_CHECKING, Any

import click
from gunicorn.app.base import BaseApplication

from servicehall import config
from servicehall.cli.application import make_app, plain_errors, read_settings
from servicehall.cli.demo import tell_accounts

if TYPE_CHECKING:
    from servicehall.web.demo_accounts import DemoAccount


class Server(BaseApplication):
    """Gunicorn with our application and settings, and nothing read from files or its own environment."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return make_app()


def _options(settings: config.Settings, host: str, port: int, workers: int) -> dict[str, Any]:
    return {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": settings.web_threads,
        "worker_class": "gthread",
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - heartbeats must not wait for a disk
        "timeout": 120,
        "graceful_timeout": 20,
        "keepalive": 5,
        "limit_request_line": 8190,
        "accesslog": None,
        "loglevel": "warning",
        "proc_name": "servicehall",
    }


def _check_host(settings: config.Settings, host: str) -> None:
    if settings.demo and not (host == "localhost" or _is_loopback(host)):
        raise click.ClickException(f"Demo mode answers this machine only; it cannot listen on {host}.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _migrate(settings: config.Settings) -> list[DemoAccount]:
    """Brings the database up to date; gives the demo's accounts that are in it."""
    from servicehall.models.base import db
    from servicehall.web.demo_accounts import demo_accounts
    from servicehall.web.roles import upgrade_database

    app = make_app(settings)
    with app.app_context(), plain_errors():
        upgrade_database()
        found = demo_accounts() if settings.demo else []
        db.session.remove()
        db.engine.dispose()
    return found


def _tell_of_mail(settings: config.Settings) -> None:
    if not settings.smtp_url:
        click.echo("Mail is not set up (SERVICEHALL_SMTP_URL): people are told in the page only.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=int)
def run(host: str, port: int) -> None:
    """Migrate, and serve web and worker in one process."""
    settings = read_settings()
    _check_host(settings, host)
    accounts = _migrate(settings)

    def begin_work(worker: Any) -> None:
        worker.wsgi.extensions["servicehall.workers"].start()

    def end_work(server: Any, worker: Any) -> None:
        if getattr(worker, "wsgi", None) is not None:
            worker.wsgi.extensions["servicehall.workers"].stop()

    hooks = {"post_worker_init": begin_work, "worker_exit": end_work}
    click.echo(f"Servicehall is served at http://{host}:{port} (end with Ctrl+C).")
    _tell_of_mail(settings)
    tell_accounts(accounts)
    Server(_options(settings, host, port, 1) | hooks).run()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=int)
@click.option("--workers", type=click.IntRange(1), help="Processes; WEB_WORKERS of the settings where absent.")
def web(host: str, port: int, workers: int | None) -> None:
    """Serve the web alone, under gunicorn."""
    settings = read_settings()
    _check_host(settings, host)
    Server(_options(settings, host, port, workers or settings.web_workers)).run()


@click.command()
def worker() -> None:
    """Work off what waits: mails, timers, reports. Several of these may run."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    settings = read_settings()
    workers = make_app(settings).extensions["servicehall.workers"]
    workers.start()
    click.echo("The worker waits for work (end with Ctrl+C).")
    _tell_of_mail(settings)
    ended.wait()
    workers.stop()
