"""What a task that cannot begin waits for, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from servicehall.domain import fulfilment as rules
from servicehall.domain.plans import After
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import contexts, releases
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer
from servicehall.texts import _, pick


def waits_for(viewer: Viewer, tasks: Sequence[Task], owners: Mapping[str, Request]) -> dict[str, str]:
    """A sentence for each blocked one of these tasks, by its id; `owners` are their requests by id. One query."""
    blocked = [task for task in tasks if task.state == "blocked"]
    around: dict[str, list[Task]] = defaultdict(list)
    if blocked:
        requests = {task.request_id for task in blocked}
        for one in viewer.session.scalars(select(Task).where(Task.request_id.in_(requests)).order_by(Task.position)):
            around[one.request_id].append(one)
    return {
        task.id: _sentence(
            releases.load(viewer.session, owners[task.request_id].release), task, around[task.request_id]
        )
        for task in blocked
    }


def moot_tasks(viewer: Viewer, row: Request, *, at: datetime) -> frozenset[str]:
    """The ids of blocked tasks sure to be skipped: their condition does not hold, and no open task can change that."""
    session, release = viewer.session, releases.load(viewer.session, row.release)
    tasks = session.scalars(select(Task).where(Task.request_id == row.id)).all()
    open_ones = {task.key.replace("-", "_") for task in tasks if task.state not in rules.SETTLED}
    conditions = {
        task.id: release.condition(planned.when)
        for task in tasks
        if task.undoes is None and task.state == "blocked" and (planned := release.plan_task(task.key)) and planned.when
    }
    if not conditions:
        return frozenset()
    activation = release.activation(contexts.for_request(session, row, at=at), contexts.answers_of(session, row))
    return frozenset(
        one
        for one, condition in conditions.items()
        if open_ones.isdisjoint(name.split(".")[1] for name in condition.names if name.startswith("tasks."))
        and not condition.holds(activation, otherwise=False)
    )


def _sentence(release: Release, task: Task, around: Iterable[Task]) -> str:
    states = {one.key: one.state for one in around}
    afters = {one.key: _after(release, one) for one in around}
    failed = rules.failed_behind(task.key, afters, states)
    titles = [pick(release.task_title(key)) for key in failed or rules.awaited(afters[task.key], states)]
    if not titles:
        return ""
    said = _(", ").join(_("“{title}”", title=title) for title in titles)
    if failed:
        return _("Held up until somebody tries again or does by hand what failed: {tasks}", tasks=said)
    return _("Waits for {tasks}", tasks=said)


def _after(release: Release, task: Task) -> After:
    planned = release.plan_task(task.key) if task.undoes is None else None
    return planned.after if planned is not None else After(all=tuple(task.after))
