"""Spreadsheets as grids of text: CSV, and XLSX read only, within limits; what cannot be read is told by cell."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from servicehall.texts import _

LARGEST = 2 * 1024 * 1024
LARGEST_UNZIPPED = 20 * 1024 * 1024
MOST_MEMBERS = 200
MOST_MARKS = 300_000
MOST_MARKS_AROUND = 40_000
"""Tags and attributes of all sheets and their texts, and of everything else in a workbook: what reading costs."""
MOST_ROWS = 501
MOST_COLUMNS = 40
LONGEST_CELL = 4000
MOST_TOLD = 50
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_AROUND = re.compile(r"^(?!.*(?:worksheets/[^/]*|sharedStrings)\.xml$).*\.(?:xml|rels)$", re.IGNORECASE)
_DELIMITERS = ("\t", ";", ",")


@dataclass(frozen=True)
class Fault:
    """What could not be read; `cell` is its name (`B7`), a range, or empty where it concerns the whole file."""

    cell: str
    message: str


@dataclass
class Grid:
    """Rows of text by their number in the sheet, the first being 1; empty rows are left out."""

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, row: int, column: int, message: str) -> None:
        """Notes what is wrong with a cell; columns count from 0."""
        self.faults.append(Fault(f"{get_column_letter(column + 1)}{row}", message))


def read_grid(data: bytes) -> Grid:
    """The first sheet of an XLSX file, or a CSV file in UTF-8 or GB 18030; nothing in it is ever executed."""
    if len(data) > LARGEST:
        return _refused(_("The file is larger than {n} MB.", n=LARGEST // 1024 // 1024))
    return _read_xlsx(data) if data.startswith(b"PK\x03\x04") else _read_csv(data)


def _refused(message: str) -> Grid:
    return Grid(faults=[Fault("", message)])


def _read_csv(data: bytes) -> Grid:
    text = _decoded(data)
    if text is None or "\0" in text:
        return _refused(_("This is neither CSV nor an XLSX workbook."))
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return _grid((list(cells) for cells in reader), Grid())
    except csv.Error as error:
        return _refused(_("This is not CSV: {why}", why=str(error)))


def _decoded(data: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _read_xlsx(data: bytes) -> Grid:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            held = archive.infolist()
            if any(one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for one in held):
                return _refused(_("This workbook cannot be read."))
            if _is_heavy(archive, held):
                return _refused(_("The workbook is too large once it is unpacked."))
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            try:
                sheet = book.worksheets[0]
                merged = _MERGED.findall(archive.read(sheet._worksheet_path))
                grid = Grid(
                    faults=[Fault(one.decode(), _("merged cells: only the first is read")) for one in merged[:50]]
                )
                return _grid(_cells(sheet, grid), grid)
            finally:
                book.close()
    except Exception:  # a broken workbook fails in as many ways as there are libraries below it
        return _refused(_("This workbook cannot be read."))


def _is_heavy(archive: zipfile.ZipFile, held: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether reading would take long: a few thousand bytes can hold a million styles."""
    if len(held) > MOST_MEMBERS or sum(one.file_size for one in held) > LARGEST_UNZIPPED:
        return True
    marks = {True: 0, False: 0}
    for one in held:
        data = archive.read(one)
        marks[_AROUND.search(one.filename) is not None] += data.count(b"<") + data.count(b"=")
    return marks[False] > MOST_MARKS or marks[True] > MOST_MARKS_AROUND


def _cells(sheet: Any, grid: Grid) -> Iterator[list[str]]:
    """One row more and one column more than there may be, so that what is beyond is told."""
    rows = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1)
    for number, row in enumerate(rows, 1):
        yield [_plain(cell, grid, number, column) for column, cell in enumerate(row)]


def _plain(cell: Any, grid: Grid, row: int, column: int) -> str:
    if cell.data_type == "f":
        grid.fault(row, column, _("a formula: write its result"))
        return ""
    if cell.data_type == "e":
        grid.fault(row, column, _("an error: {what}", what=str(cell.value)[:40]))
        return ""
    value = cell.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return "" if value is None else str(value)


def _grid(rows: Iterator[Sequence[str]], grid: Grid) -> Grid:
    for number, cells in enumerate(rows, 1):
        if number > MOST_ROWS:
            if any(map(str.strip, cells)):
                grid.fault(number, 0, _("more than {n} rows: the rest is not read", n=MOST_ROWS))
            break
        if any(map(str.strip, cells[MOST_COLUMNS:])):
            grid.fault(number, MOST_COLUMNS, _("more than {n} columns: the rest is not read", n=MOST_COLUMNS))
        kept = [_short(cell, grid, number, column) for column, cell in enumerate(cells[:MOST_COLUMNS])]
        if any(kept):
            grid.rows.append((number, kept))
    return grid


def _short(cell: str, grid: Grid, row: int, column: int) -> str:
    text = cell.strip()
    if len(text) > LONGEST_CELL:
        grid.fault(row, column, _("longer than {limit} characters: the rest is not read", limit=LONGEST_CELL))
    return text[:LONGEST_CELL]
