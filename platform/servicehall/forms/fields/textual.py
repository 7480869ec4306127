"""What the text-like field types share: lengths, a pattern, and which characters a text may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import re2

from servicehall.forms import draft as rules
from servicehall.forms.draft import Draft
from servicehall.forms.fields.base import Field, Validator
from servicehall.forms.reading import Refused
from servicehall.texts import _


class Text(Field):
    """Shared by the types whose answer is a text; control characters are refused."""

    group = "text"
    family = "text"
    longest: ClassVar[int] = 1000
    multiline: ClassVar[bool] = False
    own: ClassVar[Mapping[str, Validator]] = {
        "min_length": rules.count,
        "max_length": rules.count,
        "pattern": rules.string,
    }

    def shape(self, draft: Draft) -> None:
        self.min_length: int = self.definition.get("min_length", 0)
        self.max_length: int = self.definition.get("max_length", self.longest)
        if self.max_length > self.longest:
            draft.at("max_length").fail("range", _("At most {n}.", n=self.longest))
        if self.min_length > self.max_length:
            draft.at("min_length").fail("range", _("The smallest is above the largest."))
        self.pattern = compile_pattern(self.definition.get("pattern"), draft.at("pattern"))

    def canonical(self, raw: Any) -> str:
        text = self.normal(read_text(raw, multiline=self.multiline))
        if len(text) < self.min_length:
            raise Refused("min_length", _("Write at least {n} characters.", n=self.min_length))
        if len(text) > self.max_length:
            raise Refused("max_length", _("Write at most {n} characters.", n=self.max_length))
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise Refused("pattern", _("This does not have the expected form."))
        return text

    def normal(self, text: str) -> str:
        """The one way in which this text is written; Refused where it is not one of the type."""
        return text

    def schema_fragment(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "maxLength": self.max_length}
        if self.min_length:
            schema["minLength"] = self.min_length
        if self.pattern is not None:
            schema["pattern"] = f"^(?:{self.definition['pattern']})$"
        return schema

    def attributes(self) -> dict[str, Any]:
        return {"maxlength": self.max_length, **({"minlength": self.min_length} if self.min_length else {})}


def read_text(raw: Any, *, multiline: bool = False) -> str:
    """A text without control characters or lone surrogates, its ends stripped, its lines ended by a line feed."""
    if not isinstance(raw, str):
        raise Refused("type", _("This must be a text."))
    text = raw.replace("\r\n", "\n").replace("\r", "\n").strip() if multiline else raw.strip()
    allowed = "\n\t" if multiline else ""
    if any((c < " " or "\x7f" <= c < "\xa0" or "\ud800" <= c < "\ue000") and c not in allowed for c in text):
        raise Refused("characters", _("This contains characters that are not allowed."))
    return text


def compile_pattern(pattern: str | None, draft: Draft) -> Any:
    """RE2, so that no pattern can be slow."""
    if pattern is None:
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else ""
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        return draft.fail("pattern", _("This pattern cannot be used: {reason}", reason=words))
