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


def is_moot(viewer: Viewer, task: Task, row: Request, *, at: datetime) -> bool:
    """Whether a blocked task is sure to be skipped: its condition does not hold, and no open task can change that."""
    release = releases.load(viewer.session, row.release)
    planned = release.plan_task(task.key) if task.undoes is None and task.state == "blocked" else None
    if planned is None or planned.when is None:
        return False
    condition = release.condition(planned.when)
    read = {name.split(".")[1] for name in condition.names if name.startswith("tasks.")}
    others = viewer.session.execute(select(Task.key, Task.state).where(Task.request_id == row.id))
    if any(key.replace("-", "_") in read and state not in rules.SETTLED for key, state in others):
        return False
    context = contexts.for_request(viewer.session, row, at=at)
    return not condition.holds(release.activation(context, contexts.answers_of(viewer.session, row)), otherwise=False)


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
