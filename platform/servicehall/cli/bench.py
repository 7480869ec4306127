"""`servicehall bench`: measures on a database of its own, in a folder that is thrown away."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .application import make_app, plain_errors

if TYPE_CHECKING:
    from flask import Flask

PAGES = (("portal", "asker", "/requests"), ("inbox", "lead", "/approvals"), ("queue", "worker", "/desk/queue"))
Row = tuple[str, str, str]


@click.command()
@click.option("--requests", "most", default=50_000, show_default=True, help="How many requests the pages are read at.")
@click.option("--seconds", default=10.0, show_default=True, help="How long each rate is measured.")
@click.option("--database", metavar="URL", help="An empty PostgreSQL database; SQLite where absent.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def bench(most: int, seconds: float, database: str | None, as_json: bool) -> None:
    """Measure submissions, whole cases, pages, a condition and a due moment. Ratios count, single times do not."""
    from .. import config

    with tempfile.TemporaryDirectory(prefix="servicehall-bench-") as folder:
        environment = {
            "SERVICEHALL_DEMO": "1",
            "SERVICEHALL_DATA_DIR": folder,
            "SERVICEHALL_LOG_LEVEL": "WARNING",
        }
        if database:
            environment["SERVICEHALL_DATABASE_URL"] = database
        app = make_app(config.Settings.read(environment))
        with app.app_context(), plain_errors():
            rows = []
            for row in _measure(app, environment, most, seconds):
                rows.append(row)
                if not as_json:
                    click.echo(f"{row[0]:<58} {row[1]:>12}  {row[2]}")
    if as_json:
        click.echo(json.dumps([dict(zip(("measure", "value", "note"), row, strict=True)) for row in rows], indent=2))


def _measure(app: Flask, environment: dict[str, str], most: int, seconds: float) -> Iterator[Row]:
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
    yield (
        "conditions a second",
        f"{ours:,.0f}",
        f"{engine / ours:.2f} x the time of the engine's compiled program alone",
    )
    yield "due moments a second (40 working hours)", f"{measures.due_moments(seconds=seconds / 5):,.0f}", ""
    through, bare = measures.cases(session, made, seconds=seconds)
    yield "whole cases a second (2 approvals, 5 tasks, 8 commits)", f"{through.rate:,.1f}", "through the services"
    reach = f"services reach {through.rate / bare.rate:.2f} of it"
    used = f"{through.processor / bare.processor:.1f} x its processor time"
    yield "the same writes by bare SQLAlchemy Core", f"{bare.rate:,.1f}", f"{reach}, with {used}"
    rate = measures.submissions(_free_port(), token, {**os.environ, **environment}, seconds=seconds)
    yield "submissions a second over HTTP", f"{rate:,.1f}", f"gunicorn, 2 workers, {measures.CLIENTS} clients"
    yield from _pages(app, made, most)


def _pages(app: Flask, made: Any, most: int) -> Iterator[Row]:
    """Each page at a thousand requests and at many, in one run."""
    from ..clock import now
    from .benchmarks import company, crowd, measures

    session = made.session
    waiting, ended = company.order(made, at=now()), company.whole_case(made)
    working = company.order(made, at=now())
    for viewer in (made.lead, made.head):
        company.approve(made, working, viewer)
    small: dict[str, float] = {}
    for size in (1_000, most):
        crowd.grow(session, to=size, models=(waiting, working), ended=ended)
        for name, who, path in PAGES:
            sign_in = _sign_in(app, f"{who}@bench.example.com")
            taken = measures.page(app, path, {}, sign_in, times=40)
            small.setdefault(name, taken)
            ratio = f"{taken / small[name]:.2f} x that at 1,000" if size != 1_000 else ""
            yield f"{name} ({path}) at {size:,} requests, p50", f"{taken:,.1f} ms", ratio


def _sign_in(app: Flask, email: str) -> Any:
    """Puts a signed-in session into a client, as the sign-in page would."""
    from ..models.base import db
    from ..web import accounts

    session = db.session()
    number = accounts.ensure_account(session, accounts.person_of(session, email))
    session.commit()
    account: Any = session.get(app.extensions["appbuilder"].sm.user_model, number)
    signed = {"_user_id": str(number), "_fresh": True, "stamp": accounts.stamp(account)}

    def sign_in(client: Any) -> None:
        with client.session_transaction() as cookie:
            cookie.update(signed)

    return sign_in


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
