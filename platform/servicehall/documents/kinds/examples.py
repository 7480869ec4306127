"""`examples` of a service: who orders what, and what is to come of it; run whenever the service is checked."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from servicehall.documents.parts import ANYTHING, Anything, Block, Layout, ListOf, MapOf, Part, wrong
from servicehall.documents.words import Amount, Currency, Day, FieldKey, Flag, Key, Line, Name, Patterned, Text, Whole
from servicehall.texts import _

MOST_CASES = 200
MOST_PEOPLE = 200


class Address(Patterned):
    """Somebody of the examples' own company, or of the directory."""

    pattern = re.compile(r"[^@\s]+@[^@\s]+\Z")

    def hint(self) -> str:
        return _("write a person's e-mail address, such as ana@example.com")


class Moment(Line):
    """An instant, or a date, which means its noon in UTC."""

    limit = 40

    def examine(self, value: str) -> None:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise wrong("date", _("“{value}” is no moment; write 2026-03-02T09:00:00Z", value=value)) from None


class Answers(Anything):
    """Answers by the keys of their fields."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return MapOf(ANYTHING, key=Line()).deserialize(value)


class SomebodyLayout(Layout):
    """A person in the words of the people file; `deputy` stands in for them."""

    email = Address(required=True)
    name = Line()
    department = Key()
    department_head = Flag()
    title = Line()
    location = Line()
    manager = Address()
    grade = Line()
    type = Line()
    groups = ListOf(Line(), inline=True)
    approval_limit = Amount()
    currency = Currency()
    start_date = Day()
    time_zone = Line()
    roles = ListOf(Line(), inline=True)
    active = Flag()
    deputy = Address()


def _list_of(part: Part) -> Part:
    return ListOf(part, inline=True)


class ExpectLayout(Layout):
    """What is not said is not looked at, but that the order is allowed and nothing of it refused."""

    allowed = Flag()
    refused = _list_of(Line())
    required = _list_of(FieldKey())
    visible = _list_of(FieldKey())
    hidden = _list_of(FieldKey())
    answers = Answers()
    price = Amount()
    priority = Line()
    stages = MapOf(_list_of(Line()), key=Name(), inline=False)
    needed = MapOf(Whole(least=0, most=1000), key=Name())
    tasks = _list_of(Key())
    groups = MapOf(Line(), key=Key(), inline=False)
    after = MapOf(_list_of(Key()), key=Key(), inline=False)
    dates = MapOf(Line(), key=Line(), inline=False)
    skipped = _list_of(Line())


class CaseLayout(Layout):
    key = Key(required=True)
    title = Text()
    person = Address(required=True)
    requested_for = Address()
    moment = Moment()
    impact = Line()
    urgency = Line()
    answers = Answers()
    expect = Block(ExpectLayout, required=True)


class ExamplesLayout(Layout):
    people = ListOf(Block(SomebodyLayout, inline=True), most=MOST_PEOPLE, inline=False)
    cases = ListOf(Block(CaseLayout), least=1, most=MOST_CASES, required=True)
