"""The interface's own words, and the texts that administrators write in several languages.

`_("…")` translates a message into the language that `use_locale` chose for this context; the Chinese of each
area stands in `translations/zh/<area>.po`. `pick` chooses from a document's text (`{en: …, zh: …}`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

LOCALES = ("en", "zh")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
TRANSLATIONS = Path(__file__).parent / "translations"

_locale: ContextVar[str] = ContextVar("locale", default="en")


def current_locale() -> str:
    return _locale.get()


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Speak this language within the block; an unknown one becomes English."""
    token = _locale.set(known_locale(locale))
    try:
        yield
    finally:
        _locale.reset(token)


def set_locale(locale: str) -> None:
    """Speak this language for the rest of the context (one web request, one job)."""
    _locale.set(known_locale(locale))


def known_locale(tag: str | None) -> str:
    """`zh-Hans-CN` → `zh`; what is not spoken here → `en`."""
    language = (tag or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else "en"


@cache
def messages(locale: str) -> Mapping[str, str]:
    """All translations of a language, by English text."""
    found: dict[str, str] = {}
    for path in sorted((TRANSLATIONS / locale).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=locale):
                if isinstance(message.id, str) and message.id and message.string and not message.fuzzy:
                    found[message.id] = str(message.string)
    return found


def _(message: str, **values: Any) -> str:
    """The message in the current language, with `{name}` replaced by the values given."""
    locale = _locale.get()
    text = message if locale == "en" else messages(locale).get(message, message)
    return fill(text, values) if values else text


def fill(text: str, values: Mapping[str, Any]) -> str:
    """`{name}` replaced by plain values, in one pass: what a value contains is never read as a name again."""
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), text)


def placeholders(text: str) -> list[str]:
    """The names that `fill` would replace, each once."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def listed(words: Iterable[str], locale: str | None = None) -> str:
    """Words one after the other, with what the language puts between them."""
    return ("、" if (locale or _locale.get()) == "zh" else ", ").join(words)


def N_(message: str) -> str:  # noqa: N802 - the customary name
    """Marks a message that is translated where it is shown."""
    return message


def pick(text: Any, locale: str | None = None) -> str:
    """A document's text in the language asked for, else in English, else in whichever there is; nothing where none is.

    A draft may hold anything in its place, and still shows.
    """
    if isinstance(text, str):
        return text
    if not isinstance(text, Mapping):
        return ""
    wanted = locale or _locale.get()
    for tag in (wanted, "en"):
        if text.get(tag):
            return str(text[tag])
    return next((str(value) for value in text.values() if value), "")
