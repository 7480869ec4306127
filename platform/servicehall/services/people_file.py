"""The people file: UTF-8 CSV with one header row becomes rows that know their line; every fault of form at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from servicehall.documents.parts import suggest
from servicehall.errors import Problem
from servicehall.services.person_attributes import READERS
from servicehall.texts import _

LARGEST = 32 * 1024 * 1024
MOST_ROWS = 200_000
COLUMNS = (*READERS, "department_head", "manager", "groups", "active")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person as written: column → cell. `line` is where the row begins in its file, 0 where there is no file."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in one place: `column` is empty where it concerns the whole line."""

    line: int
    column: str
    code: str
    message: str

    def problem(self) -> Problem:
        """`line 5: manager` is the path of a fault in a file, `manager` of one in a page."""
        where = _("line {line}", line=self.line) if self.line else ""
        return Problem(": ".join(part for part in (where, self.column) if part), self.code, self.message)

    def as_dict(self) -> dict[str, str | int]:
        return {"line": self.line, "column": self.column, "code": self.code, "message": self.message}


def read_people_file(data: bytes) -> tuple[list[PersonRow], list[Fault]]:
    """The rows of a file of at most `LARGEST` bytes, with or without a byte order mark, and what is wrong with it."""
    if len(data) > LARGEST:
        return [], [Fault(1, "", "too_large", _("The file is larger than {n} MB.", n=LARGEST // 1024 // 1024))]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [], [Fault(line, "", "encoding", _("This is not UTF-8."))]
    return _read(_records(text))


def _records(text: str) -> Iterator[tuple[int, list[str] | Fault]]:
    """Each record with the line it begins in; blank lines are passed over, and after a fault there is no more."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line, Fault(line, "", "format", _("This is not CSV: {why}", why=str(error)))
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _read(lines: Iterator[tuple[int, list[str] | Fault]]) -> tuple[list[PersonRow], list[Fault]]:
    line, header = next(lines, (1, []))
    if isinstance(header, Fault):
        return [], [header]
    columns = [cell.strip().lower() for cell in header]
    faults = list(_check_header(line, columns))
    rows: list[PersonRow] = []
    for line, cells in lines:
        if isinstance(cells, Fault):
            faults.append(cells)
        elif len(rows) == MOST_ROWS:
            faults.append(Fault(line, "", "too_large", _("A file has at most {n} people.", n=MOST_ROWS)))
            break
        elif len(cells) != len(columns):
            text = _("{n} cells, where the header has {columns}.", n=len(cells), columns=len(columns))
            faults.append(Fault(line, "", "format", text))
        else:
            rows.append(PersonRow(line, dict(zip(columns, cells, strict=True))))
    return rows, faults


def _check_header(line: int, columns: Sequence[str]) -> Iterator[Fault]:
    if "email" not in columns:
        yield Fault(line, "email", "required", _("The column “email” is missing."))
    for index, column in enumerate(columns):
        if column not in COLUMNS:
            text = _("There is no column “{name}”; {hint}", name=column[:60], hint=suggest(column, COLUMNS))
            yield Fault(line, column[:60], "unknown", text)
        elif column in columns[:index]:
            yield Fault(line, column, "duplicate", _("The column “{name}” stands twice.", name=column))
