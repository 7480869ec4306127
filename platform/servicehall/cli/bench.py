"""`servicehall bench`: measures on databases of its own, in a folder that is thrown away unless it is to be kept."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from servicehall.cli.application import make_app, plain_errors
from servicehall.cli.benchmarks.rows import Goal, Row

if TYPE_CHECKING:
    from flask import Flask

    from servicehall.cli.benchmarks.prints import Printed

TIMES = 40
IDLE = 5.0
"""Milliseconds that a sweep may take when nothing is due."""


@click.command()
@click.option("--requests", "most", default=50_000, show_default=True, help="How many requests the pages are read at.")
@click.option("--seconds", default=10.0, show_default=True, help="How long each rate is measured.")
@click.option(
    "--database", metavar="URL", help="An empty PostgreSQL database, beside which others are made; or SQLite."
)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the many requests here, and use them again.")
@click.option("--pages", "only_pages", is_flag=True, help="Measure the pages alone.")
@click.option(
    "--peers",
    metavar="[NAMES]",
    is_flag=False,
    flag_value="",
    help="Build other programs (all, or a,b) in throw-away environments, and measure beside them alone.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def bench(
    most: int,
    seconds: float,
    database: str | None,
    keep: Path | None,
    only_pages: bool,
    peers: str | None,
    as_json: bool,
) -> None:
    """Measure submissions, whole cases, a condition, a due moment, a report, timers, pages. Ratios of one run count."""
    rows = []
    with ExitStack() as stack, plain_errors():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="servicehall-bench-")))
        parts = []
        if peers is not None:
            parts.append(_beside(peers, seconds, most, keep or folder, database, kept=keep is not None))
        elif not only_pages:
            parts += [_rates(folder / "rates", database, seconds), _timers(folder, database, seconds)]
        if peers is None:
            parts.append(_pages(keep or folder, database, most, kept=keep is not None))
        for row in chain.from_iterable(parts):
            rows.append(row)
            if not as_json:
                click.echo(str(row))
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], indent=2))


def _beside(names: str, seconds: float, most: int, folder: Path, database: str | None, *, kept: bool) -> Iterator[Row]:
    """Ours and other programs' in turn."""
    from servicehall.cli.benchmarks import beside, pages, peering

    try:
        found = peering.find([name.strip() for name in names.split(",") if name.strip()])
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--peers") from error
    try:
        many = cache(lambda: pages.place_of(most, folder, database))
        yield from beside.rows(found, seconds=seconds, many=many, size=most, server=database)
    finally:
        if database and not kept:
            pages.drop(pages.name_of(most), database)


def _rates(folder: Path, database: str | None, seconds: float) -> Iterator[Row]:
    """What is done in a second."""
    from servicehall import config

    environment = {"SERVICEHALL_DEMO": "1", "SERVICEHALL_DATA_DIR": str(folder), "SERVICEHALL_LOG_LEVEL": "WARNING"}
    if database:
        environment["SERVICEHALL_DATABASE_URL"] = database
    app = make_app(config.Settings.read(environment))
    with app.app_context():
        yield from _measure(app, environment, seconds)


def _measure(app: Flask, environment: dict[str, str], seconds: float) -> Iterator[Row]:
    from servicehall.cli.benchmarks import company, driver, measures, prints
    from servicehall.clock import now
    from servicehall.models.base import db
    from servicehall.web import tokens
    from servicehall.web.roles import upgrade_database

    upgrade_database()
    session = db.session()
    made = company.make_company(session)
    token = tokens.create_token(session, "asker@bench.example.com", at=now()).secret

    ours, engine = measures.conditions(seconds=seconds / 5)
    note = "the time of cel-expr-python's compiled program alone"
    yield Row("conditions a second", f"{ours:,.0f}", note, engine / ours, Goal.parse("1.5 or less"))
    yield Row("due moments a second (40 working hours)", f"{measures.due_moments(seconds / 5).rate:,.0f}")
    through, bare = measures.cases(session, made, seconds=seconds)
    used = f"of it reached by the services, with {through.processor / bare.processor:.1f} x its processor time"
    yield Row("whole cases a second (2 approvals, 5 tasks, 8 commits)", f"{through.rate:,.1f}", "through the services")
    share = through.rate / bare.rate
    yield Row("the same writes by bare SQLAlchemy Core", f"{bare.rate:,.1f}", used, share, Goal.parse("0.5 or more"))
    yield from _report(prints.report(session, made, seconds=seconds))
    with measures.our_web(environment) as port:
        for length in (0.0, 0.0, 0.0, seconds):  # each worker is asked before the last, which counts
            rate = driver.drive(port, measures.submission(token), length).rate
    yield Row("submissions a second over HTTP", f"{rate:,.1f}", f"gunicorn, 2 workers, {driver.CLIENTS} clients")


def _report(printed: Printed) -> Iterator[Row]:
    note = "the time of bare WeasyPrint, same HTML; the shortest of each"
    ratio, value = printed.job / printed.bare, f"{printed.bare:,.0f} → {printed.job:,.0f} ms"
    yield Row(f"a report of {printed.pages} pages, made by its job", value, note, ratio, Goal.parse("1.15 or less"))
    kept, value = printed.stored / printed.job, f"{printed.stored:,.1f} ms"
    yield Row("the same report again, from the store", value, "the time of its making", kept)


def _timers(folder: Path, database: str | None, seconds: float) -> Iterator[Row]:
    """Due timers among few and among many open ones."""
    from servicehall.cli.benchmarks import pages, timers

    sizes = [f"{size:,}" for size in timers.OPEN_TIMERS]
    open_ones = f"open: {sizes[0]} → {sizes[1]}"
    try:
        places = [timers.place_of(size, folder, database) for size in timers.OPEN_TIMERS]
        few, many = timers.due_in_turn(places, seconds=seconds)
        value = f"{1000 / few.rate:,.2f} → {1000 / many.rate:,.2f} ms"
        note = f"{many.done:,} due in each; {open_ones}"
        yield Row("a due timer", value, note, few.rate / many.rate, Goal.parse("1.2 or less"))
        idle, long_idle = timers.idle_in_turn(places, times=TIMES)
        value = f"{idle:,.2f} → {long_idle:,.2f} ms"
        yield Row("a sweep with nothing due, of 5 ms", value, open_ones, long_idle / IDLE, Goal.parse("1 or less"))
    finally:
        for size in timers.OPEN_TIMERS if database else ():
            pages.drop(timers.name_of(size), database or "")


def _pages(folder: Path, database: str | None, most: int, *, kept: bool) -> Iterator[Row]:
    """Each page at a thousand requests and at many, in turn."""
    from servicehall.cli.benchmarks import pages

    sizes = (pages.SMALL, most)
    try:
        places = [pages.place_of(size, folder, database) for size in sizes]
        for name, path, (small, large) in pages.compare(places, times=TIMES):
            value = f"{small:,.1f} → {large:,.1f} ms"
            note = f"p50 at {sizes[0]:,} → {most:,} requests"
            yield Row(f"{name} ({path})", value, note, large / small, pages.goal(most))
    finally:
        for size in sizes if database and not kept else ():
            pages.drop(pages.name_of(size), database or "")
