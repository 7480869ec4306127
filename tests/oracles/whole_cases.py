"""Every state that a request with its plan can come into, by the tables of the domain.

Whoever acts, and whatever is outside (conditions, approvers, child requests, systems), does anything that it can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from servicehall.domain import fulfilment as rules
from servicehall.domain.lifecycle import ENDED, TRANSITIONS
from servicehall.domain.plans import Plan, Task
from servicehall.errors import Conflict

PEOPLE = ("start", "hold", "release", "complete", "skip", "fail", "retry")
SYSTEMS: Mapping[str, tuple[str, ...]] = {
    "manual": (),
    "approval": ("report_done", "report_failed"),
    "request": ("report_done", "report_failed"),
    "automate": ("report_done", "fall_back"),
}


@dataclass(frozen=True)
class One:
    """How one task stands."""

    state: str = "blocked"
    started: bool = False
    fallen_back: bool = False


@dataclass(frozen=True)
class Case:
    """A request by its state, and its tasks in the order of the plan; `undone` are those that must be undone."""

    request: str
    tasks: tuple[One, ...]
    undone: frozenset[str] = frozenset()

    @property
    def ended(self) -> bool:
        return self.request in ENDED


@dataclass
class Explored:
    """Every state that is reached, with the acts that lead on."""

    plan: Plan
    moves: dict[Case, list[tuple[str, Case]]] = field(default_factory=dict)

    def that_can_reach(self, goals: Iterable[Case], *, without: Iterable[str] = ()) -> set[Case]:
        """The states from which some acts, none of `without`, lead to one of the goals."""
        barred, back = set(without), dict[Case, list[Case]]()
        for case, moves in self.moves.items():
            for act, after in moves:
                if act not in barred:
                    back.setdefault(after, []).append(case)
        found, waiting = set(goals), deque(goals)
        while waiting:
            for before in back.get(waiting.popleft(), ()):
                if before not in found:
                    found.add(before)
                    waiting.append(before)
        return found


def explore(plan: Plan) -> Explored:
    """All states from the start of the plan on, breadth first."""
    explored = Explored(plan)
    begun = Case("in_progress", (One(),) * len(plan.tasks))
    waiting = deque(settled(plan, begun))
    while waiting:
        case = waiting.popleft()
        if case not in explored.moves:
            explored.moves[case] = list(moves_of(plan, case))
            waiting.extend(after for _act, after in explored.moves[case])
    return explored


def moves_of(plan: Plan, case: Case) -> Iterator[tuple[str, Case]]:
    """Everything that may happen next."""
    yield from _acts_on_the_request(plan, case)
    if case.request in ("in_progress", "on_hold", "resolved"):
        for index, task in enumerate(plan.tasks):
            one = case.tasks[index]
            by_people = () if case.request == "on_hold" else PEOPLE
            for act in (*by_people, *SYSTEMS[task.kind]):
                for after in _act_on_task(plan, case, index, one, act):
                    yield act, after


def settled(plan: Plan, case: Case) -> Iterator[Case]:
    """What follows by itself: tasks become ready or are skipped, systems begin, the request is resolved."""
    states = {task.key: one.state for task, one in zip(plan.tasks, case.tasks, strict=True)}
    turn = {task.key for task in rules.settle(plan, states)}
    if turn:
        for chosen in product(*(_first_states(task) if task.key in turn else (None,) for task in plan.tasks)):
            tasks = tuple(new or old for new, old in zip(chosen, case.tasks, strict=True))
            yield from settled(plan, replace(case, tasks=tasks))
    elif case.request == "in_progress" and rules.is_fulfilled(plan, states):
        yield replace(case, request="resolved")
    else:
        yield case


def _first_states(task: Task) -> tuple[One, ...]:
    """A task whose turn has come: its condition holds or does not; a child request may be refused at once."""
    ready = One("ready" if task.kind == "manual" else "in_progress")
    failed = (One("failed"),) if task.kind == "request" else ()
    return (ready, *failed, *((One("skipped"),) if task.when else ()))


def _act_on_task(plan: Plan, case: Case, index: int, one: One, act: str) -> Iterator[Case]:
    task = plan.tasks[index]
    facts = rules.facts_of(task, fallen_back=one.fallen_back, started=one.started)
    try:
        state = str(rules.next_task_state(one.state, act, facts=facts))
    except Conflict:
        return
    new = One(state, one.started or act == "start", one.fallen_back or act == "fall_back")
    if act == "retry" and task.kind != "manual" and not new.fallen_back:
        new = replace(new, state="in_progress")
    after = replace(case, tasks=(*case.tasks[:index], new, *case.tasks[index + 1 :]))
    yield from settled(plan, after) if state in rules.SETTLED else [after]


def _acts_on_the_request(plan: Plan, case: Case) -> Iterator[tuple[str, Case]]:
    states = {task.key: one.state for task, one in zip(plan.tasks, case.tasks, strict=True)}
    for row in TRANSITIONS:
        if case.request not in row.sources:
            continue
        if row.act == "resolve" and any(
            not task.optional and one.state not in (*rules.SETTLED, "cancelled")
            for task, one in zip(plan.tasks, case.tasks, strict=True)
        ):
            continue
        after = replace(case, request=str(next(iter(row.to))))
        if row.act in ("close", "cancel"):
            ended = tuple(replace(one, state="cancelled") if one.state in rules.OPEN else one for one in case.tasks)
            after = replace(after, tasks=ended)
        if row.act == "cancel":
            undone = frozenset(str(task.undoes) for task in rules.undo_plan(plan, states).tasks)
            after = replace(after, undone=undone)
        if row.act == "release":
            yield from ((row.act, one) for one in settled(plan, after))
        else:
            yield row.act, after
