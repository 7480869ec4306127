"""Services: the form, and approval, clocks and fulfilment against it."""

from __future__ import annotations

from servicehall.documents.checks.approval import check_chain_in_form, check_owners
from servicehall.documents.checks.conditions import check_conditions
from servicehall.documents.checks.examples import check_examples
from servicehall.documents.checks.expressions import ABOUT_PEOPLE, check_expression
from servicehall.documents.checks.forms import ServiceForm, service_form
from servicehall.documents.checks.fulfilment import PlanFacts, check_plan_in_form
from servicehall.documents.checks.nesting import check_nesting
from servicehall.documents.checks.prices import check_prices
from servicehall.documents.checks.sla import check_service_level
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.parts import suggest
from servicehall.domain.conditions import Environment
from servicehall.domain.plans import ONLY_TASK
from servicehall.texts import _


def check_service(examination: Examination, place: Place) -> None:
    """A service with all that it uses."""
    service = place.value
    if not service.get("title"):
        examination.warn(place, "no_title", _("a service without a title is shown to people by its key"))
    for name in ("audience", "excluded"):
        if name in service:
            check_expression(examination, place.at(name), Environment(), only=ABOUT_PEOPLE)
    form = service_form(examination, place.at("form"))
    chain = examination.block(place.at("approval"), "approval_chain")
    if chain is not None:
        check_chain_in_form(examination, chain, form.outline, form.environment)
    if chain is not None or "approval" not in service:
        _check_reopens(examination, form, chain)
    if "sla" in service:
        check_service_level(examination, place.at("sla"), form.environment)
    check_prices(examination, place, form)
    plan = examination.block(place.at("fulfilment"), "fulfilment_plan")
    gates: list[Place] = []
    if plan is not None:
        facts = PlanFacts(form.outline, place.document.department, bool(service.get("confidential")))
        gates = check_plan_in_form(examination, plan, facts)
        check_nesting(examination, place, plan)
    check_owners(examination, [chain, *gates] if chain is not None else gates)
    check_conditions(examination, place, form, chain, plan)
    if "examples" in service:
        parts = {"approval": (chain, "stages"), "fulfilment": (plan, "tasks")}
        unknown = any(name in service and block is None for name, (block, _list) in parts.items())
        keys = [[entry.value["key"] for entry in block.items(name)] if block else [] for block, name in parts.values()]
        stages, tasks = keys[0], keys[1] or [ONLY_TASK]
        check_examples(examination, place.at("examples"), None if unknown else (stages, tasks))


def _check_reopens(examination: Examination, form: ServiceForm, chain: Place | None) -> None:
    """A field reopens stages that the service has."""
    stages = [stage.value["key"] for stage in chain.items("stages")] if chain is not None else []
    for field in form.definitions():
        for name in field.items("reopens"):
            if name.value not in stages:
                hint = suggest(str(name.value), stages) if stages else _("the service has no approval")
                message = _("there is no stage “{key}”; {hint}", key=name.value, hint=hint)
                examination.error(name, "unknown_stage", message)
