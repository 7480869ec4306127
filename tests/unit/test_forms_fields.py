"""Every field type: which JSON it takes, what is stored, what it refuses and under which code."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from servicehall.domain.conditions import Context, PersonFacts
from servicehall.forms import FIELD_TYPES, FileFacts, compile_form
from servicehall.texts import use_locale

ANA = PersonFacts(id="p1", name="Ana", email="ana@example.com", department="hr", location="shanghai")
CONTEXT = Context(ANA, ANA, now=datetime(2026, 11, 22, 9, 30, tzinfo=UTC), today=date(2026, 11, 22))
SHA = "ab" * 32
FILE = FileFacts(SHA, "contract.pdf", "application/pdf", 1234)
STORED = {"sha256": SHA, "name": "contract.pdf", "media_type": "application/pdf", "size": 1234}
OPTIONS = [{"key": "a", "label": "A"}, {"key": "b", "label": {"en": "B", "zh": "乙"}}, {"key": "c", "label": "C"}]
COLUMNS = [
    {"key": "what", "type": "text", "required": True},
    {"key": "quantity", "type": "integer", "min": 1},
    {"key": "price", "type": "money"},
]


class People:
    """A small directory."""

    known = {
        "person": {"ana@example.com": "Ana", "bo@example.com": "Bo"},
        "group": {"it-identity": "Identity"},
        "department": {"hr": "Human resources"},
        "location": {"shanghai": "Shanghai"},
        "asset": {"NB-1": "Notebook 1"},
    }

    def exists(self, kind, key):
        return key in self.known[kind]

    def label(self, kind, key, locale):
        return self.known[kind].get(key, key)

    def search(self, kind, q, limit):
        return list(self.known[kind].items())[:limit]

    def file(self, sha256):
        return FILE if sha256 == SHA else None


def form_of(**field):
    return compile_form({"pages": [{"key": "main", "fields": [{"key": "it", "label": "It", **field}]}]})


def check(raw, **field):
    return form_of(**field).check({"it": raw}, CONTEXT, lookup=People())


ACCEPTED = [
    ({"type": "text"}, "  a b ", "a b"),
    ({"type": "text"}, "上海 🚀", "上海 🚀"),
    ({"type": "text", "pattern": "[A-Z]{2}\\d+"}, "AB12", "AB12"),
    ({"type": "long_text"}, "a\r\nb\tc\n", "a\nb\tc"),
    ({"type": "integer"}, -3, -3),
    ({"type": "integer", "min": 1, "max": 9, "step": 2}, 7, 7),
    ({"type": "decimal"}, 1.5, "1.5"),
    ({"type": "decimal"}, "1.50", "1.50"),
    ({"type": "decimal"}, "-0.0", "0.0"),
    ({"type": "decimal"}, 12, "12"),
    ({"type": "decimal"}, "1e3", "1000"),
    ({"type": "decimal"}, 1e-7, "0.0000001"),
    ({"type": "decimal", "min": "0.5", "max": 2, "step": "0.5"}, "1.5", "1.5"),
    ({"type": "money"}, "12.5", "12.50"),
    ({"type": "money"}, 12, "12.00"),
    ({"type": "money"}, "12.500", "12.50"),
    ({"type": "money", "currency": "JPY"}, "1200", "1200"),
    ({"type": "boolean"}, False, False),
    ({"type": "boolean"}, True, True),
    ({"type": "choice", "options": OPTIONS}, "b", "b"),
    ({"type": "choices", "options": OPTIONS}, ["c", "a"], ["a", "c"]),
    ({"type": "date"}, "2026-11-22", "2026-11-22"),
    ({"type": "date", "min": "2026-01-01"}, "2026-01-01", "2026-01-01"),
    ({"type": "datetime"}, "2026-11-22T17:00:00+08:00", "2026-11-22T09:00:00Z"),
    ({"type": "datetime"}, "2026-11-22T09:00Z", "2026-11-22T09:00:00Z"),
    ({"type": "time"}, "09:30", "09:30"),
    ({"type": "time"}, "09:30:00", "09:30"),
    ({"type": "time"}, "23:59:59", "23:59:59"),
    ({"type": "duration"}, "PT4H", "PT4H"),
    ({"type": "duration"}, "4 hours", "PT4H"),
    ({"type": "duration"}, "1 day 90 minutes", "P1DT1H30M"),
    ({"type": "duration"}, "1天4小时", "P1DT4H"),
    ({"type": "duration"}, "P1W", "P7D"),
    ({"type": "email"}, " Ana@Example.com ", "Ana@example.com"),
    ({"type": "phone"}, "+86 138 0000 0000", "+8613800000000"),
    ({"type": "phone"}, "+49 30 901820 ext. 12", "+4930901820;ext=12"),
    ({"type": "url"}, "https://example.com/a?b=1", "https://example.com/a?b=1"),
    ({"type": "person"}, "bo@example.com", "bo@example.com"),
    ({"type": "person"}, " Bo@Example.COM", "bo@example.com"),
    ({"type": "group"}, "it-identity", "it-identity"),
    ({"type": "department"}, "hr", "hr"),
    ({"type": "location"}, "shanghai", "shanghai"),
    ({"type": "asset"}, "NB-1", "NB-1"),
    ({"type": "file"}, {"sha256": SHA}, STORED),
    ({"type": "file"}, {"sha256": SHA, "name": "evil.exe", "size": 1, "media_type": "x"}, STORED),
    ({"type": "rating"}, 5, 5),
    ({"type": "rating", "max": 10}, 10, 10),
    (
        {"type": "table", "columns": COLUMNS},
        [{"what": "pen", "quantity": 2, "price": 1.5}, {"what": "cap"}],
        [{"what": "pen", "quantity": 2, "price": "1.50"}, {"what": "cap"}],
    ),
]

REFUSED = [
    ({"type": "text"}, 5, "type"),
    ({"type": "text"}, ["a"], "type"),
    ({"type": "text"}, {"a": {"b": [[[]]]}}, "type"),
    ({"type": "text"}, "a\x00b", "characters"),
    ({"type": "text"}, "a\nb", "characters"),
    ({"type": "text"}, "\ud800", "characters"),
    ({"type": "text"}, "x" * 1001, "max_length"),
    ({"type": "text", "min_length": 3}, "ab", "min_length"),
    ({"type": "text", "max_length": 3}, "abcd", "max_length"),
    ({"type": "text", "pattern": "[A-Z]{2}"}, "ABC", "pattern"),
    ({"type": "long_text"}, "a\x07", "characters"),
    ({"type": "integer"}, 1.5, "type"),
    ({"type": "integer"}, 1.0, "type"),
    ({"type": "integer"}, True, "type"),
    ({"type": "integer"}, "5", "type"),
    ({"type": "integer"}, 2**53, "range"),
    ({"type": "integer", "min": 1}, 0, "min"),
    ({"type": "integer", "max": 1}, 2, "max"),
    ({"type": "integer", "step": 5}, 7, "step"),
    ({"type": "decimal"}, "1,5", "type"),
    ({"type": "decimal"}, float("nan"), "type"),
    ({"type": "decimal"}, float("inf"), "type"),
    ({"type": "decimal"}, "NaN", "type"),
    ({"type": "decimal"}, "1e999999", "type"),
    ({"type": "decimal"}, "１２", "type"),
    ({"type": "decimal"}, True, "type"),
    ({"type": "decimal"}, 10**400, "type"),
    ({"type": "decimal", "max": "1.5"}, "1.51", "max"),
    ({"type": "decimal", "step": "0.25"}, "0.3", "step"),
    ({"type": "money"}, "1.005", "scale"),
    ({"type": "money", "currency": "JPY"}, "1.5", "scale"),
    ({"type": "money", "min": 0}, "-0.01", "min"),
    ({"type": "boolean"}, "true", "type"),
    ({"type": "boolean"}, 1, "type"),
    ({"type": "choice", "options": OPTIONS}, "d", "choice"),
    ({"type": "choice", "options": OPTIONS}, ["a"], "type"),
    ({"type": "choice", "options": OPTIONS}, True, "type"),
    ({"type": "choices", "options": OPTIONS}, "a", "type"),
    ({"type": "choices", "options": OPTIONS}, ["a", "a"], "duplicate"),
    ({"type": "choices", "options": OPTIONS}, ["a", "d"], "choice"),
    ({"type": "choices", "options": OPTIONS}, [["a"]], "type"),
    ({"type": "choices", "options": OPTIONS, "min": 2}, ["a"], "min"),
    ({"type": "choices", "options": OPTIONS, "max": 1}, ["a", "b"], "max"),
    ({"type": "date"}, "2026-02-30", "type"),
    ({"type": "date"}, "20261122", "type"),
    ({"type": "date"}, "2026-11-22T00:00:00Z", "type"),
    ({"type": "date"}, 20261122, "type"),
    ({"type": "date"}, "0000-01-01", "type"),
    ({"type": "date", "max": "2026-01-01"}, "2026-01-02", "max"),
    ({"type": "datetime"}, "2026-11-22T09:00:00", "type"),
    ({"type": "datetime"}, "0001-01-01T00:00:00+14:00", "type"),
    ({"type": "datetime"}, "2026-11-22", "type"),
    ({"type": "time"}, "24:00", "type"),
    ({"type": "time"}, "9:30", "type"),
    ({"type": "duration"}, "soon", "type"),
    ({"type": "duration"}, "-PT4H", "type"),
    ({"type": "duration"}, "P999999999D", "type"),
    ({"type": "duration"}, 4, "type"),
    ({"type": "duration", "max": "8 hours"}, "9 hours", "max"),
    ({"type": "email"}, "ana", "format"),
    ({"type": "email"}, "ana@", "format"),
    ({"type": "email"}, "ana@localhost", "format"),
    ({"type": "email"}, "a@b.com\nBcc: x@y.z", "characters"),
    ({"type": "phone"}, "13800000000", "format"),
    ({"type": "phone"}, "+1", "format"),
    ({"type": "url"}, "javascript:alert(1)", "format"),
    ({"type": "url"}, "https://", "format"),
    ({"type": "url"}, "https://user:pass@example.com", "format"),
    ({"type": "url"}, "https://example.com/<script>", "format"),
    ({"type": "person"}, "nobody@example.com", "not_found"),
    ({"type": "person"}, {"email": "ana@example.com"}, "type"),
    ({"type": "group"}, "x" * 300, "max_length"),
    ({"type": "location"}, "mars", "not_found"),
    ({"type": "file"}, SHA, "type"),
    ({"type": "file"}, {"sha256": "cd" * 32}, "not_found"),
    ({"type": "rating"}, 6, "range"),
    ({"type": "rating"}, 0, "range"),
    ({"type": "rating"}, 4.5, "type"),
    ({"type": "table", "columns": COLUMNS}, {"what": "pen"}, "type"),
    ({"type": "table", "columns": COLUMNS, "max_rows": 1}, [{"what": "a"}, {"what": "b"}], "max_rows"),
    ({"type": "table", "columns": COLUMNS, "min_rows": 2}, [{"what": "a"}], "min_rows"),
]


@pytest.mark.parametrize(("field", "raw", "stored"), ACCEPTED)
def test_what_is_accepted_is_stored_in_one_form(field, raw, stored):
    checked = check(raw, **field)
    assert checked.errors == ()
    assert checked.answers == {"it": stored}


@pytest.mark.parametrize(("field", "raw", "stored"), ACCEPTED)
def test_what_is_stored_is_accepted_again_unchanged(field, raw, stored):
    assert check(stored, **field).answers == {"it": stored}


@pytest.mark.parametrize(("field", "raw", "code"), REFUSED)
def test_what_is_refused_names_the_field_and_has_no_answer(field, raw, code):
    checked = check(raw, **field)
    assert [(one.path, one.code) for one in checked.errors] == [("it", code)]
    assert code == "min_rows" or checked.answers == {}


@pytest.mark.parametrize("raw", [None, "", "  "])
@pytest.mark.parametrize("kind", ["text", "long_text", "decimal", "money", "date", "email", "url", "person"])
def test_nothing_is_no_answer(kind, raw):
    assert check(raw, type=kind).answers == {}
    assert [one.code for one in check(raw, type=kind, required=True).errors] == ["required"]


def test_places_inside_an_answer_are_named():
    rows = [{"what": "a"}, {"quantity": 0, "extra": 1, "price": "x"}, "row"]
    checked = check(rows, type="table", columns=COLUMNS)
    assert {(one.path, one.code) for one in checked.errors} == {
        ("it[1].extra", "unknown"),
        ("it[1].quantity", "min"),
        ("it[1].price", "type"),
        ("it[1].what", "required"),
        ("it[2]", "type"),
    }
    checked = check({"sha256": SHA, "path": "/etc/passwd"}, type="file")
    assert [(one.path, one.code) for one in checked.errors] == [("it.path", "unknown")]


@pytest.mark.parametrize(("field", "raw", "stored"), ACCEPTED)
def test_every_answer_can_be_read_in_both_languages(field, raw, stored):
    form = form_of(**field)
    for locale in ("en", "zh"):
        assert form.by_key["it"].display(stored, locale, People(), ZoneInfo("Asia/Shanghai")) != ""
        assert form.by_key["it"].display(None, locale, People()) == ""


@pytest.mark.parametrize(
    ("field", "stored", "en", "zh"),
    [
        ({"type": "date"}, "2026-11-22", "22 Nov 2026", "2026年11月22日"),
        ({"type": "datetime"}, "2026-11-22T09:00:00Z", "22 Nov 2026, 17:00", "2026年11月22日 17:00"),
        ({"type": "boolean"}, True, "Yes", "是"),
        ({"type": "duration"}, "P1DT4H", "1 day 4 hours", "1天4小时"),
        ({"type": "choice", "options": OPTIONS}, "b", "B", "乙"),
        ({"type": "choices", "options": OPTIONS}, ["a", "b"], "A, B", "A、乙"),
        ({"type": "choice", "options": OPTIONS}, "gone", "gone", "gone"),
        ({"type": "decimal"}, "12345.50", "12,345.50", "12,345.50"),
        ({"type": "money", "currency": "EUR"}, "1234.50", "€1,234.50", "€1,234.50"),
        ({"type": "person"}, "bo@example.com", "Bo", "Bo"),
        ({"type": "person"}, "gone@example.com", "gone@example.com", "gone@example.com"),
        ({"type": "file"}, STORED, "contract.pdf", "contract.pdf"),
        ({"type": "phone"}, "+8613800000000", "+86 138 0000 0000", "+86 138 0000 0000"),
        ({"type": "table", "columns": COLUMNS}, [{"what": "pen", "quantity": 2}], "pen, 2", "pen、2"),
    ],
)
def test_answers_are_shown_in_the_readers_words(field, stored, en, zh):
    made = form_of(**field).by_key["it"]
    shown = [made.display(stored, locale, People(), ZoneInfo("Asia/Shanghai")) for locale in ("en", "zh")]
    assert shown == [en, zh]


def test_messages_come_in_the_readers_language():
    with use_locale("zh"):
        assert check("x", type="integer").errors[0].message == "请填写整数。"


def test_every_type_has_a_palette_entry_of_its_own():
    types = FIELD_TYPES.members()
    assert len(types) == 26
    assert len({kind.title for kind in types}) == 26
    assert all(kind.type == name and kind.icon and kind.group for name, kind in zip(FIELD_TYPES, types, strict=True))
