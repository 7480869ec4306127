"""What the form engine asks of the world outside: which people, places and files there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A stored file: SHA-256 in lower-case hex, its name, media type and size in bytes."""

    sha256: str
    name: str
    media_type: str
    size: int

    def as_answer(self) -> dict[str, str | int]:
        return {"sha256": self.sha256, "name": self.name, "media_type": self.media_type, "size": self.size}


class Lookup(Protocol):
    """The directory and the file store, as one person may use them.

    `kind` is `person`, `group`, `department`, `location` or `asset`; keys are the stable ones (a person's email).
    """

    def exists(self, kind: str, key: str) -> bool:
        """Whether this key may be given as an answer now."""
        ...

    def label(self, kind: str, key: str, locale: str) -> str:
        """The name to show; the key itself where it is not known any more."""
        ...

    def search(self, kind: str, q: str, limit: int) -> Sequence[tuple[str, str]]:
        """Pairs of key and label that match `q`, at most `limit`; an empty `q` matches all."""
        ...

    def file(self, sha256: str) -> FileFacts | None:
        """The stored file, if the person who answers may name it."""
        ...


class NoLookup:
    """Knows nothing and nobody: for forms without such fields, and for checks of literals."""

    def exists(self, kind: str, key: str) -> bool:
        return False

    def label(self, kind: str, key: str, locale: str) -> str:
        return key

    def search(self, kind: str, q: str, limit: int) -> Sequence[tuple[str, str]]:
        return ()

    def file(self, sha256: str) -> FileFacts | None:
        return None
