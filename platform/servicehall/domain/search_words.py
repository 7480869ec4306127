"""What texts are found by: folded words of letters and digits; of Chinese, Japanese and Korean, characters and pairs.

No database cuts Chinese into words, so we do it ourselves, and every database indexes the same tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST = 40
MOST = 2_000
MOST_ASKED = 12
SHORTEST_BEGINNING = 3
_CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"(?P<cjk>[{_CJK}]+)|[^\W_{_CJK}]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One token that must be there; with `beginning`, one that begins so."""

    token: str
    beginning: bool = False


def tokens(texts: Iterable[str]) -> list[str]:
    """What these texts are indexed under, each token once, at most `MOST`."""
    found: dict[str, None] = {}
    for text in texts:
        for run, cjk in _runs(text):
            found.update(dict.fromkeys([*run, *_pairs(run)] if cjk else [run]))
        if len(found) >= MOST:
            break
    return list(found)[:MOST]


def terms(q: str) -> list[Term]:
    """What a search asks for, all of it at once; longer words also find what begins with them."""
    found: dict[Term, None] = {}
    for run, cjk in _runs(q):
        if cjk:
            found.update(dict.fromkeys(map(Term, _pairs(run) or [run])))
        else:
            found[Term(run, len(run) >= SHORTEST_BEGINNING)] = None
    return list(found)[:MOST_ASKED]


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Words, and runs of CJK characters, in order."""
    for match in _RUNS.finditer(_folded(text)):
        cjk = match["cjk"] is not None
        yield (match[0] if cjk else match[0][:LONGEST]), cjk


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _folded(text: str) -> str:
    """Full width and half width, upper and lower case, with and without accents are the same."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(one for one in apart if not _is_accent(one)))


def _is_accent(character: str) -> bool:
    """Accents of Latin, Greek and Cyrillic letters; the voicing marks of Japanese are letters of their own."""
    return "\u0300" <= character <= "\u036f"
