"""The pages about calendars: a year of days, and when something would be due."""

from __future__ import annotations

from babel.dates import get_day_names, get_month_names
from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.domain.calendars import Calendar, compile_calendar
from servicehall.errors import Invalid
from servicehall.services import definitions
from servicehall.services.cases.names import department_titles
from servicehall.texts import current_locale
from servicehall.web.admin.calendar_year import BECAUSE, Reckoned, reckon, special_days, year_of
from servicehall.web.admin.common import author, typed
from servicehall.web.studio import lists

pages = Blueprint("admin_calendars", __name__)

FIRST_YEAR, LAST_YEAR = 1990, 2099


@pages.get("/admin/calendars")
def listed() -> ResponseReturnValue:
    """The calendars that are in use."""
    viewer = author()
    rows = lists.documents(viewer, q="", kind="calendar", department="", state="published")
    return render_template("admin/calendars.html", rows=rows, titles=department_titles(viewer.session))


@pages.get("/admin/calendars/<department>/<key>")
def shown(department: str, key: str) -> ResponseReturnValue:
    """`?year=&start=&for=`: the days of a year, and when a duration from a start would be over."""
    viewer = author(department)
    row = definitions.get(viewer.session, ("calendar", department, key))
    if row.body is None:
        return redirect(f"/studio/calendar/{department}/{key}", code=303)
    calendar, here = compile_calendar(row.body), now()
    today = here.astimezone(calendar.zone)
    said = {"start": typed("start") or f"{today:%Y-%m-%dT%H:%M}", "for": typed("for")}
    reckoned, wrong = _reckoned(calendar, said)
    year = _year(today.year)
    months = year_of(calendar, year, row.body)
    values = {"row": row, "year": year, "today": today.date(), "months": months, "special": special_days(months)}
    words = {"month_names": get_month_names(context="stand-alone", locale=current_locale()), "weekdays": _weekdays()}
    return render_template(
        "admin/calendar.html",
        calendar=calendar,
        said=said,
        reckoned=reckoned,
        wrong=wrong,
        because=BECAUSE,
        **values,
        **words,
    )


def _weekdays() -> list[tuple[str, str]]:
    """Short and long names, from Monday."""
    short, long = (get_day_names(width, locale=current_locale()) for width in ("narrow", "wide"))
    return [(short[day], long[day]) for day in range(7)]


def _year(this: int) -> int:
    said = typed("year") or str(this)
    if not (said.isdecimal() and len(said) == 4 and FIRST_YEAR <= int(said) <= LAST_YEAR):
        raise NoPage
    return int(said)


def _reckoned(calendar: Calendar, said: dict[str, str]) -> tuple[Reckoned | None, Invalid | None]:
    if not said["for"]:
        return None, None
    try:
        return reckon(calendar, said["start"], said["for"]), None
    except Invalid as error:
        return None, error
