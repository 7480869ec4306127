"""Canonical JSON (RFC 8785) and salted content: what a person wrote, stored once under its SHA-256."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import rfc8785

SALT_BYTES = 16


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value: the same value always gives the same bytes."""
    return rfc8785.dumps(value)


def sha256(data: bytes) -> str:
    """Lower-case hex, 64 characters."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Content:
    """A JSON value with its salt, and the hash that events carry: SHA-256 over `{"salt": hex, "value": …}`."""

    sha256: str
    salt: str
    data: str

    @property
    def value(self) -> Any:
        return json.loads(self.data)


def seal(value: Any, *, salt: str | None = None) -> Content:
    """Content for a value; a fresh random salt keeps the hash from telling what a short value is."""
    salt = salt if salt is not None else secrets.token_hex(SALT_BYTES)
    return Content(sha256=content_hash(value, salt), salt=salt, data=canonical(value).decode())


def content_hash(value: Any, salt: str) -> str:
    return sha256(canonical({"salt": salt, "value": value}))
