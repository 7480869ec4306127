"""Fields from a spreadsheet: a line of headings, then a field in each row; what cannot be read is told by cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servicehall.documents.field_changes import proposed_key
from servicehall.documents.form_edits import fresh
from servicehall.documents.spreadsheets import Fault, Grid, read_grid
from servicehall.domain.conditions import RESERVED
from servicehall.errors import Problem
from servicehall.forms import FIELD_TYPES, check_form
from servicehall.texts import LOCALES, _, messages

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "label": ("label", "label_en", "english", "标签", "名称", "字段"),
    "label_zh": ("label_zh", "chinese", "中文", "中文名称", "中文标签"),
    "key": ("key", "标识", "键", "代码"),
    "type": ("type", "类型"),
    "required": ("required", "必填"),
    "options": ("options", "选项"),
    "options_zh": ("options_zh", "中文选项"),
    "help": ("help", "帮助", "说明"),
    "help_zh": ("help_zh", "中文说明"),
    "placeholder": ("placeholder", "示例"),
    "min": ("min", "最小"),
    "max": ("max", "最大"),
    "max_length": ("max_length", "最长"),
    "classification": ("classification", "密级"),
}
"""The columns that are known, with what they may be called."""
TYPES: Mapping[str, tuple[str, ...]] = {
    "text": ("string", "single line"),
    "long_text": ("textarea", "paragraph", "multi line"),
    "integer": ("int", "number", "数字"),
    "boolean": ("bool", "checkbox", "yes no", "yes/no"),
    "choice": ("select", "dropdown", "single choice", "下拉"),
    "choices": ("multiselect", "multiple choice", "checkboxes"),
    "file": ("attachment", "附件"),
    "person": ("user", "人员"),
}
"""Other words for a type, beside its name and its titles."""
_YES, _NO = frozenset({"yes", "y", "true", "1", "x", "是", "必填", "√"}), frozenset({"no", "n", "false", "0", "", "否"})
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_WHOLE = re.compile(r"-?[0-9]{1,15}\Z")
_CHOOSING = ("choice", "choices")
_FIXED = ("key", "type", "label")


@dataclass
class FieldSheet:
    """The fields that could be read, and everything that could not."""

    fields: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_fields(data: bytes) -> FieldSheet:
    """The fields of a CSV or XLSX file; each of them is one that the form engine takes."""
    grid = read_grid(data)
    if not grid.rows:
        nothing = [] if grid.faults else [Fault("", _("There is nothing in this file."))]
        return FieldSheet(faults=[*grid.faults, *nothing])
    number, headings = grid.rows[0]
    columns = _columns(grid, number, headings)
    if not {"label", "label_zh", "key"} & columns.keys():
        grid.faults.append(Fault("", _("The first line names the columns; there must be one called label.")))
        return FieldSheet(faults=grid.faults)
    reader = _Reader(grid, columns)
    for row, cells in grid.rows[1:]:
        reader.read(row, cells)
    return FieldSheet(reader.fields, grid.faults)


def _columns(grid: Grid, row: int, headings: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    known = {name: column for column, names in HEADINGS.items() for name in names}
    for index, heading in enumerate(headings):
        name = known.get(re.sub(r"[\s-]+", "_", heading.casefold()))
        if name is None and heading:
            grid.fault(row, index, _("no column “{name}” is known", name=heading[:60]))
        elif name in found:
            grid.fault(row, index, _("the column “{name}” is there twice", name=heading[:60]))
        elif name is not None:
            found[name] = index
    return found


class _Reader:
    """Makes fields of rows, one after the other, and notes in the grid what is wrong with them."""

    def __init__(self, grid: Grid, columns: Mapping[str, int]) -> None:
        self.grid, self.columns = grid, columns
        self.fields: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.types = _type_words()

    def read(self, row: int, cells: Sequence[str]) -> None:
        def cell(name: str) -> str:
            index = self.columns.get(name, -1)
            return cells[index] if 0 <= index < len(cells) else ""

        def fault(name: str, message: str) -> None:
            self.grid.fault(row, self.columns.get(name, 0), message)

        if not any(map(cell, ("label", "label_zh", "key"))):
            self.grid.fault(row, 0, _("a field needs a label"))
            return
        made: dict[str, Any] = {"key": self._key(cell, fault), "type": self._type(cell, fault)}
        made["label"] = _text(cell("label"), cell("label_zh")) or made["key"]
        made |= {
            name: text
            for name, text in (("help", _text(cell("help"), cell("help_zh"))), ("placeholder", cell("placeholder")))
            if text
        }
        if self._required(cell, fault):
            made["required"] = True
        made |= self._options(made["type"], cell, fault)
        for name in ("min", "max", "max_length", "classification"):
            if cell(name):
                made[name] = _value(name, made["type"], cell(name))
        self._fit(made, fault)
        self.keys.add(made["key"])
        self.fields.append(made)

    def _key(self, cell: Callable[[str], str], fault: Callable[[str, str], None]) -> str:
        said = cell("key")
        if said and (not _KEY.match(said) or said in RESERVED):
            fault("key", _("“{key}” cannot be a key; another was made", key=said[:60]))
            said = proposed_key(said, self.keys)
        elif said in self.keys:
            fault("key", _("the key “{key}” is there twice; another was made", key=said))
        else:
            said = said or proposed_key(cell("label"), self.keys)
        return fresh(said or f"field_{len(self.fields) + 1}", self.keys)

    def _type(self, cell: Callable[[str], str], fault: Callable[[str, str], None]) -> str:
        said = cell("type").casefold()
        if not said:
            return "choice" if cell("options") or cell("options_zh") else "text"
        found = self.types.get(said) or self.types.get(re.sub(r"[\s-]+", "_", said))
        if found is None:
            fault("type", _("no field type “{name}”: taken as text", name=cell("type")[:60]))
        return found or "text"

    def _required(self, cell: Callable[[str], str], fault: Callable[[str, str], None]) -> bool:
        said = cell("required").casefold()
        if said not in _YES | _NO:
            fault("required", _("neither yes nor no: taken as no"))
        return said in _YES

    def _options(self, kind: str, cell: Callable[[str], str], fault: Callable[[str, str], None]) -> Mapping[str, Any]:
        english, chinese = _parts(cell("options")), _parts(cell("options_zh"))
        if kind not in _CHOOSING:
            if english or chinese:
                fault("options", _("a field of this type has no options"))
            return FIELD_TYPES[kind].begins
        if not english and not chinese:
            fault("options", _("no options: two were made up"))
            return FIELD_TYPES[kind].begins
        keys: set[str] = set()
        options = []
        for index in range(max(len(english), len(chinese))):
            said = [one[index] if index < len(one) else "" for one in (english, chinese)]
            key = fresh(proposed_key(said[0], keys) or f"option_{index + 1}", keys)
            keys.add(key)
            options.append({"key": key, "label": _text(*said)})
        return {"options": options}

    def _fit(self, made: dict[str, Any], fault: Callable[[str, str], None]) -> None:
        """Leaves out what the form engine does not take of this field."""
        for problem in self._problems(made):
            name = problem.path.removeprefix("fields[0]").lstrip(".").split(".")[0].split("[")[0]
            if name in made and name not in _FIXED:
                del made[name]
                fault(name, problem.message)

    @staticmethod
    def _problems(made: Mapping[str, Any]) -> Sequence[Problem]:
        return check_form({"fields": [made]}, path="")


def _type_words() -> dict[str, str]:
    """Every word for a type: its name, its title in each language, and those of TYPES."""
    found: dict[str, str] = {}
    for name in FIELD_TYPES:
        title = FIELD_TYPES[name].title
        titles = [title, *(messages(locale).get(title, "") for locale in LOCALES)]
        found |= {word.casefold(): name for word in (*TYPES.get(name, ()), *titles) if word}
    return found | {name: name for name in FIELD_TYPES}


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;；\n]", cell) if part.strip()]


def _text(english: str, chinese: str) -> dict[str, str]:
    """A text by language; what is Chinese by its characters is taken as that."""
    if not chinese and _CHINESE.search(english):
        english, chinese = "", english
    return {locale: text for locale, text in (("en", english), ("zh", chinese)) if text}


def _value(name: str, kind: str, text: str) -> Any:
    """A limit as the language writes it: whole numbers as numbers, exact ones as texts."""
    whole = name == "max_length" or kind in ("integer", "rating")
    return int(text) if whole and _WHOLE.match(text) else text
