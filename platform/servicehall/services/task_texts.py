"""What a task is called and shows: as its plan has it, as whoever added it by hand wrote, or as what it undoes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from servicehall.models.fulfilment import Task
from servicehall.services.releases import Release
from servicehall.services.work import read_contents
from servicehall.texts import _, pick


def titles_of(session: Session, release: Release, tasks: Iterable[Task]) -> dict[str, str]:
    """The tasks' titles in the reader's language, by id."""
    tasks = list(tasks)
    words = written(session, tasks)
    return {task.id: title_of(release, task, words.get(task.said or "")) for task in tasks}


def written(session: Session, tasks: Iterable[Task]) -> dict[str, Any]:
    """What was written for tasks that were added by hand, `{title, note}` by hash; None where it was erased."""
    hashes = [task.said for task in tasks if task.said is not None]
    return read_contents(session, hashes) if hashes else {}


def title_of(release: Release, task: Task, words: Mapping[str, Any] | None) -> str:
    if task.said is None:
        return pick(release.task_title(task.key))
    return str(words["title"]) if words else _("(erased)")


def shows_of(release: Release, task: Task) -> frozenset[str]:
    """The answers that a task shows; undoing one shows what it showed."""
    if task.said is not None:
        return frozenset(task.shows or ())
    planned = release.plan_task(task.key) or release.undone_by(task.key)
    return frozenset(planned.shows) if planned is not None else frozenset()
