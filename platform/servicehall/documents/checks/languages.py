"""Texts that lack a language which their document speaks elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.kinds.registry import KINDS
from servicehall.documents.parts import walk
from servicehall.documents.words import Text
from servicehall.texts import LOCALES, N_, _

NAMES = {"en": N_("English"), "zh": N_("Chinese")}


def check_languages(examination: Examination, place: Place) -> None:
    """A text without languages is meant for all; a document in one language has one."""
    body = place.value
    texts = [
        (path, value)
        for path, part, value in walk(KINDS[place.document.kind].part, body)
        if isinstance(part, Text) and isinstance(value, Mapping)
    ]
    spoken = [locale for locale in LOCALES if any(_says(value, locale) for _path, value in texts)]
    for path, value in texts:
        for locale in spoken:
            if not _says(value, locale):
                message = _("there is no text in {language}", language=_(NAMES[locale]))
                examination.warn(Place(value, place.document, path), "untranslated", message, {"locale": locale})


def _says(text: Mapping[str, str], locale: str) -> bool:
    return bool(text.get(locale, "").strip())
