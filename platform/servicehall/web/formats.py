"""How dates, durations and amounts are written for the reader, in the reader's language and time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_timedelta, get_timezone_name
from babel.numbers import format_currency, format_decimal
from flask import g
from markupsafe import Markup

from servicehall import clock, config
from servicehall.texts import _, current_locale

_BABEL = {"en": "en", "zh": "zh_Hans_CN"}
_DAY = {"en": "d MMM y", "zh": "y年M月d日"}
_MOMENT = {"en": "d MMM y, HH:mm", "zh": "y年M月d日 HH:mm"}
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def reader_zone() -> ZoneInfo:
    """The signed-in person's time zone, else the installation's; an unknown name becomes UTC."""
    name = getattr(g.get("person"), "time_zone", None) or config.current().default_time_zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def day(value: date | datetime | str | None) -> str:
    """`22 Nov 2026` or `2026年11月22日`; an instant becomes its date in the reader's zone, nothing becomes ''."""
    found = _parsed(value)
    if found is None:
        return ""
    if isinstance(found, datetime):
        found = found.astimezone(reader_zone()).date()
    return format_date(found, _DAY[current_locale()], locale=_babel())


def moment(value: datetime | str | None) -> Markup:
    """A `<time>` with date and time in the reader's zone; the zone's name shows on hover."""
    at = _instant(value)
    return Markup() if at is None else _time_tag(at, absolute(at), title=f"{absolute(at)} ({_zone_name(at)})")


def clock_time(value: datetime) -> str:
    """Date and time on the clock of the zone that the value carries: a calendar's own."""
    return format_datetime(value, _MOMENT[current_locale()], tzinfo=value.tzinfo, locale=_babel())


def ago(value: datetime | str | None, at: datetime | None = None) -> Markup:
    """A `<time>` that reads `3 hours ago` or `in 2 days`, the exact moment on hover; `at` stands for now."""
    when = _instant(value)
    if when is None:
        return Markup()
    words = format_timedelta(
        when - (at or clock.now()), add_direction=True, threshold=0.9, granularity="minute", locale=_babel()
    )
    return _time_tag(when, words, title=f"{absolute(when)} ({_zone_name(when)})")


def duration(value: timedelta | int | float | None, *, days: bool = True) -> str:
    """`2 d 3 h` or `2 天 3 小时`: the two largest units; `days=False` counts on in hours, as for working time."""
    if value is None:
        return ""
    seconds = abs(int(value.total_seconds() if isinstance(value, timedelta) else value))
    parts: list[str] = []
    for unit, length in _UNITS if days else _UNITS[1:]:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(_unit(unit, count))
        if len(parts) == 2:
            break
    return " ".join(parts[:2]) if parts else _("less than a minute")


def seconds(value: int) -> str:
    """`27:30:05`: hours, minutes and seconds, where it must add up."""
    minutes, rest = divmod(abs(value), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def money(value: Mapping[str, str] | Decimal | str | None, currency: str | None = None) -> str:
    """`CN¥1,200.00`: takes `{amount, currency}` or an amount and its currency; nothing becomes ''."""
    if value is None or value == "":
        return ""
    amount, unit = (value["amount"], value["currency"]) if isinstance(value, Mapping) else (value, currency)
    if not unit:
        return format_decimal(Decimal(str(amount)), locale=_babel())
    return format_currency(Decimal(str(amount)), unit, locale=_babel())


def initials(name: str | None) -> str:
    """One or two characters for an avatar: `AW` for Ana Weber, `小明` for 王小明."""
    words = (name or "").split()
    if not words:
        return "?"
    if not words[0].isascii() and len(words) == 1 and len(words[0]) > 1 and _is_han(words[0]):
        return words[0][-2:]
    return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper()


def tint(name: str | None) -> int:
    """Which of the six avatar colours belongs to a name: always the same one."""
    return sum((name or "").encode()) % 6


def capped(count: int, cap: int = 99) -> str:
    """`7`, or `99+` above the cap: badges never count everything."""
    return f"{cap}+" if count > cap else str(count)


def file_size(size: int) -> str:
    """`12 KB`, `3.4 MB`."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} KB"
    return f"{size / 1_000_000:.1f} MB"


FILTERS = {
    "day": day,
    "moment": moment,
    "clock_time": clock_time,
    "ago": ago,
    "duration": duration,
    "seconds": seconds,
    "money": money,
    "initials": initials,
    "tint": tint,
    "capped": capped,
    "file_size": file_size,
}


def _babel() -> str:
    return _BABEL[current_locale()]


def _unit(unit: str, count: int) -> str:
    texts = {"day": _("{count} d", count=count), "hour": _("{count} h", count=count)}
    return texts.get(unit) or _("{count} min", count=count)


def _parsed(value: date | datetime | str | None) -> date | datetime | None:
    if not isinstance(value, str):
        return value or None
    return date.fromisoformat(value) if len(value) == 10 else _instant(value)


def _instant(value: datetime | str | None) -> datetime | None:
    if not value:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def absolute(at: datetime) -> str:
    return format_datetime(at, _MOMENT[current_locale()], tzinfo=reader_zone(), locale=_babel())


def _zone_name(at: datetime) -> str:
    zone = reader_zone()
    return f"{get_timezone_name(at.astimezone(zone), locale=_babel())}, {zone.key}"


def _time_tag(at: datetime, words: str, *, title: str) -> Markup:
    return Markup('<time datetime="{}" title="{}">{}</time>').format(clock.as_instant(at), title, words)


def _is_han(text: str) -> bool:
    return all("\u4e00" <= char <= "\u9fff" for char in text)
