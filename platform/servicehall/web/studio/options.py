"""The options of a choice as the designer's table: where they come from, and each with its depth in the tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servicehall.documents.form_places import Entry, entries_in, lists
from servicehall.documents.patching import value_at
from servicehall.texts import LOCALES, _, pick
from servicehall.web.studio import words
from servicehall.web.studio.page import Page, path_of
from servicehall.web.studio.surroundings import Choices

MOST_SHOWN = 200


@dataclass(frozen=True)
class OptionRow:
    """One option; `price_at` is where its amount stands, `more` what it costs besides."""

    pointer: str
    depth: int
    key: str
    labels: Sequence[tuple[str, str]]
    price: str
    price_at: str
    more: str
    when: Any
    first: bool
    last: bool
    problems: Sequence[str]

    @property
    def name(self) -> str:
        return next((text for _locale, text in self.labels if text), self.key)


@dataclass(frozen=True)
class Options:
    """`source` is `own`, `use=<reference>` or `from=<field>`, one of `sources`; only the first rows show of many."""

    pointer: str
    source: str
    sources: Sequence[tuple[str, Choices]]
    rows: Sequence[OptionRow]
    count: int
    problems: Sequence[str]


def of(page: Page, form: str, field: str) -> Options:
    """The options of the choice at a place."""
    at = f"{field}/options"
    held = value_at(page.body, at)
    rows = list(_rows(page, at, held, 0)) if isinstance(held, list) else []
    source = next((f"{how}={held[how]}" for how in ("use", "from") if how in held), "own") if held else "own"
    path = path_of(page.body, field) + ".options"
    wrong = [message for place, found in page.by_place.items() if _is_outer(place, path) for message in found]
    return Options(at, source, _sources(page, form, field, source), rows[:MOST_SHOWN], len(rows), wrong)


def _is_outer(place: str, path: str) -> bool:
    return place == path or (place.startswith(path + ".") and "[" not in place.removeprefix(path))


def _sources(page: Page, form: str, field: str, source: str) -> list[tuple[str, Choices]]:
    own = [("own", _("Options of its own"))]
    shared = [(f"use={key}", text) for key, text in page.around.documents("choice_list")]
    place = field.rpartition("/")[0]
    above = [*entries_in(page.body, place)] if place.endswith("/columns") else []
    rows = [one for one in [*above, *_fields(page, form)] if one.value.get("type") == "choice" and one.pointer != field]
    nested = [(f"from={one.key}", pick(one.value.get("label")) or one.key) for one in rows]
    known = {key for key, _text in [*own, *shared, *nested]}
    strange = [] if source in known else [(source, source)]
    found = [("", [*own, *strange]), (_("Choice lists"), shared), (_("Nested under the choice of"), nested)]
    return [(label, choices) for label, choices in found if choices]


def _fields(page: Page, form: str) -> Iterator[Entry]:
    for place in lists(page.body, form):
        yield from entries_in(page.body, place)


def _rows(page: Page, at: str, held: Sequence[Any], depth: int) -> Iterator[OptionRow]:
    for index, one in enumerate(held):
        if not isinstance(one, Mapping):
            continue
        pointer = f"{at}/{index}"
        price, label = one.get("price"), one.get("label")
        said = label if isinstance(label, Mapping) else {"en": label or ""}
        amount = price.get("amount", "") if isinstance(price, Mapping) else price
        path = path_of(page.body, pointer)
        wrong = [m for place, found in page.by_place.items() if _concerns(place, path) for m in found]
        yield OptionRow(
            pointer=pointer,
            depth=depth,
            key=str(one.get("key", "")),
            labels=[(locale, str(said.get(locale, ""))) for locale in LOCALES],
            price="" if amount is None else str(amount),
            price_at=f"{pointer}/price/amount" if isinstance(price, Mapping) else f"{pointer}/price",
            more=_more(price),
            when=one.get("when"),
            first=index == 0,
            last=index + 1 == len(held),
            problems=wrong,
        )
        inner = one.get("options")
        if isinstance(inner, list):
            yield from _rows(page, f"{pointer}/options", inner, depth + 1)


def _concerns(place: str, path: str) -> bool:
    return place.startswith(path) and ".options" not in place.removeprefix(path)


def _more(price: Any) -> str:
    again = price.get("recurring") if isinstance(price, Mapping) else None
    if not isinstance(again, Mapping):
        return ""
    return _(
        "and {amount} per {period}",
        amount=again.get("amount", ""),
        period=words.word(str(again.get("per", ""))).lower(),
    )
