"""What texts are found by: the same tokens on every database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehall.domain.search_words import LONGEST, MOST, MOST_ASKED, terms, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Laptop, please!", ["a", "laptop", "please"]),
        ("ÅNGSTRÖM Straße Ｌａｐｔｏｐ", ["angstrom", "strasse", "laptop"]),
        ("REQ-000123", ["req", "000123"]),
        ("新员工", ["新", "员", "工", "新员", "员工"]),
        ("申请 laptop 电脑", ["申", "请", "申请", "laptop", "电", "脑", "电脑"]),
        ("MacBook电脑2", ["macbook", "电", "脑", "电脑", "2"]),
        ("snake_case", ["snake", "case"]),
        ("a ' \" * ( ) & | : \\ b", ["a", "b"]),
        ("", []),
    ],
)
def test_texts_become_tokens(text: str, expected: list[str]) -> None:
    assert tokens([text]) == expected


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("it lap", ["it", "lap*"]),
        ("新", ["新"]),
        ("新员工", ["新员", "员工"]),
        ("!!!", []),
    ],
)
def test_a_search_asks_for_words_and_their_beginnings(q: str, expected: list[str]) -> None:
    assert [one.token + "*" * one.beginning for one in terms(q)] == expected


def test_there_is_an_end_to_tokens_and_to_questions() -> None:
    many = [f"word{n}" for n in range(MOST + 50)]
    assert len(tokens(many)) == MOST
    assert len(terms(" ".join(many))) == MOST_ASKED
    assert [len(one) for one in tokens(["x" * 500])] == [LONGEST]


@given(st.text(max_size=40))
def test_whatever_is_asked_for_is_found_in_its_own_text(text: str) -> None:
    found = tokens([text])
    assert all(one.token in found for one in terms(text))
    assert not any(set(token) & set(" '\"*&|:()\\\0\n") for token in found)
