"""Fulfilment plans: the graph of their tasks, and what they show, ask and pass on of the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from servicehall.documents.checks.approval import check_chain_in_form, check_field, check_rule
from servicehall.documents.checks.deadlines import check_deadlines
from servicehall.documents.checks.expressions import check_expression, check_when
from servicehall.documents.checks.forms import child_form, task_form
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination, split_reference
from servicehall.documents.form_facts import FormFacts
from servicehall.documents.parts import suggest
from servicehall.domain.conditions import Environment, free_names
from servicehall.domain.expression_types import Type
from servicehall.domain.plan_checks import check_plan
from servicehall.domain.plans import as_name, parse_after
from servicehall.errors import Invalid
from servicehall.texts import _


@dataclass(frozen=True)
class PlanFacts:
    """The service around a plan; `form` is None where it is not known."""

    form: FormFacts | None = None
    department: str = ""
    confidential: bool = False
    tasks: Mapping[str, Mapping[str, Type]] | None = field(default_factory=dict)

    @property
    def environment(self) -> Environment | None:
        """The names of its expressions; None where a form of the service or of a task is not known."""
        return self.form.environment(self.tasks) if self.form is not None and self.tasks is not None else None


def check_plan_in_form(examination: Examination, plan: Place, facts: PlanFacts) -> list[Place]:
    """A plan, its own or used, against a service; answers the chains of its gates."""
    if plan.via is None and examination.all(plan, check_plan(plan.value)):
        check_deadlines(examination, plan)
    answers = {task.value["key"]: task_form(examination, task.at("form"), facts.form) for task in plan.items("tasks")}
    known = {as_name(key): form.types for key, form in answers.items() if form is not None}
    facts = replace(facts, tasks=known if len(known) == len(answers) else None)
    if facts.form is not None and plan.value.get("anchor"):
        check_field(examination, plan.at("anchor"), facts.form, answers=("date",))
    gates = []
    for task in plan.items("tasks"):
        for check in _TASK_CHECKS:
            check(examination, task, facts)
        gate = examination.block(task.at("approval"), "approval_chain")
        if gate is not None:
            check_chain_in_form(examination, gate, facts.form, facts.environment)
            gates.append(gate)
    _check_order(examination, plan)
    return gates


def _check_condition(examination: Examination, task: Place, facts: PlanFacts) -> None:
    check_when(examination, task.at("when"), facts.environment)


def _check_title(examination: Examination, task: Place, facts: PlanFacts) -> None:
    if not task.value.get("title"):
        examination.warn(task, "no_title", _("a task without a title is shown to people by its key"))


def _check_assign(examination: Examination, task: Place, facts: PlanFacts) -> None:
    if task.value.get("assign") and facts.form is not None:
        check_rule(examination, task.at("assign"), facts.form)


def _check_shows(examination: Examination, task: Place, facts: PlanFacts) -> None:
    """The fields exist; in a confidential service those of another department's task are shared with it."""
    if facts.form is None:
        return
    elsewhere = sorted(_readers(examination, task, facts) - {facts.department}) if facts.confidential else ()
    for place in task.items("shows"):
        if not check_field(examination, place, facts.form):
            continue
        for department in set(elsewhere).difference(facts.form.fields[place.value].share_with):
            message = _(
                "the service is confidential and “{key}” is not shared with {department}; add it to its share_with",
                key=place.value,
                department=department,
            )
            examination.error(place, "confidential", message)


def _readers(examination: Examination, task: Place, facts: PlanFacts) -> set[str]:
    """The departments that read what a task shows: its own, and that of its group, unless the owning one's agents."""
    own = task.value.get("department") or task.document.department
    owner, key = split_reference(task.value.get("group") or "", "")
    owning = examination.library.get("department", facts.department, facts.department)
    agents = [split_reference(str(one), "")[1] for one in (owning.body.get("agents") or ())] if owning else []
    theirs = owner or examination.directory.of_groups.get(key)
    return {own, theirs} if theirs and key not in agents else {own}


def _check_child(examination: Examination, task: Place, facts: PlanFacts) -> None:
    """The answers of a child request: known fields of its form, each with an expression of the field's type."""
    if not task.value.get("request"):
        return
    service = examination.follow(task.at("request"), "service")
    form = child_form(examination, service) if service is not None else None
    if service is None or form is None or facts.environment is None:
        return
    answers = task.value.get("answers") or {}
    for key in answers:
        _check_answer(examination, task.at("answers", key), key, form, facts.environment)
    left_open = _left_to_approvers(examination, service)
    for key, fact in form.fields.items():
        if fact.needed and key not in answers and key not in left_open:
            message = _("the child request requires “{key}”, and there is no answer for it", key=key)
            examination.warn(task.at("answers"), "unanswered", message)


def _left_to_approvers(examination: Examination, service: Place) -> frozenset[str]:
    """The fields that a stage of the child's own chain fills in: nobody is asked for them before."""
    chain = examination.block(service.at("approval"), "approval_chain")
    stages = chain.items("stages") if chain is not None else ()
    return frozenset(str(field.value) for stage in stages for field in stage.items("fields"))


def _check_answer(examination: Examination, place: Place, key: str, form: FormFacts, environment: Environment) -> None:
    fact = form.fields.get(key)
    if fact is None:
        message = _("the child's form has no field “{key}”; {hint}", key=key, hint=suggest(key, form.fields))
        examination.error(place, "unknown_field", message)
    elif fact.computed:
        examination.error(place, "type", _("“{key}” is computed; leave it out", key=key))
    else:
        check_expression(examination, place, environment, expects=fact.type)


Check = Callable[[Examination, Place, PlanFacts], None]
_TASK_CHECKS: tuple[Check, ...] = (_check_title, _check_condition, _check_assign, _check_shows, _check_child)


def _check_order(examination: Examination, plan: Place) -> None:
    """A condition on another task's answers is evaluated when the predecessors have settled: it must be one."""
    waits = {task.value["key"]: parse_after(task.value.get("after")).keys for task in plan.items("tasks")}
    by_name = {as_name(key): key for key in waits}
    for task in plan.items("tasks"):
        before = _all_before(task.value["key"], waits)
        for name in sorted(_tasks_named(task.value.get("when"))):
            other = by_name.get(name)
            if other is not None and other not in before:
                message = _("“{task}” need not be done by then; put it into “after”", task=other)
                examination.warn(task.at("when"), "order", message)


def _all_before(key: str, waits: Mapping[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    todo = list(waits.get(key, ()))
    while todo:
        other = todo.pop()
        if other not in found:
            found.add(other)
            todo += waits.get(other, ())
    return found


def _tasks_named(text: object) -> set[str]:
    try:
        names = free_names(text) if isinstance(text, str) else frozenset()
    except Invalid:
        return set()
    return {name.split(".")[1] for name in names if name.startswith("tasks.")}
