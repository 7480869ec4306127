"""Service level policies: what the domain says of each, their conditions, and their order."""

from __future__ import annotations

from servicehall.documents.checks.expressions import check_when
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.domain.conditions import Environment
from servicehall.domain.sla import check_policy
from servicehall.texts import _


def check_policy_document(examination: Examination, place: Place) -> None:
    """A policy without a form."""
    examination.all(place, check_policy(place.value))
    _check_conditions(examination, place, None)


def check_service_level(examination: Examination, place: Place, environment: Environment | None) -> None:
    """The `sla` of a service: one policy or several, its own or used."""
    entries = [place.at(index) for index in range(len(place.value))] if isinstance(place.value, list) else [place]
    for index, entry in enumerate(entries):
        check_when(examination, entry.at("when"), environment)
        if entry.value.get("when", True) is True and index < len(entries) - 1:
            message = _("what stands after a policy without “when” never counts; put it last")
            examination.warn(entry, "unreachable", message)
        policy = examination.block(entry, "sla_policy")
        if policy is not None and policy.via is None:
            check_policy_document(examination, policy)
        if policy is not None and environment is not None:
            _check_conditions(examination, policy, environment)


def _check_conditions(examination: Examination, policy: Place, environment: Environment | None) -> None:
    check_when(examination, policy.at("when"), environment)
    for target in policy.items("targets"):
        for step in target.items("escalate"):
            check_when(examination, step.at("when"), environment)
