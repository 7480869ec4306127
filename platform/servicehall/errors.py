"""One family of errors: each knows its code and HTTP status, and names the places that are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `path` is where (`items[2].quantity`), `code` is for programs, `message` for people.

    `offset` is where in a text, in code points; below 0 it is the whole. `witness` shows it, for a program.
    """

    path: str
    code: str
    message: str
    offset: int = field(default=-1, compare=False)
    witness: Mapping[str, Any] | None = field(default=None, compare=False)

    def as_dict(self) -> dict[str, str]:
        return {"path": self.path, "code": self.code, "message": self.message}


class ServicehallError(Exception):
    """The base: `detail` is one sentence for a person, `problems` are the places."""

    code = "error"
    status = 500
    title = "Something went wrong"

    def __init__(self, detail: str = "", problems: Iterable[Problem] = ()) -> None:
        self.detail = detail or self.title
        self.problems = tuple(problems)
        super().__init__(self.detail)

    def __str__(self) -> str:
        told = (f"{problem.path}: {problem.message}" for problem in self.problems if problem.message != self.detail)
        return "\n".join([self.detail, *told])


class BadRequest(ServicehallError):
    """The input cannot be read at all."""

    code, status, title = "bad_request", 400, "The request cannot be read"


class Unauthenticated(ServicehallError):
    """Nobody is signed in, or the token is not (or no longer) good."""

    code, status, title = "unauthenticated", 401, "Sign in first"


class Forbidden(ServicehallError):
    """The person is known and may not do this."""

    code, status, title = "forbidden", 403, "Not allowed"


class NotFound(ServicehallError):
    """It does not exist, or the person may not see it: never a hint which."""

    code, status, title = "not_found", 404, "Not found"


class Conflict(ServicehallError):
    """The present state does not allow it, or somebody was faster."""

    code, status, title = "conflict", 409, "The present state does not allow this"


class TooLarge(ServicehallError):
    code, status, title = "too_large", 413, "Too large"


class UnsupportedMedia(ServicehallError):
    code, status, title = "unsupported_media_type", 415, "This kind of content is not accepted"


class Invalid(ServicehallError):
    """Readable but wrong; `problems` holds every place at once."""

    code, status, title = "invalid", 422, "Some of this is not valid"


class TooMany(ServicehallError):
    """Tried too often in a short while; nothing was looked at."""

    code, status, title = "too_many", 429, "Too many tries"


class Unavailable(ServicehallError):
    """A part that is needed cannot be reached just now; nothing was changed."""

    code, status, title = "unavailable", 503, "Not available just now"
