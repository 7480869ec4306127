"""Fields from spreadsheets: what is read, and that what cannot be is told by its cell and harms nobody."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from servicehall.documents import spreadsheets, uploads
from servicehall.documents.field_sheets import FieldSheet, read_fields
from servicehall.forms import FIELD_TYPES, check_form


def workbook(rows: Sequence[Sequence[Any]], merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    if merge:
        sheet.merge_cells(merge)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def archive(method: int = zipfile.ZIP_DEFLATED, /, **files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "."), content)
    return data.getvalue()


def cells(sheet: FieldSheet) -> list[str]:
    return [one.cell for one in sheet.faults]


ROWS: list[list[Any]] = [
    ["label", "label_zh", "key", "type", "required", "options", "max_length"],
    ["Number plate", "车牌", "plate", "text", True, None, 12],
    ["Kind", "", "", "choice", "yes", "Car; Motor bike", None],
    ["Needed by", "", "", "Date", "no", None, None],
]


def test_csv_and_xlsx_say_the_same() -> None:
    lines = [",".join("" if one is None else str(one) for one in row) for row in ROWS]
    text = "\n".join(lines).replace("True", "yes")
    from_csv, from_xlsx = read_fields(text.encode()), read_fields(workbook(ROWS))
    assert from_csv == from_xlsx
    assert from_csv.faults == []
    plate, kind, needed = from_csv.fields
    label = {"en": "Number plate", "zh": "车牌"}
    assert plate == {"key": "plate", "type": "text", "label": label, "required": True, "max_length": 12}
    assert [one["key"] for one in kind["options"]] == ["car", "motor_bike"]
    assert (needed["type"], needed["key"], "required" in needed) == ("date", "needed_by", False)


def test_headings_and_types_may_be_chinese_and_so_may_the_encoding() -> None:
    found = read_fields("标签,类型,必填,选项\n车型,单选,是,轿车；摩托车\n".encode("gb18030"))
    assert found.faults == []
    (one,) = found.fields
    assert (one["label"], one["type"], one["required"]) == ({"zh": "车型"}, "choice", True)
    assert [option["label"] for option in one["options"]] == [{"zh": "轿车"}, {"zh": "摩托车"}]


@pytest.mark.parametrize(
    ("row", "cell", "what"),
    [
        ({"type": "nonsense"}, "D2", "taken as text"),
        ({"required": "perhaps"}, "E2", "neither yes nor no"),
        ({"key": "Not A Key"}, "C2", "cannot be a key"),
        ({"key": "requester"}, "C2", "cannot be a key"),
        ({"options": "A;B", "type": "text"}, "F2", "has no options"),
        ({"type": "choice"}, "F2", "no options"),
        ({"max_length": "many"}, "G2", ""),
        ({"label": "=1+1", "key": "total"}, "A2", "a formula"),
        ({"label": "", "required": "yes"}, "A2", "needs a label"),
        ({"label": "x" * 5000}, "A2", "longer than"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_cell(row: dict[str, str], cell: str, what: str) -> None:
    heads = ["label", "label_zh", "key", "type", "required", "options", "max_length"]
    found = read_fields(workbook([heads, [row.get(one, "Thing" if one == "label" else None) for one in heads]]))
    assert cell in cells(found)
    assert what in next(one.message for one in found.faults if one.cell == cell)
    assert check_form({"fields": found.fields}) == []


def test_duplicate_keys_and_merged_cells_and_unknown_columns_are_told() -> None:
    rows = [["label", "key", "colour"], ["One", "same"], ["Two", "same"], ["Three", None]]
    found = read_fields(workbook(rows, merge="A4:B4"))
    assert set(cells(found)) == {"A4:B4", "B3", "C1"}
    assert [one["key"] for one in found.fields] == ["same", "same_2", "three"]


@pytest.mark.parametrize("name", list(FIELD_TYPES))
def test_a_field_of_every_type_is_one_that_the_form_engine_takes(name: str) -> None:
    found = read_fields(f"label,type\nSomething,{name}\n".encode())
    assert [one["type"] for one in found.fields] == [name]
    assert check_form({"fields": found.fields}) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\0\0",
        b"PK\x03\x04nonsense",
        archive(x__xml=b"<a/>"),
        archive(zipfile.ZIP_LZMA, x__xml=b"<a/>"),
        b"other,columns\n1,2\n",
        b"x" * (spreadsheets.LARGEST + 1),
        archive(bomb=b"\0" * (spreadsheets.LARGEST_UNZIPPED + 1)),
        archive(**{f"f{n}": b"" for n in range(spreadsheets.MOST_MEMBERS + 1)}),
    ],
    ids=["empty", "picture", "broken", "other", "lzma", "columns", "large", "bomb", "many"],
)
def test_what_is_no_spreadsheet_of_fields_is_refused(data: bytes) -> None:
    found = read_fields(data)
    assert found.fields == []
    assert len(found.faults) >= 1


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/styles.xml", f"<styleSheet {MAIN}><fonts>{'<font/>' * 50_000}</fonts></styleSheet>"),
        ("xl/workbook.xml", f"<workbook {MAIN}><definedNames>{'<definedName/>' * 50_000}</definedNames></workbook>"),
        ("xl/worksheets/sheet1.xml", f"<worksheet {MAIN}>{'<a>' * 160_000}{'</a>' * 160_000}</worksheet>"),
        ("xl/worksheets/sheet1.xml", "<worksheet " + " ".join(f'a{n}="1"' for n in range(310_000)) + "/>"),
    ],
    ids=["styles", "names", "nested", "attributes"],
)
def test_a_small_workbook_that_is_much_work_is_refused_before_it_is_read(part: str, content: str) -> None:
    """19 KB of styles took a minute and a gigabyte."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(ROWS))) as plain,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in plain.namelist():
            made.writestr(name, content if name == part else plain.read(name))
    found = read_fields(packed.getvalue())
    assert [one.message for one in found.faults] == ["The workbook is too large once it is unpacked."]


