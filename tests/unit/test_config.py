"""Settings are read once, checked at once, and unsafe ones do not start."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path
from typing import Any

import pytest

from servicehall import config
from servicehall.config import Settings, SettingsError

KEY = "Zk3-wJ8_bQ1vXn5sRt7yUe0iOp2aSd4fGh6j"


def read(folder: Path, **said: str) -> Settings:
    given = {"DATA_DIR": str(folder), "SECRET_KEY": KEY} | said
    return Settings.read({f"SERVICEHALL_{name}": value for name, value in given.items()})


def test_defaults_stay_in_the_data_folder(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/servicehall.db"
    assert settings.queue_url == f"sqlite:///{tmp_path}/queue.db"
    assert settings.files_url == f"file://{tmp_path}/files"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("DATABASE_URL", "postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("BASE_URL", "https://hall.example.com/", "https://hall.example.com"),
        ("DEMO", "yes", True),
        ("DEMO", "0", False),
        ("MAX_UPLOAD_MB", "5", 5),
        ("TRUSTED_HOSTS", "a.example, b.example", ("a.example", "b.example")),
        ("WEBHOOKS", '{"pager": "https://pager.example.com"}', {"pager": "https://pager.example.com"}),
        ("WEBHOOK_NETWORKS", "10.1.0.0/16", ("10.1.0.0/16",)),
    ],
)
def test_what_is_said_is_what_is_meant(tmp_path: Path, name: str, value: str, expected: Any) -> None:
    assert getattr(read(tmp_path, **{name: value}), name.lower()) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEMO", "perhaps"),
        ("MAX_UPLOAD_MB", "0"),
        ("MAX_UPLOAD_MB", "many"),
        ("DEFAULT_LOCALE", "fr"),
        ("DEFAULT_TIME_ZONE", "Atlantis/Capital"),
        ("WEBHOOKS", "pager"),
        ("WEBHOOKS", '["pager"]'),
        ("WEBHOOK_NETWORKS", "10.1.0.1/16"),
        ("SQLITE_SYNCHRONOUS", "OFF"),
    ],
)
def test_what_makes_no_sense_does_not_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"SERVICEHALL_{name}"):
        read(tmp_path, **{name: value})


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, DEMO="perhaps", DEFAULT_LOCALE="fr")
    assert "SERVICEHALL_DEMO" in str(caught.value)
    assert "SERVICEHALL_DEFAULT_LOCALE" in str(caught.value)


@pytest.mark.parametrize("key", ["", "short", "a" * 64, "changeme-" + KEY, "ab" * 32])
def test_a_missing_or_guessable_key_does_not_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        read(tmp_path, SECRET_KEY=key)


def test_the_demo_makes_a_key_once_and_keeps_it_to_itself(tmp_path: Path) -> None:
    first = read(tmp_path, SECRET_KEY="", DEMO="1").secret_key
    assert read(tmp_path, SECRET_KEY="", DEMO="1").secret_key == first
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_two_that_start_the_demo_at_once_have_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second starts, and is through, while the first is making the key."""
    make, others = secrets.token_urlsafe, []

    def slowly(size: int) -> str:
        if not others:
            others.append("")
            others[0] = read(tmp_path, SECRET_KEY="", DEMO="1").secret_key
        return make(size)

    monkeypatch.setattr(secrets, "token_urlsafe", slowly)
    assert [read(tmp_path, SECRET_KEY="", DEMO="1").secret_key] == others
    assert others[0]
    assert [one.name for one in tmp_path.iterdir() if "key" in one.name] == ["secret-key"]


def test_the_hosts_are_those_of_the_address_and_this_machine(tmp_path: Path) -> None:
    hosts = read(tmp_path, BASE_URL="https://hall.example.com").trusted_hosts
    assert hosts == ("hall.example.com", "localhost", "127.0.0.1", "[::1]")


def test_a_slip_of_the_pen_is_found() -> None:
    assert config.unknown({"SERVICEHALL_DEMO": "1", "SERVICEHALL_DEM0": "1", "PATH": ""}) == ["SERVICEHALL_DEM0"]
