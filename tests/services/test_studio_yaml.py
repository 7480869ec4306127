"""The studio's YAML: told what is wrong while one types, and put together with what somebody else saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.offices import (
    CALENDAR,
    HOURS,
    OTHER,
    PLAIN,
    WEEK,
    document,
    publish_hours,
)

from servicehall.models.log import EventRow
from servicehall.services import drafting

pytestmark = on_sqlite
Browser = Callable[[str], FlaskClient]
TEXT = CALENDAR + WEEK


@pytest.fixture
def author(author: FlaskClient) -> FlaskClient:
    publish_hours(author)
    return author


@pytest.mark.parametrize(
    ("text", "lines", "says"),
    [
        (TEXT, "", "The checks find nothing wrong."),
        (TEXT.replace("CN", "XX"), "7", "line 7"),
        (TEXT + "closed: [\n", "8", "line 8"),
        (TEXT.replace("key: hours", "key: others"), "3", "Kind, department and key cannot be changed."),
        ("&a [*a, *a]", "1", "line 1"),
    ],
)
def test_what_is_wrong_is_told_at_its_line_and_nothing_is_kept(
    author: FlaskClient, session: Session, text: str, lines: str, says: str
) -> None:
    before = session.scalar(select(func.count()).select_from(EventRow))
    session.rollback()
    answer = author.post(f"{HOURS}/check", data={"text": text})
    assert answer.status_code == 200
    assert f'data-lines="{lines}"' in answer.text
    assert says in answer.text
    assert "<html" not in answer.text
    assert session.scalar(select(func.count()).select_from(EventRow)) == before


@pytest.mark.parametrize(
    ("line", "there", "absent"),
    [("5", "closed", "week"), ("8", "subdivision", "country"), ("99", "subdivision", "closed"), ("x", "", "closed")],
)
def test_the_keys_that_could_stand_at_a_line_are_named(author: FlaskClient, line: str, there: str, absent: str) -> None:
    answer = author.post(
        f"{HOURS}/check", data={"text": TEXT.replace("{country: CN}", "\n  country: CN"), "line": line}
    )
    assert (f'data-insert="{there}"' in answer.text) is bool(there)
    assert f'data-insert="{absent}"' not in answer.text


def test_only_authors_have_their_text_checked(author: FlaskClient, browser_of: Browser) -> None:
    assert browser_of(PLAIN).post(f"{HOURS}/check", data={"text": TEXT}).status_code == 404


def both(author: FlaskClient, other: FlaskClient, session: Session, mine: str, theirs: str) -> Any:
    """Two people save over the same edition; what the slower one is answered."""
    edition = drafting.edition(document(session))
    assert other.post(f"{HOURS}/text", data={"text": theirs, "edition": edition}).status_code == 303
    answer = author.post(f"{HOURS}/text", data={"text": mine, "edition": edition})
    assert answer.status_code == 409
    return answer


def since(answer: Any) -> str:
    found = re.search(r'name="since" value="([^"]+)"', answer.text)
    assert found is not None
    return found[1]


def test_two_texts_are_put_together(author: FlaskClient, browser_of: Browser, session: Session) -> None:
    mine, theirs = TEXT.replace("CN", "DE"), TEXT.replace("09:00", "07:00")
    answer = both(author, browser_of(OTHER), session, mine, theirs)
    for word in ("Put both together", "07:00-18:00", "country: DE"):
        assert word in answer.text
    assert author.post(f"{HOURS}/text", data={"text": mine, "since": since(answer)}).status_code == 303
    body = document(session).draft_body
    assert (body["holidays"]["country"], body["week"]["mon-fri"]) == ("DE", ["07:00-18:00"])


def test_where_two_texts_meet_one_chooses(author: FlaskClient, browser_of: Browser, session: Session) -> None:
    mine, theirs = TEXT.replace("09:00", "10:00"), TEXT.replace("09:00", "07:00")
    answer = both(author, browser_of(OTHER), session, mine, theirs)
    assert 'name="choose:week.mon-fri" value="mine"' in answer.text
    assert "Both changed: Week › " in answer.text
    said = {"text": mine, "since": since(answer)}
    assert author.post(f"{HOURS}/text", data=said).status_code == 409
    assert "07:00" in str(document(session).draft_body)
    assert author.post(f"{HOURS}/text", data={**said, "choose:week.mon-fri": "mine"}).status_code == 303
    assert "10:00" in str(document(session).draft_body)


@pytest.mark.parametrize("mine", [TEXT + "week: {\n", TEXT.replace("key: hours", "key: other")])
def test_a_text_that_cannot_be_read_is_not_put_together_and_not_lost(
    author: FlaskClient, browser_of: Browser, session: Session, mine: str
) -> None:
    edition = drafting.edition(document(session))
    browser_of(OTHER).post(f"{HOURS}/text", data={"text": TEXT.replace("09:00", "07:00"), "edition": edition})
    for said in ({"since": edition}, {"since": "7-0000000000000000"}, {"since": "nonsense"}):
        answer = author.post(f"{HOURS}/text", data={"text": mine, **said})
        assert answer.status_code in (409, 422)
        assert mine.splitlines()[-1] in answer.text
    assert "07:00" in str(document(session).draft_body)
