"""Settings: environment variables `SERVICEHALL_…`, read once at start into one frozen, typed object.

Every setting is one field below, with its row of the operator's guide, which a test holds against this file.
"""

# ruff: noqa: RUF009 - `_setting` is dataclasses.field with its documentation

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

PREFIX = "SERVICEHALL_"
SHORTEST_KEY = 32
LEAST_DIFFERENT = 10
WEAK_WORDS = ("changeme", "change-me", "secret", "password", "default", "example", "servicehall")
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

ATTACHMENT_TYPES = (
    "application/pdf,application/zip,"
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document,"
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,"
    "application/vnd.openxmlformats-officedocument.presentationml.presentation,"
    "image/gif,image/jpeg,image/png,image/webp,text/csv,text/plain"
)


class SettingsError(Exception):
    """A setting is missing, unreadable or unsafe; the program does not start."""


def _text(value: str) -> str:
    return value.strip()


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _yes(value: str) -> bool:
    known = {
        "1": True,
        "yes": True,
        "true": True,
        "on": True,
        "": False,
        "0": False,
        "no": False,
        "false": False,
    }
    known["off"] = False
    if value.strip().lower() not in known:
        raise ValueError("write yes or no")
    return known[value.strip().lower()]


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"write one of {', '.join(choices)}")
        return value

    return parse


def _at_least(least: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if int(value) < least:
            raise ValueError(f"at least {least}")
        return int(value)

    return parse


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not a time zone of the IANA database")
    return value


def _networks(value: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(word)) for word in _words(value))


def _addresses(value: str) -> Mapping[str, str]:
    found = json.loads(value)
    if not isinstance(found, dict) or not all(isinstance(url, str) for url in found.values()):
        raise ValueError('write a JSON object of name to URL: {"pager": "https://…"}')
    return found


