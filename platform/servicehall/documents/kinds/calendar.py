"""`kind: calendar`: working hours, public holidays, and the days that differ."""

from __future__ import annotations

from servicehall.documents.kinds.kind import Header, Kind
from servicehall.documents.parts import Block, Layout, ListOf, MapOf
from servicehall.documents.words import Day, Flag, Line, Text
from servicehall.domain.calendar_rules import WEEKDAYS


class HolidaysLayout(Layout):
    country = Line(required=True)
    subdivision = Line(allow_none=True)
    make_up_days = Flag()


class ClosedLayout(Layout):
    date = Day(required=True)
    name = Text()


class OpenLayout(Layout):
    date = Day(required=True)
    hours = ListOf(Line(), inline=True, required=True)
    name = Text()


def _weekday(key: str) -> int:
    return WEEKDAYS.index(key[:3]) if key[:3] in WEEKDAYS else len(WEEKDAYS)


class CalendarLayout(Header):
    time_zone = Line(required=True)
    week = MapOf(ListOf(Line(), inline=True), key=Line(), order=_weekday, required=True)
    holidays = Block(HolidaysLayout, inline=True, allow_none=True)
    closed = ListOf(Block(ClosedLayout, inline=True), inline=False)
    open = ListOf(Block(OpenLayout, inline=True), inline=False)


KIND = Kind("calendar", CalendarLayout)
