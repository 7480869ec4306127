"""What the buttons and boxes of the Fulfilment tab do to a plan, as JSON Patch (`documents/plan_edits.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehall import config
from servicehall.documents import plan_edits
from servicehall.documents.patching import Operation, keys_of, pointer, value_at
from servicehall.documents.plan_graph import after_of, tasks_of
from servicehall.documents.title_keys import wished_key
from servicehall.domain.durations import Duration, Unit
from servicehall.domain.plans import After
from servicehall.errors import Invalid
from servicehall.texts import _, current_locale
from servicehall.web.studio.reading import Acts, Controls, Sent

Body = Mapping[str, Any]
ANY, BACK = "=any", "before"


def plan_at(body: Body, at: str) -> Any:
    """The plan that stands at a JSON Pointer; None where there is none."""
    return value_at(body, at) if at else body


def begin_of(kind: str) -> Any:
    """What the property begins with that says how a task is done."""
    if kind == "approval":
        stage = {"key": "approval", "approvers": [{"manager": {"of": "requested_for"}}]}
        return {"stages": [stage]}
    return {"webhook": next(iter(config.current().webhooks), "")}


def _add(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """A new task: `more` is `<first>-<then>`, each the index of a task or empty."""
    first, _dash, then = more.partition("-")
    title = {current_locale(): _("New task")}
    return plan_edits.add(plan_at(body, at), at, title=title, first=_index(first), then=_index(then))


def _connect(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    first, then = _pair(more)
    return plan_edits.connect(plan_at(body, at), at, first, then)


def _disconnect(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    first, then = _pair(more)
    return plan_edits.disconnect(plan_at(body, at), at, first, then)


def _remove(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    base, index = _task_at(at)
    return plan_edits.remove(plan_at(body, base), base, index)


def _copy(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    base, index = _task_at(at)
    return plan_edits.duplicate(plan_at(body, base), base, index)


def _name(kind: str, body: Body, at: str, more: str, sent: Sent) -> list[Operation]:
    """The key follows from the title that was written."""
    base, index = _task_at(at)
    plan = plan_at(body, base)
    wish = wished_key(tasks_of(plan)[index]) if 0 <= index < len(tasks_of(plan)) else ""
    return plan_edits.rename(plan, base, index, plan_edits.fresh_key(plan, wish)) if wish else []


def _key(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    base, index = _task_at(at)
    return plan_edits.rename(plan_at(body, base), base, index, values[-1].strip())


def _after(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """The keys that are ticked; `=any` makes one of them enough, `<n>=<key>` is of the n-th further choice of one."""
    base, index = _task_at(at)
    main: list[str] = []
    further: dict[str, list[str]] = {}
    for one in values:
        number, _sign, key = one.rpartition("=")
        if key and number:
            further.setdefault(number, []).append(key)
        elif key and not one.startswith("="):
            main.append(key)
    plan = plan_at(body, base)
    written = after_of(tasks_of(plan)[index]).keys if 0 <= index < len(tasks_of(plan)) else ()

    def in_order(keys: Sequence[str]) -> tuple[str, ...]:
        return (*(key for key in written if key in keys), *(key for key in keys if key not in written))

    choices = [in_order(further[number]) for number in sorted(further)]
    either = ANY in values and bool(main)
    after = After(() if either else in_order(main), (*([in_order(main)] if either else []), *choices))
    return plan_edits.set_after(plan, base, index, after)


def _work(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """How the task is done; `request:<service>` names the service of the child request."""
    base, index = _task_at(at)
    work, _colon, service = values[-1].partition(":")
    return plan_edits.set_work(plan_at(body, base), base, index, work, service if work == "request" else begin_of(work))


def _due(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """An amount and a unit; `before` is business days before the anchor. Without an amount it has no due date."""
    amount, unit = values[0].strip() if values else "", values[-1]
    was = value_at(body, f"{at}/due")
    if not amount:
        return [{"op": "remove", "path": f"{at}/due"}] if was is not None else []
    said = f"-{amount} {Unit.BUSINESS_DAY}s" if unit == BACK else f"{amount} {unit}s"
    try:
        now = Duration.parse(said)
        if isinstance(was, str) and now == Duration.parse(was):
            return []
    except Invalid:
        return [{"op": "add", "path": f"{at}/due", "value": said}] if said != was else []
    return [{"op": "add", "path": f"{at}/due", "value": str(now)}]


def _answer(kind: str, body: Body, at: str, values: Sequence[str]) -> list[Operation]:
    """One answer of a child request, an expression; `at` ends with the field's key."""
    *path, field = keys_of(at)
    answers, said = value_at(body, pointer(*path)), values[-1].replace("\r\n", "\n").strip()
    was = answers.get(field) if isinstance(answers, Mapping) else None
    if said == (was or ""):
        return []
    if not isinstance(answers, Mapping):
        return [{"op": "add", "path": pointer(*path), "value": {field: said}}]
    if said:
        return [{"op": "add", "path": at, "value": said}]
    return [{"op": "remove", "path": at if len(answers) > 1 else pointer(*path)}]


def _task_at(at: str) -> tuple[str, int]:
    """A task's pointer as that of its plan and its index."""
    base, _slash, index = at.rpartition("/tasks/")
    return base, int(index) if index.isdecimal() and len(index) < 6 else -1


def _pair(more: str) -> tuple[int, int]:
    first, _dash, then = more.partition("-")
    found = _index(first), _index(then)
    return found[0] if found[0] is not None else -1, found[1] if found[1] is not None else -1


def _index(said: str) -> int | None:
    return int(said) if said.isdecimal() and len(said) < 6 else None


ACTS: Acts = {
    "task-add": _add,
    "task-name": _name,
    "task-connect": _connect,
    "task-disconnect": _disconnect,
    "task-remove": _remove,
    "task-copy": _copy,
}
CONTROLS: Controls = {
    "task-key": _key,
    "task-after": _after,
    "task-work": _work,
    "task-due": _due,
    "task-answer": _answer,
}
