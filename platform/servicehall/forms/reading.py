"""One reading of a form's answers: what is known so far, and what each field turned out to be."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from servicehall.domain.conditions import Activation
from servicehall.errors import Problem
from servicehall.forms.lookup import Lookup

if TYPE_CHECKING:
    from servicehall.forms.fields.options import Option


class Refused(ValidationError):
    """An answer that is not accepted: `code` is for programs, the message for the person, `path` inside the answer."""

    def __init__(self, code: str, message: str, path: str = "") -> None:
        self.code, self.path = code, path
        super().__init__(message)

    @property
    def message(self) -> str:
        return str(self.messages[0])

    def problem(self, at: str) -> Problem:
        """This refusal as a problem of the field at this path."""
        return Problem(f"{at}.{self.path}" if self.path else at, self.code, self.message)


@dataclass(frozen=True, slots=True)
class State:
    """What a field is for this person now; `options` are those offered, for choices."""

    visible: bool
    required: bool = False
    read_only: bool = False
    options: tuple[Option, ...] = ()


HIDDEN = State(visible=False)


@dataclass(slots=True)
class Reading:
    """The running state of one evaluation, shared by the form and the rows of its tables.

    `answers` are the canonical ones known so far, with those of the form around a row; `prefix` is where a row
    stands (`items[2].`); `previous` are the stored answers, and `seen` the fields that were visible with them:
    an answer that a person cleared does not come back as a default. Of refused answers, those that were only beyond
    their limits are `doubted`: conditions go by them, nothing but a draft (`loose`) keeps them; of what hangs upon
    the others nothing can be told, they are `untold`.
    """

    activation: Activation
    lookup: Lookup
    answers: dict[str, Any]
    previous: Mapping[str, Any] | None = None
    seen: Container[str] = ()
    skip: Container[str] = ()
    only: Container[str] | None = None
    loose: bool = False
    doubted: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)
    prefix: str = ""
    states: dict[str, State] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def before(self, key: str) -> Any:
        """The stored answer, or None."""
        return None if self.previous is None else self.previous.get(key)

    def holds_still(self, key: str) -> bool:
        """Whether this reading may not change the field: it is another stage's, or not among those asked."""
        return key in self.skip or (self.only is not None and key not in self.only)

    def settle(self, key: str, value: Any) -> None:
        """From here on the field has this canonical answer; None is no answer."""
        if value is None:
            self.answers.pop(key, None)
        else:
            self.answers[key] = value
        self.activation.put(key, value)

    def doubt(self, key: str, value: Any) -> None:
        """The field has no answer (but in a draft), and conditions go by this value; None leaves them without one."""
        if self.loose and value is not None:
            self.settle(key, value)
            return
        self.answers.pop(key, None)
        self.activation.put(key, value)
        (self.untold if value is None else self.doubted).add(key)
