"""How a plan is fulfilled: the states of tasks and their transitions, what follows when one settles, and undoing.

Everything is given as values: a plan, and the state of each of its tasks by key (a missing one is blocked).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from servicehall.domain.plans import After, Plan, Task, undo_key
from servicehall.errors import Conflict
from servicehall.texts import N_, _


class TaskState(StrEnum):
    """The state of one task."""

    BLOCKED = "blocked"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


_T = TaskState
SETTLED = frozenset({_T.DONE, _T.SKIPPED})
OPEN = frozenset({_T.BLOCKED, _T.READY, _T.IN_PROGRESS, _T.ON_HOLD, _T.FAILED})
IN_HAND = (_T.READY, _T.IN_PROGRESS, _T.ON_HOLD)


@dataclass(frozen=True, slots=True)
class Transition:
    """From a state by an action to a state, where all facts that it `needs` hold and none that it `bars`."""

    source: TaskState
    action: str
    target: TaskState
    needs: frozenset[str] = frozenset()
    bars: frozenset[str] = frozenset()

    def allows(self, facts: Collection[str]) -> bool:
        return self.needs <= set(facts) and not self.bars & set(facts)


def _rows(
    action: str,
    sources: Collection[TaskState],
    target: TaskState | None = None,
    needs: Collection[str] = (),
    bars: Collection[str] = (),
) -> Iterator[Transition]:
    """One row for each source; without a target the state stays."""
    for source in sources:
        yield Transition(source, action, target or source, frozenset(needs), frozenset(bars))


# Facts: `manual`, people do it (a system's task too, once it has fallen back to its group); `optional`, as authored;
# `started`, work had begun before the hold. From "unblock" on, it is the system that acts.
TASK_TRANSITIONS: tuple[Transition, ...] = (
    *_rows("claim", [_T.READY], needs=["manual"]),
    *_rows("claim", [_T.FAILED]),
    *_rows("assign", IN_HAND, needs=["manual"]),
    *_rows("assign", [_T.FAILED]),
    *_rows("start", [_T.READY], _T.IN_PROGRESS, needs=["manual"]),
    *_rows("hold", [_T.READY, _T.IN_PROGRESS], _T.ON_HOLD, needs=["manual"]),
    *_rows("release", [_T.ON_HOLD], _T.IN_PROGRESS, needs=["started"]),
    *_rows("release", [_T.ON_HOLD], _T.READY, bars=["started"]),
    *_rows("complete", [_T.READY, _T.IN_PROGRESS], _T.DONE, needs=["manual"]),
    *_rows("complete", [_T.FAILED], _T.DONE),
    *_rows("skip", [*IN_HAND, _T.FAILED], _T.SKIPPED, needs=["optional"]),
    *_rows("fail", IN_HAND, _T.FAILED, needs=["manual"]),
    *_rows("retry", [_T.FAILED], _T.READY),
    *_rows("unblock", [_T.BLOCKED], _T.READY),
    *_rows("pass_over", [_T.BLOCKED], _T.SKIPPED),
    *_rows("begin", [_T.READY], _T.IN_PROGRESS, bars=["manual"]),
    *_rows("report_done", [_T.READY, _T.IN_PROGRESS], _T.DONE, bars=["manual"]),
    *_rows("report_failed", [_T.READY, _T.IN_PROGRESS], _T.FAILED, bars=["manual"]),
    *_rows("fall_back", [_T.READY, _T.IN_PROGRESS], _T.READY, bars=["manual"]),
    *_rows("cancel", sorted(OPEN), _T.CANCELLED),
)


def next_task_state(state: str, action: str, *, facts: Collection[str] = ()) -> TaskState:
    """The state after an action; Conflict where `TASK_TRANSITIONS` has no row for it under these facts."""
    rows = [row for row in TASK_TRANSITIONS if (row.source, row.action) == (state, action)]
    for row in rows:
        if row.allows(facts):
            return row.target
    raise Conflict(_refusal(rows, state))


def may_follow(state: str, action: str, *, facts: Collection[str] = ()) -> bool:
    """Whether an action is possible in a state, under these facts."""
    return any((row.source, row.action) == (state, action) and row.allows(facts) for row in TASK_TRANSITIONS)


_LACKING = {
    "optional": N_("Only an optional task may be skipped."),
    "manual": N_("This task is not done by hand while the approval, request or system behind it is under way."),
}


def _refusal(rows: Collection[Transition], state: str) -> str:
    for fact in (fact for row in rows for fact in row.needs):
        if fact in _LACKING:
            return _(_LACKING[fact])
    return _("This is not possible: the task is “{state}”.", state=task_state_name(state))


def task_state_name(state: str) -> str:
    """The state in the reader's words."""
    return _(STATE_NAMES[TaskState(state)])


