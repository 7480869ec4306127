"""Which examination each kind has, beyond its schema and references."""

from __future__ import annotations

from collections.abc import Callable

from servicehall.documents.checks.approval import check_chain_document
from servicehall.documents.checks.choices import check_choice_list
from servicehall.documents.checks.department import check_department
from servicehall.documents.checks.forms import check_field_set
from servicehall.documents.checks.fulfilment import PlanFacts, check_plan_in_form
from servicehall.documents.checks.live import (
    check_assignment_rule,
    check_calendar_document,
    check_matrix_document,
    check_notification,
)
from servicehall.documents.checks.service import check_service
from servicehall.documents.checks.sla import check_policy_document
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.registry import Registry

CHECKS: Registry[Callable[[Examination, Place], None]] = Registry("check of a kind")


def _check_plan_document(examination: Examination, place: Place) -> None:
    check_plan_in_form(examination, place, PlanFacts())


CHECKS.register("service", check_service)
CHECKS.register("field_set", check_field_set)
CHECKS.register("choice_list", check_choice_list)
CHECKS.register("approval_chain", check_chain_document)
CHECKS.register("sla_policy", check_policy_document)
CHECKS.register("priority_matrix", check_matrix_document)
CHECKS.register("calendar", check_calendar_document)
CHECKS.register("fulfilment_plan", _check_plan_document)
CHECKS.register("assignment_rule", check_assignment_rule)
CHECKS.register("notification", check_notification)
CHECKS.register("department", check_department)
