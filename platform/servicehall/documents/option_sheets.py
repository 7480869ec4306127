"""Options from a spreadsheet: pasted lines of cells become options, and several columns a tree of choices.

With a line of known headings (key, English, 中文, price) each line is one option. Without one, each column is a level:
a cell that is empty means the one above it, as merged cells are pasted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from servicehall.documents.field_changes import proposed_key
from servicehall.documents.form_edits import fresh
from servicehall.documents.kinds.forms import MOST_OPTIONS
from servicehall.errors import Invalid, Problem
from servicehall.forms.fields.options import MAX_KEY
from servicehall.texts import _

MOST_LEVELS = 8
HEADINGS: Mapping[str, str] = {
    **dict.fromkeys(("key", "标识", "键", "代码", "code"), "key"),
    **dict.fromkeys(("en", "english", "label", "label en", "英文", "英文名称"), "en"),
    **dict.fromkeys(("zh", "chinese", "label zh", "中文", "中文名称", "名称", "选项"), "zh"),
    **dict.fromkeys(("price", "价格"), "price"),
}


def read_sheet(text: str, before: Sequence[Any] = (), *, locale: str = "en") -> list[dict[str, Any]]:
    """The options of a pasted sheet; those whose text stood there before keep their keys and what else they had."""
    rows = _rows(text)
    if not rows:
        raise _refused(_("There is nothing in what was pasted."))
    if sum(map(len, rows)) > MOST_OPTIONS * 2:
        raise _refused(_("There are too many options."))
    headings = [HEADINGS.get(cell.casefold(), "") for cell in rows[0]]
    headed = bool({"en", "zh"} & set(headings))
    made = _flat(rows[1:], headings, before) if headed else _tree(rows, before, locale)
    if not made:
        raise _refused(_("There is nothing in what was pasted."))
    return made


def levels(options: Any) -> int:
    """How many choices follow each other in nested options."""
    if not isinstance(options, list):
        return 0
    return 1 + max((levels(one.get("options")) for one in options if isinstance(one, Mapping)), default=0)


def _rows(text: str) -> list[list[str]]:
    """The cells of each line that has any; tabs part them, or commas where there is no tab."""
    limit = text[: 1 << 20]
    delimiter = "\t" if "\t" in limit else ","
    if delimiter == "," and '"' not in limit:
        lines = [[line] for line in limit.splitlines()]
    else:
        try:
            lines = [list(one) for one in csv.reader(io.StringIO(limit, newline=""), delimiter=delimiter)]
        except csv.Error as error:
            raise _refused(_("This is not CSV: {why}", why=str(error))) from None
    cleaned = [[" ".join(cell.split()) for cell in line] for line in lines]
    return [line for line in cleaned if any(line)]


def _flat(rows: Sequence[Sequence[str]], headings: Sequence[str], before: Sequence[Any]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for row in rows:
        said = {name: cell for name, cell in zip(headings, row, strict=False) if name and cell}
        label: dict[str, str] = {locale: said[locale] for locale in ("en", "zh") if locale in said}
        if label:
            option = _option(label, before, made, wish=said.get("key", ""))
            made.append({**option, **({"price": said["price"].replace(",", "")} if "price" in said else {})})
    return made


def _tree(rows: Sequence[Sequence[str]], before: Sequence[Any], locale: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    last: list[str] = []
    for row in rows:
        cells = list(row[:MOST_LEVELS])
        while cells and not cells[-1]:
            cells.pop()
        path = [cell or (last[n] if n < len(last) else "") for n, cell in enumerate(cells)]
        last, held, old = path, made, before
        for depth, cell in enumerate(path):
            if not cell:
                break
            label = {locale: cell}
            found = next((one for one in held if one["label"].get(locale) == cell), None)
            if found is None:
                found = {name: value for name, value in _option(label, old, held).items() if name != "options"}
                held.append(found)
            old = next((one.get("options", ()) for one in old if _says(one, label)), ())
            held = found.setdefault("options", []) if depth + 1 < len(path) else held
    return made


def _option(
    label: Mapping[str, str], before: Sequence[Any], beside: Sequence[Mapping[str, Any]], *, wish: str = ""
) -> dict[str, Any]:
    keys = {one["key"] for one in beside}
    old = next((one for one in before if _says(one, label) and one.get("key") not in keys), None)
    if old is not None:
        texts = old["label"] if isinstance(old.get("label"), Mapping) else {"en": str(old.get("label", ""))}
        return {**old, "label": {**texts, **label}}
    words = wish[:MAX_KEY] or proposed_key(next(iter(label.values())), ()) or f"option_{len(beside) + 1}"
    return {"key": fresh(words, keys), "label": dict(label)}


def _says(option: Any, label: Mapping[str, str]) -> bool:
    said = option.get("label") if isinstance(option, Mapping) else None
    texts = said if isinstance(said, Mapping) else {"en": said}
    return any(texts.get(locale) == text for locale, text in label.items())


def _refused(message: str) -> Invalid:
    return Invalid(message, [Problem("options", "invalid", message)])
