"""The application behind a command: made when the command needs it, its errors told in one sentence."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from servicehall import config
from servicehall.errors import ServicehallError

if TYPE_CHECKING:
    from flask import Flask

NOT_CURRENT = "The database is not at the newest version; run: servicehall db upgrade"
P = ParamSpec("P")
R = TypeVar("R")


def read_settings() -> config.Settings:
    """The settings, or a plain message and exit 1; variables that are no setting are pointed out."""
    for name in config.unknown(os.environ):
        click.echo(f"warning: {name} is not a setting", err=True)
    try:
        return config.Settings.read()
    except config.SettingsError as error:
        raise click.ClickException(str(error)) from error


def settings_without_app() -> None:
    """The settings of the environment for what needs no application: nothing is signed with their secret key."""
    import secrets

    try:
        config.current()
    except RuntimeError:
        try:
            config.use(config.Settings.read({**os.environ, f"{config.PREFIX}SECRET_KEY": secrets.token_urlsafe(48)}))
        except config.SettingsError as error:
            raise click.ClickException(str(error)) from error


def make_app(settings: config.Settings | None = None) -> Flask:
    from servicehall import create_app

    return create_app(settings or read_settings())


def with_app(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command inside the application's context; our own errors become one message and exit 1."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        from servicehall.models.base import db

        with make_app().app_context(), plain_errors():
            try:
                return command(*args, **kwargs)
            finally:
                db.session.remove()
                db.engine.dispose()

    return wrapped


class plain_errors:  # noqa: N801 - used like a function
    """Turns our errors, and a database of another version, into Click's: a message on standard error and exit 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ServicehallError):
            raise click.ClickException(str(error)) from error
        if error is not None and _is_of_another_version(error):
            raise click.ClickException(NOT_CURRENT) from error


def _is_of_another_version(error: BaseException) -> bool:
    """Whether the database refused a statement because its tables are not those of this program."""
    from sqlalchemy.exc import DBAPIError

    from servicehall import migrations
    from servicehall.models.base import db

    return isinstance(error, DBAPIError) and not migrations.is_current(db.engine)


def read_secret(prompt: str) -> str:
    """One line from standard input; asked for without echo on a terminal."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


@contextmanager
def progress_bar(length: int, label: str, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing elsewhere; gives what is told how many more are done."""
    if quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda done: bar.update(done)


_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Lifetime(click.ParamType[timedelta]):
    """`30d`, `12h`, `4w`."""

    name = "lifetime"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        found = re.fullmatch(r"([1-9]\d{0,4})([hdw])", str(value))
        if found is None:
            self.fail("write a number and h, d or w, such as 30d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