def _setting(doc: str, default: Any = "", parse: Callable[[str], Any] = _text, shown: str | None = None) -> Any:
    described = {"doc": doc, "parse": parse, "shown": shown}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=described)
    return field(default=default, metadata=described)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of one process; `Settings.read()` takes them from the environment and checks them."""

    data_dir: Path = _setting("Folder for everything that is kept on disk", Path("data"), Path)
    database_url: str = _setting(
        "`sqlite:///…` or `postgresql://…`", shown="SQLite: `servicehall.db` in the data folder"
    )
    queue_url: str = _setting(
        "What wakes workers: `sqlite:///…`, `redis://…`, `postgresql://…`; may be lost without loss of work",
        shown="SQLite: `queue.db` in the data folder",
    )
    files_url: str = _setting("Where attachments are kept: any fsspec URL", shown="`files` in the data folder")
    base_url: str = _setting(
        "The address that people use; links in mails begin with it, and `https` makes cookies Secure",
        "http://127.0.0.1:8080",
        lambda value: value.strip().rstrip("/"),
    )
    secret_key: str = _setting(
        f"Signs sessions, tokens and queue messages; at least {SHORTEST_KEY} random characters, kept secret",
        shown="none; in demo mode one is made and kept in the data folder",
    )
    demo: bool = _setting("Demo mode: loopback only, a key of its own, said on every page", False, _yes)
    trusted_hosts: tuple[str, ...] = _setting(
        "Host names that are answered, separated by commas",
        (),
        _words,
        shown="the host of `BASE_URL`, and loopback",
    )
    trusted_proxies: int = _setting("How many reverse proxies stand in front", 0, _at_least(0))
    smtp_url: str = _setting(
        "`smtp://user:password@host:port`, or `smtps://…`, or `smtp+starttls://…`; "
        "without one, people are told in the page only"
    )
    mail_from: str = _setting("Sender of mails", "Servicehall <servicehall@localhost>")
    webhooks: Mapping[str, str] = _setting("Names that documents use, as a JSON object of name to URL", {}, _addresses)
    webhook_networks: tuple[str, ...] = _setting(
        "Private networks that webhooks may reach, such as `10.1.0.0/16`; all others are refused",
        (),
        _networks,
    )
    company: str = _setting("Name of the company, as it stands on printed reports", "Servicehall")
    default_locale: str = _setting("Language where a person has none", "en", _one_of("en", "zh"))
    default_time_zone: str = _setting("Time zone where a person has none", "UTC", _zone)
    default_currency: str = _setting("Currency where a field of type money names none", "CNY")
    max_upload_mb: int = _setting("Largest file that may be uploaded, in megabytes", 25, _at_least(1))
    attachment_types: tuple[str, ...] = _setting(
        "Media types that may be uploaded, separated by commas", _words(ATTACHMENT_TYPES), _words
    )
    session_hours: int = _setting("How long a browser session lasts", 12, _at_least(1))
    mail_link_hours: int = _setting(
        "How long the link of a mail lets its reader decide without signing in; 0: never", 72, _at_least(0)
    )
    access_token_hours: int = _setting("How long an access token of the API's sign-in lasts", 8, _at_least(1))
    web_workers: int = _setting("Processes of `servicehall web`", 2, _at_least(1))
    web_threads: int = _setting("Threads of each web process", 8, _at_least(1))
    worker_threads: int = _setting("Threads of each worker", 2, _at_least(1))
    sweep_seconds: int = _setting("How often a worker looks for work that nobody woke it for", 5, _at_least(1))
    lock_timeout: int = _setting("Seconds to wait for a lock of the database before answering 503", 10, _at_least(1))
    sqlite_synchronous: str = _setting(
        "`FULL` keeps what was acknowledged through a power cut; `NORMAL` is faster and may not",
        "FULL",
        _one_of("FULL", "NORMAL", "EXTRA"),
    )
    metrics_token: str = _setting("Bearer token that `/metrics` asks for", shown="none: open to whoever reaches it")
    log_format: str = _setting("`text` or `json`, one line for each", "text", _one_of("text", "json"))
    log_level: str = _setting("Least severity that is logged", "INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR"))

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from the environment, complete and safe; every wrong one is in one `SettingsError`."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for setting in fields(cls):
            name = variable(setting)
            if name in environ:
                try:
                    values[setting.name] = setting.metadata["parse"](environ[name])
                except ValueError as error:
                    wrong.append(f"{name}: {error}")
        if wrong:
            raise SettingsError("\n".join(wrong))
        return cls(**values).completed()

    def completed(self) -> Settings:
        """Defaults that depend on other settings filled in, and the secret key found safe."""
        folder = self.data_dir.expanduser().resolve()
        given = replace(self, data_dir=folder)
        given = replace(
            given,
            database_url=sqlalchemy_url(self.database_url or f"sqlite:///{folder / 'servicehall.db'}"),
            queue_url=self.queue_url or f"sqlite:///{folder / 'queue.db'}",
            files_url=self.files_url or f"file://{folder / 'files'}",
            trusted_hosts=self.trusted_hosts or _hosts(self.base_url),
            secret_key=self.secret_key or (_demo_key(folder) if self.demo else ""),
        )
        given.check_key()
        return given

    def check_key(self) -> None:
        key = self.secret_key
        if not key:
            raise SettingsError(
                f"{PREFIX}SECRET_KEY is not set. Make one with: "
                "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        weak = any(key.lower().startswith(word) for word in WEAK_WORDS)
        if len(key) < SHORTEST_KEY or len(set(key)) < LEAST_DIFFERENT or weak:
            raise SettingsError(
                f"{PREFIX}SECRET_KEY is too easy to guess; it needs at least {SHORTEST_KEY} random characters"
            )

    @property
    def secure(self) -> bool:
        """Whether people come by HTTPS."""
        return self.base_url.startswith("https://")


def variable(setting: Field[Any]) -> str:
    return PREFIX + setting.name.upper()


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Variables with our prefix that are no setting: most likely a slip of the pen."""
    known = {variable(setting) for setting in fields(Settings)}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def table() -> str:
    """The Markdown table of all settings, as it stands in the operator's guide."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for setting in fields(Settings):
        rows.append(f"| `{variable(setting)}` | {_shown(setting)} | {setting.metadata['doc'].replace('|', '/')} |")
    return "\n".join(rows) + "\n"


def _shown(setting: Field[Any]) -> str:
    if setting.metadata["shown"] is not None:
        return str(setting.metadata["shown"])
    if setting.default is MISSING or setting.default in ("", ()):
        return "none"
    if isinstance(setting.default, bool):
        return "`yes`" if setting.default else "`no`"
    return f"`{','.join(setting.default)}`" if isinstance(setting.default, tuple) else f"`{setting.default}`"


def sqlalchemy_url(url: str) -> str:
    """SQLAlchemy's name for the driver that we install."""
    scheme, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def _hosts(base_url: str) -> tuple[str, ...]:
    host = urlsplit(base_url).hostname
    return tuple(dict.fromkeys([*([host] if host else []), *LOOPBACK_HOSTS]))


def _demo_key(folder: Path) -> str:
    """The demo's own key, made once and readable by its owner alone; it comes whole, for others may start just now."""
    path = folder / "secret-key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=folder, prefix=".secret-key-") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text().strip()


_current: Settings | None = None


def use(settings: Settings) -> None:
    """Make these the settings of the process."""
    global _current
    _current = settings


def current() -> Settings:
    """The settings of the process; there are none before the application is made."""
    if _current is None:
        raise RuntimeError("no settings yet: create_app reads them")
    return _current