def test_the_largest_workbook_that_is_read_whole_is_not_too_much_work() -> None:
    rows = [["label", "type", *[f"c{n}" for n in range(38)]], *([[f"F {n}", "text", *["x"] * 38] for n in range(500)])]
    assert len(read_fields(workbook(rows)).fields) == 500


def test_too_many_rows_and_columns_are_cut_and_told() -> None:
    rows = ["label" + ",x" * 60, *(f"Field {n}" for n in range(spreadsheets.MOST_ROWS + 10))]
    found = read_fields("\n".join(rows).encode())
    assert len(found.fields) == spreadsheets.MOST_ROWS - 1
    assert {f"A{spreadsheets.MOST_ROWS + 1}", "AO1"} <= set(cells(found))


YAML = b"kind: field_set\ndepartment: it\nkey: car\nfields:\n  - {key: plate, type: text, label: {en: Plate}}\n"


def test_a_pack_is_one_file_or_an_archive_of_them() -> None:
    (one,) = uploads.read_upload(YAML, "car.yaml").documents
    assert one.file == "car.yaml"
    packed = archive(a__yaml=YAML, README__md=b"x", __hidden__yaml=b"x")
    assert [one.file for one in uploads.read_upload(packed, "x.zip").documents] == ["a.yaml"]


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04broken",
        archive(zipfile.ZIP_LZMA, a__yaml=YAML),
        archive(a__yaml=YAML)[:45] + b"\xff\xff" + archive(a__yaml=YAML)[47:],
        archive(a__txt=b"x"),
        archive(a__yaml=b"\0" * (uploads.LARGEST_UNZIPPED + 1)),
        archive(**{f"f{n}__yaml": YAML for n in range(uploads.MOST_FILES + 1)}),
        b"x" * (uploads.LARGEST + 1),
        b"a: [",
        archive(a__yaml=YAML, b__yaml=b"a: ["),
    ],
)
def test_what_is_no_pack_is_told(data: bytes) -> None:
    pack = uploads.read_upload(data, "../../etc/x.zip")
    assert pack.problems
    assert all("/" not in one.file for one in pack.problems)
