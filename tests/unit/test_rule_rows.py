"""Rules as rows: what rows can say goes to an expression and back unchanged, compiles, and means what the rows say."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehall.documents import rule_rows
from servicehall.documents.document import Document, Place
from servicehall.documents.examination import split_reference
from servicehall.documents.pack import read_pack
from servicehall.documents.patching import value_at
from servicehall.documents.releases import users_of
from servicehall.documents.rule_checks import mistakes
from servicehall.documents.rule_expressions import read, write
from servicehall.documents.rule_places import Around, rule_places
from servicehall.documents.rule_rows import Group, Name, Row, Span, normal, operators_of, types_of
from servicehall.documents.rule_words import sentence
from servicehall.documents.shipped import content_root
from servicehall.domain import conditions
from servicehall.domain.conditions import Activation, Context, Environment, PersonFacts
from servicehall.domain.expression_types import (
    BOOL,
    DOUBLE,
    DURATION,
    FILE,
    INT,
    STRING,
    STRINGS,
    TIMESTAMP,
    list_of,
    record,
)

FIELDS = {
    "site": STRING,
    "email": STRING,
    "total": DOUBLE,
    "seats": INT,
    "start": TIMESTAMP,
    "stay": DURATION,
    "tools": STRINGS,
    "contract": FILE,
    "remote": BOOL,
    "items": list_of(record({"price": DOUBLE})),
}
ENVIRONMENT = Environment.of(FIELDS, tasks={"set-up": {"cost": DOUBLE, "done": BOOL}})
TYPES = types_of(ENVIRONMENT)
ANSWERS = {
    "site": "Berlin",
    "email": "ana@example.com",
    "total": "5000",
    "seats": 3,
    "start": "2026-11-25",
    "stay": "PT4H",
    "tools": ["saw", "axe"],
    "contract": {"sha256": "0", "name": "a.pdf", "media_type": "application/pdf", "size": 9},
    "remote": True,
    "items": [{"price": "1"}],
}
ANA = PersonFacts(
    "p1", "Ana", "ana@example.com", "hr", "Berlin", "Lead", "7", "employee", "bo@example.com", True, ("hr",),
    date(2020, 1, 2),
)  # fmt: skip
CONTEXT = Context(
    ANA,
    ANA,
    now=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    today=date(2026, 11, 22),
    request=conditions.RequestFacts("incident", "p1", "person", "minor", datetime(2026, 11, 22, 9, tzinfo=UTC), "it"),
    tasks={"set_up": {"cost": "2.5", "done": False}},
)

# --- any rows there can be ----------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["Berlin", "saw", "hr", '"', "\\"]
)
numbers = st.integers(-(10**15), 10**15).map(Decimal) | st.decimals(-9999, 9999, places=2).map(
    lambda one: Decimal(repr(float(one)))
)
whole = st.integers(-9, 10**9).map(Decimal)
SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    rule_rows.TEXT: texts,
    rule_rows.NUMBER: numbers,
    rule_rows.MOMENT: st.dates(date(1000, 1, 1)),
    rule_rows.DURATION: st.builds(Span, st.integers(0, 9999), st.sampled_from("smh")),
}


@st.composite
def rows(draw: st.DrawFn) -> Row:
    name = draw(st.sampled_from(sorted(TYPES)))
    type_ = TYPES[name]
    found = draw(st.sampled_from(operators_of(name, type_)))
    if found in rule_rows.VALUELESS:
        return Row(name, found)
    inner = INT if found.startswith(rule_rows.COUNT) else type_.of or type_
    scalar = whole if inner == INT else SCALARS[rule_rows.shape_of(inner)]
    if found in rule_rows.SEVERAL:
        return Row(name, found, tuple(draw(st.lists(scalar, min_size=1, max_size=3))))
    others = sorted(one for one in TYPES if TYPES[one] == inner)
    days = st.integers(-999, 999) if inner == TIMESTAMP else st.just(0)
    return Row(name, found, draw(scalar | st.builds(Name, st.sampled_from(others), days)))


def groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Group]:
    return st.builds(Group, st.sampled_from(rule_rows.JOINTS), st.lists(inner, max_size=3).map(tuple))


trees = groups(st.recursive(rows(), groups, max_leaves=6)).filter(lambda one: bool(normal(one).rows))
shorter = settings(max_examples=60)


@shorter
@given(trees)
def test_rows_go_to_an_expression_and_back(tree: Group) -> None:
    found = normal(tree)
    text = write(tree)
    assert normal(found) == found
    assert write(found) == text
    if len(text) <= 2000:
        assert read(text, ENVIRONMENT) == found


@shorter
@given(trees)
def test_an_expression_means_what_its_rows_say(tree: Group) -> None:
    text = write(tree)
    if len(text) <= 2000:
        condition = conditions.compile(text, ENVIRONMENT)
        assert condition.evaluate(Activation(ENVIRONMENT, CONTEXT, ANSWERS)) is holds(tree)


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "less": operator.lt,
    "at_most": operator.le,
    "more": operator.gt,
    "at_least": operator.ge,
    "one_of": lambda one, many: one in many,
    "none_of": lambda one, many: one not in many,
    "contains": lambda one, part: part in one,
    "contains_not": lambda one, part: part not in one,
    "starts": lambda one, part: one.startswith(part),
    "ends": lambda one, part: one.endswith(part),
    "has": lambda many, one: one in many,
    "has_not": lambda many, one: one not in many,
    "yes": lambda one, _none: one,
    "no": lambda one, _none: not one,
    "answered": lambda _one, _none: True,
    "unanswered": lambda _one, _none: False,
}


def holds(part: Row | Group) -> bool:
    """What rows say, worked out without the language; everything has an answer."""
    if isinstance(part, Row):
        known = meaning(Name(part.name))
        if part.operator.startswith("count_"):
            return COMPARE[part.operator.removeprefix("count_")](len(known), meaning(part.value))
        return COMPARE[part.operator](known, meaning(part.value))
    found = [holds(one) for one in part.rows if isinstance(one, Row) or normal(one).rows]
    together = all(found) if part.joined in ("all", "not_all") else any(found)
    return together if part.joined in ("all", "any") else not together


def meaning(value: Any) -> Any:
    if isinstance(value, Name):
        return plain(value.path) + timedelta(value.days) if value.days else plain(value.path)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, Span):
        return value.amount * {"s": 1, "m": 60, "h": 3600}[value.unit]
    if isinstance(value, tuple):
        return [meaning(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


def plain(path: str) -> Any:
    root, _dot, rest = path.partition(".")
    if root in ("requester", "requested_for", "request"):
        found = getattr(CONTEXT.request if root == "request" else ANA, rest)
        return list(found) if isinstance(found, tuple) else meaning(found) if type(found) is date else found
    if root == "tasks":
        return {"tasks.set_up.cost": 2.5, "tasks.set_up.done": False}[path]
    if root in ("today", "now"):
        return meaning(CONTEXT.today) if root == "today" else CONTEXT.now
    value: Any = ANSWERS[root]
    if rest:
        return value[rest]
    known = {"total": 5000.0, "start": datetime(2026, 11, 25, tzinfo=UTC), "stay": 4 * 3600}
    return known.get(root, value)


# --- what the catalogs and people write ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('site == "Berlin" && total > 5000', 'site == "Berlin" && total > 5000'),
        ("5000.0 < total", "total > 5000"),
        ("answers.total >= 0.5", "total >= 0.5"),
        ("has(answers.site) || requester.is_manager", "has(answers.site) || requester.is_manager"),
        ("!has(requester.grade)", "!has(requester.grade)"),
        ('remote == false || !(site in ["A", "B"])', '!remote || !(site in ["A", "B"])'),
        ('!(site == "A")', 'site != "A"'),
        ('!(site == "A" && (remote && seats > 2))', '!(site == "A" && remote && seats > 2)'),
        ('"saw" in tools && tools.size() >= 2', '"saw" in tools && size(tools) >= 2'),
        ("today + days(14) <= start", "start >= today + days(14)"),
        ('start == timestamp("2026-12-01T00:00:00Z")', 'start == timestamp("2026-12-01T00:00:00Z")'),
        ("start < now - days(90)", "start < now - days(90)"),
        ('stay > duration("4h")', 'stay > duration("4h")'),
        ("tasks.set_up.done || tasks.set_up.cost > 10", "tasks.set_up.done || tasks.set_up.cost > 10"),
        ("email != requester.email", "email != requester.email"),
        ('site == "A" || (remote && (seats == 1 || seats == 2))', None),
        ('!email.contains("@x") && contract.size > 100', None),
    ],
)
def test_what_people_write_is_read_as_rows(text: str, canonical: str | None) -> None:
    found = read(text, ENVIRONMENT)
    assert found is not None
    assert write(found) == (canonical or text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "site ==",
        "sight == 'A'",
        "requester.departmant == 'it'",
        "site == 3",
        "seats > 2.5",
        "total",
        "true",
        "total + 1.0 > 5.0",
        "items.exists(one, one.price > 5.0)",
        "remote ? seats > 1 : seats > 2",
        'start > timestamp("2026-12-01T10:30:00Z")',
        'stay > duration("1h30m")',
        "seats < 99999999999999999",
        "site in [email]",
        "site == null",
        "remote == (seats > 1)",
        "value > 3",
    ],
)
def test_what_rows_cannot_say_stays_text(text: str) -> None:
    assert read(text, ENVIRONMENT) is None


def test_rows_without_a_value_for_themselves_say_nothing() -> None:
    assert write(Group("any")) == ""
    assert write(Group("all", (Group("none"), Row("remote", "yes")))) == "remote"


# --- where rules stand ---------------------------------------------------------------------------------------


def shipped() -> dict[tuple[str, str, str], Document]:
    folders = [folder for name in ("catalogs", "forms") if (folder := content_root(name)) is not None]
    return {one.name: one for folder in folders for one in read_pack(folder).documents}


def test_every_rule_that_is_shipped_is_found_with_its_names_and_told_in_words() -> None:
    documents = shipped()

    def follow(place: Place, kind: str) -> Place | None:
        found = documents.get((kind, *split_reference(str(place.value), place.document.department)))
        return Place(found.body, found, "", place) if found is not None else None

    told, as_rows = 0, 0
    for document in documents.values():
        users = users_of(document, documents.values()) if document.kind != "service" else ()
        for place in rule_places(document, Around(follow, tuple(users))):
            if isinstance(place.value, str):
                assert value_at(document.body, place.pointer) == place.value
                assert mistakes(place.value, place.scope) == [], (document.name, place.path)
                assert sentence(place, {})
                told += 1
                as_rows += place.condition and read(place.value, place.scope.environment) is not None
    assert told > 200
    assert as_rows > 200


def test_one_place_is_found_without_the_others() -> None:
    laptop = shipped()["service", "it", "software-licence"]
    every = rule_places(laptop, Around(lambda place, kind: None))
    for place in every[:20]:
        alone = rule_places(laptop, Around(lambda place, kind: None), at=place.pointer)
        assert place.pointer in [one.pointer for one in alone]
        assert len(alone) < len(every)