STATE_NAMES: Mapping[str, str] = {
    _T.BLOCKED: N_("Waiting for other tasks"),
    _T.READY: N_("Ready to start"),
    _T.IN_PROGRESS: N_("In progress"),
    _T.ON_HOLD: N_("On hold"),
    _T.DONE: N_("Done"),
    _T.SKIPPED: N_("Skipped"),
    _T.FAILED: N_("Failed"),
    _T.CANCELLED: N_("Cancelled"),
}


def facts_of(task: Task, *, fallen_back: bool = False, started: bool = False) -> frozenset[str]:
    """The facts of a task that `next_task_state` asks for."""
    given = {"manual": task.kind == "manual" or fallen_back, "optional": task.optional, "started": started}
    return frozenset(name for name, holds in given.items() if holds)


def is_released(after: After, states: Mapping[str, str]) -> bool:
    """Whether what a task waits for has settled: all of `all`; of each `any` one is done, or all are skipped."""
    return all(states.get(key) in SETTLED for key in after.all) and all(
        any(states.get(key) == _T.DONE for key in keys) or all(states.get(key) == _T.SKIPPED for key in keys)
        for keys in after.any
    )


def awaited(after: After, states: Mapping[str, str]) -> tuple[str, ...]:
    """The tasks that a blocked one still waits for, in the order written."""
    all_of = [key for key in after.all if states.get(key) not in SETTLED]
    any_of = [
        key
        for keys in after.any
        if not is_released(After(any=(keys,)), states)
        for key in keys
        if states.get(key) not in SETTLED
    ]
    return tuple(dict.fromkeys([*all_of, *any_of]))


def failed_behind(key: str, afters: Mapping[str, After], states: Mapping[str, str]) -> tuple[str, ...]:
    """The failed tasks among those that a blocked one waits for, however far back, the near ones first."""
    behind = [key]
    for one in behind:
        if states.get(one) != _T.FAILED:
            behind += [before for before in awaited(afters.get(one, After()), states) if before not in behind]
    return tuple(one for one in behind if states.get(one) == _T.FAILED)


def settle(plan: Plan, states: Mapping[str, str]) -> tuple[Task, ...]:
    """The blocked tasks whose turn has come: their `when` is to be evaluated now, to become ready or skipped."""
    blocked = (task for task in plan.ordered if states.get(task.key, _T.BLOCKED) == _T.BLOCKED)
    return tuple(task for task in blocked if is_released(task.after, states))


def advance_plan(plan: Plan, states: Mapping[str, str], applies: Callable[[Task], bool]) -> dict[str, TaskState]:
    """Every blocked task that becomes ready or skipped now, in a topological order, skipped ones releasing others.

    `applies(task)` says whether the task's `when` holds; it is asked once for each task whose turn has come.
    """
    changes: dict[str, TaskState] = {}
    while due := settle(plan, {**states, **changes}):
        changes |= {task.key: _T.READY if applies(task) else _T.SKIPPED for task in due}
    return changes


def is_fulfilled(plan: Plan, states: Mapping[str, str]) -> bool:
    """Whether every task that is not optional is done or skipped: then the request is resolved."""
    return all(task.optional or states.get(task.key) in SETTLED for task in plan.tasks)


def open_tasks(plan: Plan, states: Mapping[str, str]) -> tuple[Task, ...]:
    """The tasks that a cancellation or closing cancels, and that a moved anchor plans anew; failed ones too."""
    return tuple(task for task in plan.tasks if states.get(task.key, _T.BLOCKED) in OPEN)


def undo_plan(plan: Plan, states: Mapping[str, str]) -> Plan:
    """What a cancellation opens: the undo tasks of the finished ones, in the reversed order of the graph.

    An undo waits for the undoing of everything that came after its task, also behind tasks without an undo. It goes to
    the undo's own group, else to that of its task, and is a plain task of the task's department.
    """
    finished = [task for task in plan.ordered if task.undo and states.get(task.key) == _T.DONE]
    later = _descendants(plan)
    return Plan(
        tasks=tuple(
            Task(
                key=undo_key(task.key),
                title=task.undo.title,
                undoes=task.key,
                department=task.department,
                group=task.undo.group or task.group,
                shows=task.shows,
                after=After(tuple(undo_key(other.key) for other in finished if other.key in later[task.key])),
            )
            for task in reversed(finished)
            if task.undo
        ),
        calendar=plan.calendar,
    )


def _descendants(plan: Plan) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for task in reversed(plan.ordered):
        direct = [after.key for after in plan.successors(task.key)]
        found[task.key] = frozenset(direct).union(*(found[key] for key in direct))
    return found
