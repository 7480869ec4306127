"""`servicehall bench`: measures on databases of its own, in a folder that is thrown away unless it is to be kept."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .application import make_app, plain_errors

if TYPE_CHECKING:
    from flask import Flask

TIMES = 40
Row = tuple[str, str, str]


@click.command()
@click.option("--requests", "most", default=50_000, show_default=True, help="How many requests the pages are read at.")
@click.option("--seconds", default=10.0, show_default=True, help="How long each rate is measured.")
@click.option(
    "--database", metavar="URL", help="An empty PostgreSQL database, beside which others are made; or SQLite."
)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the many requests here, and use them again.")
@click.option("--pages", "only_pages", is_flag=True, help="Measure the pages alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def bench(most: int, seconds: float, database: str | None, keep: Path | None, only_pages: bool, as_json: bool) -> None:
    """Measure submissions, whole cases, a condition, a due moment, and pages. Ratios count, single times do not."""
    rows = []
    with ExitStack() as stack, plain_errors():
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="servicehall-bench-"))
        rates = iter(()) if only_pages else _rates(Path(folder) / "rates", database, seconds)
        for part in (rates, _pages(keep or Path(folder), database, most, kept=keep is not None)):
            for row in part:
                rows.append(row)
                if not as_json:
                    click.echo(f"{row[0]:<58} {row[1]:>20}  {row[2]}")
    if as_json:
        click.echo(json.dumps([dict(zip(("measure", "value", "note"), row, strict=True)) for row in rows], indent=2))


def _rates(folder: Path, database: str | None, seconds: float) -> Iterator[Row]:
    """What is done in a second."""
    from .. import config

    environment = {"SERVICEHALL_DEMO": "1", "SERVICEHALL_DATA_DIR": str(folder), "SERVICEHALL_LOG_LEVEL": "WARNING"}
    if database:
        environment["SERVICEHALL_DATABASE_URL"] = database
    app = make_app(config.Settings.read(environment))
    with app.app_context():
        yield from _measure(app, environment, seconds)


def _measure(app: Flask, environment: dict[str, str], seconds: float) -> Iterator[Row]:
    from ..clock import now
    from ..models.base import db
    from ..web import tokens
    from ..web.roles import upgrade_database
    from .benchmarks import company, measures

    upgrade_database()
    session = db.session()
    made = company.make_company(session)
    token = tokens.create_token(session, "asker@bench.example.com", at=now()).secret

    ours, engine = measures.conditions(seconds=seconds / 5)
    note = f"{engine / ours:.2f} x the time of the engine's compiled program alone"
    yield "conditions a second", f"{ours:,.0f}", note
    yield "due moments a second (40 working hours)", f"{measures.due_moments(seconds=seconds / 5):,.0f}", ""
    through, bare = measures.cases(session, made, seconds=seconds)
    yield "whole cases a second (2 approvals, 5 tasks, 8 commits)", f"{through.rate:,.1f}", "through the services"
    reach = f"services reach {through.rate / bare.rate:.2f} of it"
    used = f"{through.processor / bare.processor:.1f} x its processor time"
    yield "the same writes by bare SQLAlchemy Core", f"{bare.rate:,.1f}", f"{reach}, with {used}"
    rate = measures.submissions(_free_port(), token, {**os.environ, **environment}, seconds=seconds)
    yield "submissions a second over HTTP", f"{rate:,.1f}", f"gunicorn, 2 workers, {measures.CLIENTS} clients"


def _pages(folder: Path, database: str | None, most: int, *, kept: bool) -> Iterator[Row]:
    """Each page at a thousand requests and at many, in turn."""
    from .benchmarks import pages

    sizes = (pages.SMALL, most)
    try:
        places = [pages.place_of(size, folder, database) for size in sizes]
        for name, path, (small, large) in pages.compare(places, times=TIMES):
            value = f"{small:,.1f} → {large:,.1f} ms"
            yield f"{name} ({path})", value, f"p50 at {sizes[0]:,} → {most:,} requests: {large / small:.2f} x"
    finally:
        for size in sizes if database and not kept else ():
            pages.drop(size, database or "")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
