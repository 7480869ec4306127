"""The kinds that are never pinned, and the matrix: what the domain says of them."""

from __future__ import annotations

from collections.abc import Mapping

from servicehall.documents.checks.conditions import check_people_rules
from servicehall.documents.checks.expressions import WITHOUT_FORM, check_expression
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.kinds.notification import EVENTS
from servicehall.documents.parts import suggest
from servicehall.domain.calendar_rules import check_calendar
from servicehall.domain.conditions import Environment
from servicehall.domain.priorities import check_matrix
from servicehall.texts import _, placeholders


def check_calendar_document(examination: Examination, place: Place) -> None:
    """Hours, dates, holidays and time zone."""
    examination.all(place, check_calendar(place.value))


def check_matrix_document(examination: Examination, place: Place) -> None:
    """A row for each impact, an entry for each urgency."""
    examination.all(place, check_matrix(place.value))


def check_assignment_rule(examination: Examination, place: Place) -> None:
    """The conditions know the request and its people, no form; a rule without one is the last that counts."""
    rules = place.items("rules")
    for index, rule in enumerate(rules):
        when = rule.at("when")
        if isinstance(when.value, str):
            check_expression(examination, when, Environment(), only=WITHOUT_FORM)
        elif when.value in (None, True) and index < len(rules) - 1:
            examination.warn(
                rule, "unreachable", _("what stands after a rule without “when” never counts; put it last")
            )
    check_people_rules(examination, [rule.at("when") for rule in rules], never=_("this rule never counts"))


def check_notification(examination: Examination, place: Place) -> None:
    """Its texts count for an event that people are told of, and name what is known of it."""
    event = place.value["event"]
    if event not in EVENTS:
        message = _("nobody is ever told of “{event}”; {hint}", event=event, hint=suggest(event, EVENTS))
        examination.warn(place.at("event"), "unknown_event", message)
        return
    for text in (place.at("subject"), place.at("body")):
        each = [text.at(locale) for locale in text.value] if isinstance(text.value, Mapping) else [text]
        for one in each:
            for name in placeholders(one.value):
                if name not in EVENTS[event]:
                    hint = suggest(name, EVENTS[event])
                    message = _("“{name}” between braces stands for nothing here; {hint}", name=name, hint=hint)
                    examination.warn(one, "unknown_name", message)
