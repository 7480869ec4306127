"""The types that a condition may meet, and how a stored answer becomes a value of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from servicehall.clock import parse_instant


@dataclass(frozen=True, slots=True)
class Type:
    """A CEL type: a name, with the element type of a list or the fields of a record."""

    name: str
    of: Type | None = None
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        return f"list({self.of})" if self.of else self.name


BOOL = Type("bool")
INT = Type("int")
DOUBLE = Type("double")
STRING = Type("string")
TIMESTAMP = Type("timestamp")
DURATION = Type("duration")


def list_of(element: Type) -> Type:
    return Type("list", of=element)


def record(fields: Mapping[str, Type]) -> Type:
    """A mapping whose keys and their types are known: a table row, a file, a person."""
    return Type("record", fields=tuple(fields.items()))


STRINGS = list_of(STRING)
FILE = record({"sha256": STRING, "name": STRING, "media_type": STRING, "size": INT})
PERSON = record(
    {
        "id": STRING,
        "name": STRING,
        "email": STRING,
        "department": STRING,
        "location": STRING,
        "title": STRING,
        "grade": STRING,
        "type": STRING,
        "manager": STRING,
        "is_manager": BOOL,
        "groups": STRINGS,
        "start_date": TIMESTAMP,
    }
)
REQUEST = record(
    {
        "type": STRING,
        "priority": STRING,
        "impact": STRING,
        "urgency": STRING,
        "created_at": TIMESTAMP,
        "department": STRING,
    }
)

_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)


def parse_duration(text: str) -> timedelta:
    """ISO 8601 of weeks, days, hours, minutes and seconds (`P1DT4H`); ValueError for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(character.isdigit() for character in text) or text.endswith("T"):
        raise ValueError(f"{text!r} is not an ISO 8601 duration")
    parts = {unit: int(amount) for unit, amount in match.groupdict().items() if amount and unit != "sign"}
    return timedelta(**parts) * (-1 if match["sign"] else 1)


def format_duration(duration: timedelta) -> str:
    """The one canonical ISO 8601 form, in days, hours, minutes and seconds: `P1DT4H`, `PT0S`."""
    total = abs(duration.days * 86400 + duration.seconds)
    days, rest = divmod(total, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    day = f"{days}D" if days else ""
    sign = "-" if duration < timedelta(0) else ""
    return f"{sign}P{day}{'T' + clock if clock else ''}" if day or clock else "PT0S"


def instant(at: date | datetime) -> Timestamp:
    """A moment as the engine takes it, also inside maps, where it knows no `datetime`; a date is its 00:00Z."""
    found = Timestamp()
    found.FromDatetime(at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC))
    return found


def _timestamp(type_: Type, value: Any) -> Timestamp:
    text = str(value)
    return instant(date.fromisoformat(text) if len(text) == 10 else parse_instant(text))


def _duration(type_: Type, value: Any) -> Duration:
    found = Duration()
    found.FromTimedelta(parse_duration(str(value)))
    return found


def _record(type_: Type, value: Any) -> dict[str, Any]:
    return {name: to_cel(kind, value[name]) for name, kind in type_.fields if value.get(name) is not None}


def _list(type_: Type, value: Any) -> list[Any]:
    element = type_.of
    return [to_cel(element, one) for one in value] if element else list(value)


_CONVERT: Mapping[str, Callable[[Type, Any], Any]] = {
    "bool": lambda _, value: value,
    "int": lambda _, value: value,
    "double": lambda _, value: float(value),
    "string": lambda _, value: value,
    "timestamp": _timestamp,
    "duration": _duration,
    "list": _list,
    "record": _record,
}


def to_cel(type_: Type, value: Any) -> Any:
    """A canonical JSON answer as the engine takes it: `"12.50"` → 12.5, `"2026-11-22"` → that day at 00:00Z."""
    return _CONVERT[type_.name](type_, value)
