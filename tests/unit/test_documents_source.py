"""Reading YAML: what is accepted, what is refused, and where it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.documents.source import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, child, read_file, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: on", "on"),
        ("a: off", "off"),
        ("a: yes", "yes"),
        ("a: No", "No"),
        ("a: y", "y"),
        ("a: true", True),
        ("a: FALSE", False),
        ("a: null", None),
        ("a: ~", None),
        ("a:", None),
        ("a: 2026-12-31", "2026-12-31"),
        ("a: 2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
        ("a: !!timestamp 2026-12-31", "2026-12-31"),
        ("a: 12:30:45", "12:30:45"),
        ("a: 1_000", "1_000"),
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 0x1F", 31),
        ("a: 0o17", 15),
        ("a: 007", 7),
        ("a: 0.75", 0.75),
        ("a: 1.0", 1),
        ("a: 1e3", 1000),
        ('a: "0.00"', "0.00"),
        ("a: '1'", "1"),
        ("a: !!str 1", "1"),
        ("a: ! 1", "1"),
        ("a: !!int 1", 1),
        ("a: -3 business days", "-3 business days"),
        ("a: =", "="),
        ("a: |\n  one\n  two\n", "one\ntwo\n"),
        ("a: [1, {b: c}]", [1, {"b": "c"}]),
        ("a: {}", {}),
        ("\ufeffa: 1", 1),
        ("x: &x [1]\na: *x", [1]),
    ],
)
def test_a_plain_word_means_what_yaml_1_2_says(text: str, value: object) -> None:
    source = read_yaml(text.encode())
    assert source.problems == ()
    assert source.value["a"] == value
    assert type(source.value["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", 1),
        ("# only a comment\n", "empty", 1),
        ("a: 1\n---\nb: 2\n", "several_documents", 2),
        ("a: 1\nb: 2\na: 3\n", "duplicate_key", 3),
        ("a: {b: 1, b: 2}", "duplicate_key", 1),
        ("a: 1\n1: b\n", "key", 2),
        ("true: b", "key", 1),
        ("null: b", "key", 1),
        ("? [a]\n: b", "key", 1),
        ("a: &k b\n*k : c\n", "key", 2),
        ("a: &b {c: 1}\nd:\n  <<: *b\n", "merge_key", 3),
        ("a: !!python/object:os.system x", "tag", 1),
        ("a: !!python/object/apply:os.system [x]", "tag", 1),
        ("a: !own x", "tag", 1),
        ("a: !!set {b}", "tag", 1),
        ("a: !!binary aGk=", "tag", 1),
        ("a: !!int x", "tag", 1),
        ("a: &x [*x]", "alias", 1),
        ("a: *x", "alias", 1),
        ("a: .inf", "number", 1),
        ("a: -.INF", "number", 1),
        ("a: .nan", "number", 1),
        ("a: 123456789012345678901234567890", "number", 1),
        ("a: 0." + "1" * 30, "number", 1),
        ("a: " + "9" * 5000, "number", 1),
        ("a: 1e400", "number", 1),
        ("a: [1", "syntax", 1),
        ("a: b: c", "syntax", 1),
        ("a:\n\t- b", "syntax", 2),
        ("a: \0", "syntax", 1),
        ("a: '\x07'", "syntax", 1),
        ("%YAML 9.9\n---\na: 1", "syntax", 1),
    ],
)
def test_what_could_surprise_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    source = read_yaml(text.encode())
    assert source.value is None
    assert [(problem.code, found) for found, problem in source.problems] == [(code, line)]
    assert source.problems[0][1].message


@pytest.mark.parametrize(
    "data",
    [b"a: \xff", "a: ä".encode("latin-1"), "a: 1".encode("utf-16"), "a: 1".encode("utf-32"), "a: 中".encode("gbk")],
)
def test_other_encodings_are_refused(data: bytes) -> None:
    assert [problem.code for _line, problem in read_yaml(data).problems] == ["encoding"]


def test_a_bad_byte_is_reported_in_its_line() -> None:
    assert read_yaml(b"a: 1\nb: 2\nc: \xff\n").problems[0][0] == 3


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    source = read_yaml("a: 1\na: 2\nb: !own x\nc: .nan\n3: d\n")
    assert [(line, problem.path) for line, problem in source.problems] == [(2, "a"), (3, "b"), (4, "c"), (5, "3")]


def test_the_size_is_limited() -> None:
    assert read_yaml(b"a: " + b"x" * (MAX_BYTES - 3)).problems == ()
    assert [problem.code for _line, problem in read_yaml(b"a: " + b"x" * MAX_BYTES).problems] == ["too_large"]


def test_the_depth_is_limited() -> None:
    fits = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert read_yaml(f"a: {fits}").problems == ()
    assert read_yaml(f"a: [{fits}]").problems[0][1].code == "too_deep"
    assert read_yaml("a: " + "[" * 500_000).problems[0][1].code == "too_deep"
    assert read_yaml("- " * 10_000 + "a").problems[0][1].code == "too_deep"


def test_the_depth_counts_through_aliases() -> None:
    nested = "[" * 30 + "1" + "]" * 30
    assert read_yaml(f"a: &a {nested}\nb: &b {'[' * 30}*a{']' * 30}\n").problems == ()
    assert read_yaml(f"a: &a {nested}\nb: &b {'[' * 34}*a{']' * 34}\n").problems[0][1].code == "too_deep"


def test_the_number_of_aliases_is_limited() -> None:
    assert read_yaml("a: &a x\nb: [" + ", ".join(["*a"] * MAX_ALIASES) + "]").problems == ()
    too_many = read_yaml("a: &a x\nb: [" + ", ".join(["*a"] * (MAX_ALIASES + 1)) + "]")
    assert too_many.problems[0][1].code == "too_many_aliases"


def test_a_bomb_of_aliases_does_not_explode() -> None:
    levels = [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 17)]
    bomb = "\n".join(["a0: &a0 [" + ", ".join(["boom"] * 100) + "]", *levels])
    assert read_yaml(bomb).problems[0][1].code == "too_large"
    fat = f"a: &a {'x' * 900_000}\nb: [{', '.join(['*a'] * 40)}]"
    assert read_yaml(fat).problems[0][1].code == "too_large"


def test_every_place_knows_its_line() -> None:
    source = read_yaml(
        "kind: service\nform:\n  pages:\n    - key: a\n      title: {en: A,\n        zh: B}\n    - key: b\n"
    )
    lines = {path: source.line_of(path) for path in source.lines}
    assert lines["form.pages[0]"] == 4
    assert lines["form.pages[0].title.zh"] == 6
    assert lines["form.pages[1].key"] == 7
    assert source.line_of("form.pages[1].title") == 7, "what is missing is reported where it should stand"
    assert source.line_of("nothing.here") == 1
    assert source.line_of("form.pages[7]") == 3


def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    assert read_file(tmp_path / "none.yaml").problems[0][1].code == "unreadable"
    assert read_file(tmp_path).problems[0][1].code == "unreadable"


def test_paths() -> None:
    assert child("", "form") == "form"
    assert child("form", "pages") == "form.pages"
    assert child("form.pages", 0) == "form.pages[0]"


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    json.dumps(read_yaml(data).value, allow_nan=False)


@given(st.text(alphabet=st.sampled_from(list("ab:- \n\t{}[],&*!|>'\"%@`#?~0.1\\")), max_size=60))
def test_no_punctuation_crashes_the_reader(text: str) -> None:
    json.dumps(read_yaml(text).value, allow_nan=False)
