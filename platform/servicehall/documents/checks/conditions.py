"""Conditions of a service that can never hold, or always do: in its form, its approval, its clocks and its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from servicehall.documents.checks.divisions import Parts, check_service_branches
from servicehall.documents.checks.form_conditions import check_form_conditions
from servicehall.documents.checks.forms import ServiceForm
from servicehall.documents.checks.thinking import Thinking
from servicehall.documents.document import Place
from servicehall.documents.examination import Examination
from servicehall.documents.expansion import Expanded, expand_form
from servicehall.documents.reasoning.solver import is_installed
from servicehall.documents.reasoning.terms import both, negation
from servicehall.documents.reasoning.world import Case, PlannedTask, World
from servicehall.domain.conditions import Environment
from servicehall.domain.plans import as_name
from servicehall.errors import Invalid
from servicehall.forms import CompiledForm, Field, compile_form
from servicehall.texts import _


def check_conditions(
    examination: Examination, service: Place, form: ServiceForm, chain: Place | None, plan: Place | None
) -> None:
    """What follows from the conditions of a service whose form has no mistake."""
    if form.facts is None:
        return
    gates = [gate for task in (plan.items("tasks") if plan else ()) if (gate := _gate(examination, task))]
    world = _world(form, [chain, *gates] if chain is not None else gates)
    planned = _with_tasks(examination, world, plan) if plan is not None else world
    check_service_branches(examination, planned, form, Parts(service.at("sla"), chain, gates, plan))
    if not examination.deep:
        return
    if not is_installed():
        examination.unasked = True
        return
    thinking = Thinking(examination, world)
    _check_people(examination, service)
    check_form_conditions(thinking, form)
    _check_chain(thinking, chain)
    _check_policies(thinking, service.at("sla"))
    if plan is not None:
        _check_plan(Thinking(examination, planned), plan)
        _check_task_forms(examination, world, plan)
        for gate in gates:
            _check_chain(Thinking(examination, planned), gate)


def _world(form: ServiceForm, chains: Sequence[Place]) -> World:
    """The form, with the fields that approvers fill in."""
    stages = [stage for chain in chains for stage in chain.items("stages")]
    left_open = frozenset(str(field.value) for stage in stages for field in stage.items("fields"))
    compiled = compile_form(form.expanded.form if form.expanded is not None else None, path="")
    return World(compiled, compiled.environment, left_open)


def _gate(examination: Examination, task: Place) -> Place | None:
    return examination.block(task.at("approval"), "approval_chain")


def _check_people(examination: Examination, service: Place) -> None:
    """Whether anybody can see the service at all."""
    thinking = Thinking(examination, World(compile_form(None), Environment()))
    audience, excluded = service.value.get("audience"), service.value.get("excluded")
    if isinstance(audience, str):
        thinking.judge(service.at("audience"), audience, never=_("nobody can ever see this service"))
    if not isinstance(excluded, str):
        return
    thinking.judge(service.at("excluded"), excluded, never=_("nobody is ever excluded"))
    if isinstance(audience, str):
        try:
            alone = thinking.ask(audience, "yes")
            outcome = thinking.ask(audience, "yes", given=lambda case: case.truth(excluded).no)
        except Invalid:
            return
        if outcome.possible is False and alone.possible:
            message = _("everybody whom the audience names is excluded, so that nobody can ever see this service")
            examination.warn(service.at("excluded"), "never", message, {"tried": alone.shown()})


def _check_chain(thinking: Thinking, chain: Place | None) -> None:
    """Stages that are never asked, or whose condition says nothing; doubt asks for approval."""
    for stage in chain.items("stages") if chain is not None else ():
        when = stage.at("when")
        if isinstance(when.value, str):
            thinking.judge(when, when.value, never=_("this stage is never asked"), doubtful=True)


def _check_policies(thinking: Thinking, sla: Place) -> None:
    """Policies that never count, because of their condition or of those before them; and their steps."""
    entries = [sla.at(index) for index in range(len(sla.value))] if isinstance(sla.value, list) else [sla]
    check_order(thinking, [entry.at("when") for entry in entries], never=_("this policy never counts"))
    for entry in entries:
        policy = thinking.examination.block(entry, "sla_policy")
        for target in policy.items("targets") if policy is not None else ():
            for step in target.items("escalate"):
                said = step.at("when")
                if isinstance(said.value, str):
                    thinking.judge(said, said.value, never=_("this step is never taken"))


def check_order(thinking: Thinking, whens: Sequence[Place], *, never: str) -> None:
    """Of a list the first whose condition holds counts: none of them is in vain, because of itself or of others."""
    before: list[str] = []
    for when in whens:
        if isinstance(when.value, str):
            thinking.judge(when, when.value, never=never)
            _check_left(thinking, when, before, never)
            before.append(when.value)


def _check_left(thinking: Thinking, when: Place, before: Sequence[str], never: str) -> None:
    def left(case: Case) -> str:
        return both(*(negation(case.truth(one).yes) for one in before))

    try:
        alone = thinking.ask(when.value, "yes")
        outcome = thinking.ask(when.value, "yes", given=left) if before else alone
    except Invalid:
        return
    if alone.possible and outcome.possible is False:
        message = _("{what}: whenever it would hold, one before it does", what=never)
        thinking.examination.weigh(when, "unreachable", message, {"tried": alone.shown()})


def check_people_rules(examination: Examination, whens: Sequence[Place], *, never: str) -> None:
    """An ordered list of conditions over people and the request, without a form."""
    if examination.deep and is_installed():
        check_order(Thinking(examination, World(compile_form(None), Environment())), whens, never=never)
    else:
        examination.unasked = examination.unasked or (examination.deep and any(one.value for one in whens))


def _with_tasks(examination: Examination, world: World, plan: Place) -> World:
    """The same with what conditions of the plan may ask of its tasks."""
    tasks: dict[str, PlannedTask] = {}
    for task in plan.items("tasks"):
        when = task.value.get("when")
        fields = _fields(examination, task, world.environment)
        tasks[as_name(task.value["key"])] = PlannedTask(when if isinstance(when, str) else None, fields)
    types = {
        key: {name: one.cel for name, one in task.fields.items() if one.answered}
        for key, task in tasks.items()
        if task.fields
    }
    environment = Environment.of(dict(world.environment.fields), tasks=types)
    return replace(world, environment=environment, tasks=tasks)


def _fields(examination: Examination, task: Place, around: Environment) -> Mapping[str, Field]:
    found = _task_form(examination, task, around)
    return found[1].by_key if found is not None else {}


def _task_form(examination: Examination, task: Place, around: Environment) -> tuple[Expanded, CompiledForm] | None:
    """The form of a task, as far as it has no mistake."""
    if task.value.get("form") is None:
        return None
    expanded = expand_form(task.at("form"), examination.follow)
    try:
        return (expanded, compile_form(expanded.form, around=around, path="")) if expanded.whole else None
    except Invalid:
        return None


def _check_task_forms(examination: Examination, world: World, plan: Place) -> None:
    """The conditions of what is filled in when a task is done, over the request's answers too."""
    for task in plan.items("tasks"):
        found = _task_form(examination, task, world.environment)
        if found is not None:
            expanded, compiled = found
            inner = World(compiled, compiled.environment, outer=world)
            check_form_conditions(Thinking(examination, inner), ServiceForm(None, expanded))


def _check_plan(thinking: Thinking, plan: Place) -> None:
    """Tasks that no path reaches, and tasks whose condition says nothing."""
    for task in plan.items("tasks"):
        when = task.at("when")
        if isinstance(when.value, str):
            thinking.judge(when, when.value, never=_("no path reaches this task: it is always skipped"))
