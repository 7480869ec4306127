"""The scalars of the language: texts, keys, references, expressions, amounts, durations."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from babel.numbers import list_currencies

from servicehall.documents.parts import ANYTHING, Child, Part, kind_of, not_a, suggest, unknown_children, wrong
from servicehall.domain.durations import Duration, Unit
from servicehall.errors import Invalid
from servicehall.texts import _

MAX_EXPRESSION = 2000
MAX_TEXT = 20_000
ROUND_THE_CLOCK = "24x7"
PRIORITIES = ("p1", "p2", "p3", "p4", "p5")

_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*\Z")
_SNAKE = re.compile(r"[a-z][a-z0-9_]*\Z")
_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")
PICTURE = re.compile(r"[0-9a-f]{64}\.webp\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Line(Part):
    """One text with something in it."""

    limit = MAX_TEXT

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise not_a(_("text"), value)
        if not value.strip():
            raise wrong("empty", _("empty; give it a value or leave the key out"))
        if len(value) > self.limit:
            raise wrong("too_long", _("longer than {limit} characters", limit=self.limit))
        self.examine(value)
        return value

    def examine(self, value: str) -> None:
        """Raises where the text is not one of this part's."""


class Patterned(Line):
    """A text of a certain shape; `hint` says which."""

    pattern: re.Pattern[str]
    code = "invalid"

    @abstractmethod
    def hint(self) -> str:
        """What would be right, in words."""

    def examine(self, value: str) -> None:
        if len(value) > 200 or not self.pattern.match(value):
            raise wrong(self.code, _("“{value}” is not right here; {hint}", value=value[:60], hint=self.hint()))


class Key(Patterned):
    """A document's key, a department's key, a task's key: kebab-case."""

    pattern = _KEBAB

    def hint(self) -> str:
        return _("write kebab-case: small letters, digits and single dashes, such as new-laptop")


class Name(Patterned):
    """A page's or stage's key: small letters and digits, joined by dashes or underscores."""

    pattern = _NAME

    def hint(self) -> str:
        return _("write small letters and digits joined by dashes or underscores")


class PlainName(Patterned):
    """The name of a webhook in the installation's settings."""

    pattern = _NAME

    def hint(self) -> str:
        return _("write the name of a webhook in the installation's settings, never a URL")


class FieldKey(Patterned):
    """The key of a form's field."""

    pattern = _SNAKE

    def hint(self) -> str:
        return _("write a field's key: snake_case, such as cost_centre")


class GroupKey(Patterned):
    """A group of the directory; keys are unique in the company."""

    pattern = re.compile(r"[^\s/]+(?:/[^\s/]+)?\Z")

    def hint(self) -> str:
        return _("write a group's key, such as it-security")


class DepartmentKey(Key):
    """A department of the directory."""


class Picture(Patterned):
    """A picture by the hash of its bytes; what does not know it shows the icon instead."""

    pattern = PICTURE

    def hint(self) -> str:
        return _("write the SHA-256 of a picture that was uploaded, in small hex digits, with .webp behind it")


class ServiceKey(Key):
    """A service of the same department."""


class CategoryKey(Key):
    """A category of the catalog; departments say its title, icon and place."""


class PersonEmail(Patterned):
    """A person, by e-mail address."""

    pattern = _EMAIL

    def hint(self) -> str:
        return _("write a person's e-mail address, such as ana@example.com")


class Reference(Patterned):
    """Another document of one kind, as `department/key` or `key` in the same department."""

    pattern = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)?\Z")

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind

    def hint(self) -> str:
        return _("name a document of kind {kind}: department/key, or key alone within the department", kind=self.kind)


class CalendarReference(Reference):
    """A calendar document, or `24x7`."""

    def __init__(self, **options: Any) -> None:
        super().__init__("calendar", **options)

    def hint(self) -> str:
        return _("name a calendar, such as it/office-hours, or write 24x7")


class Expression(Line):
    """A CEL expression; its names and type are examined with what is around it."""

    limit = MAX_EXPRESSION

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, (bool, int, float)):
            raise wrong("type", _("expected an expression, not {found}; write it in quotes", found=kind_of(value)))
        return super()._deserialize(value, attr, data, **kwargs)


class Text(Part):
    """What people read: a string, or a mapping of locale to string."""

    inline = True

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        texts = value.values() if isinstance(value, Mapping) else (value,)
        if not texts:
            raise wrong("empty", _("empty; write a text, or a text for each language"))
        if not all(isinstance(text, str) for text in texts):
            raise not_a(_("a text, or a mapping of language to text such as {en: …, zh: …}"), value)
        if isinstance(value, Mapping):
            for locale in value:
                if not _LOCALE.match(locale):
                    raise wrong("unknown", _("“{locale}” is not a language tag; write en, zh …", locale=locale[:20]))
        if not any(text.strip() for text in texts):
            raise wrong("empty", _("empty; write a text, or a text for each language"))
        if max(map(len, texts)) > MAX_TEXT:
            raise wrong("too_long", _("longer than {limit} characters", limit=MAX_TEXT))
        return value

    def children(self, value: Any) -> Iterator[Child]:
        if isinstance(value, Mapping):
            for locale in sorted(value, key=lambda locale: (locale != "en", locale)):
                yield locale, ANYTHING, value[locale]
        else:
            yield from unknown_children(value)


class Flag(Part):
    """`true` or `false`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise not_a(_("true or false"), value)
        return value


class Whole(Part):
    """A whole number from `least` to `most`."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise not_a(_("a whole number"), value)
        if not self.least <= value <= self.most:
            raise wrong("range", _("must be from {least} to {most}", least=self.least, most=self.most))
        return value


class OneWord(Part):
    """One of a few words."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self.words = tuple(words)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise not_a(_("one of {words}", words=", ".join(self.words)), value)
        if value not in self.words:
            raise wrong(
                "invalid", _("“{value}” is not known; {hint}", value=value[:60], hint=suggest(value, self.words))
            )
        return value


class Amount(Patterned):
    """An exact decimal, written in quotes."""

    pattern = _AMOUNT

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise wrong("type", _('an amount is written in quotes, so that it stays exact: "{value}"', value=value))
        return super()._deserialize(value, attr, data, **kwargs)

    def hint(self) -> str:
        return _('write a decimal such as "120.00"')


class Currency(Line):
    """An ISO 4217 code."""

    def examine(self, value: str) -> None:
        if value not in list_currencies():
            raise wrong(
                "invalid", _("“{value}” is not a currency; write its ISO 4217 code, such as CNY", value=value[:20])
            )


class Length(Line):
    """A duration as the language writes it; `anchored` allows business days counted back from a date."""

    def __init__(self, *, anchored: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.anchored = anchored

    def examine(self, value: str) -> None:
        try:
            duration = Duration.parse(value)
        except Invalid as error:
            raise wrong("duration", error.detail) from None
        if duration.amount < 0 and not (self.anchored and duration.unit is Unit.BUSINESS_DAY):
            raise wrong(
                "duration", _("“{value}” is negative; only a task's due counts back, from the anchor", value=value)
            )


class Day(Line):
    """An ISO date."""

    def examine(self, value: str) -> None:
        try:
            if not _DATE.match(value):
                raise ValueError
            date.fromisoformat(value)
        except ValueError:
            raise wrong("date", _("“{value}” is not a date; write it as 2026-12-31", value=value[:40])) from None
