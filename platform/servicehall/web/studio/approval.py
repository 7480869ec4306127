"""Approval: the chain as a picture of steps that is edited in place, and whom it would ask for one person's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from servicehall.documents.kinds.kind import is_use
from servicehall.documents.patching import value_at
from servicehall.documents.title_keys import follows
from servicehall.texts import N_, _, pick
from servicehall.web.portal import words as order_words
from servicehall.web.studio import preview, words
from servicehall.web.studio.chain_acts import NEW_STAGE
from servicehall.web.studio.chain_steps import groups_of, keys_of, pointer_of, stages_of, steps_of
from servicehall.web.studio.found import below
from servicehall.web.studio.nodes import Node
from servicehall.web.studio.page import Page, path_of
from servicehall.web.studio.ticks import Boxes, boxes
from servicehall.web.studio.used import used_by

SETTINGS = ("calendar", "self_approval", "repeat_approver")
SHOWN_APART = ("key", "fields", "shows")
"""Properties of a stage that have controls of the tab's own."""
RULES: Mapping[str, str] = {
    "manager": N_("Manager of {whom}"),
    "manager_until": N_("Managers of {whom}, up to the limit in “{field}”"),
    "department_head": N_("Head of the department of {whom}"),
    "group": N_("Group {name}"),
    "role": N_("Role {name}"),
    "person": N_("{name}"),
    "field": N_("Whoever stands in “{name}”"),
}
WHOM: Mapping[str, str] = {"requester": N_("the requester"), "requested_for": N_("the beneficiary")}
DECIDE: Mapping[str, str] = {
    "all": N_("all of them"),
    "any": N_("any one of them"),
    "at_least": N_("at least {count} of them"),
    "percent": N_("{count} % of them"),
}
TIMEOUTS: Mapping[str, str] = {
    "escalate": N_("their managers are asked"),
    "reject": N_("it is rejected"),
    "approve": N_("it is approved"),
}


@dataclass(frozen=True)
class Card:
    """A stage as the picture shows it; `facts` are an icon's name and what it says."""

    pointer: str
    key: str
    title: str
    who: Sequence[str]
    decide: str
    facts: Sequence[tuple[str, str]]
    problems: Sequence[str]
    first: bool
    last: bool
    mates: int


def values(page: Page) -> Mapping[str, Any]:
    base = "" if page.row.kind == "approval_chain" else "/approval"
    chain = value_at(page.body, base) if base else page.body
    used = used_by(page, "approval_chain", chain)
    shown = used.document.body if used is not None else {} if is_use(chain) else chain
    said: dict[str, Any] = {
        "base": base,
        "chain": chain,
        "used": used,
        "uses": is_use(chain),
        "steps": cards(page, shown, base, own=not is_use(chain)),
        "stage": None,
        "shared": page.around.documents("approval_chain"),
        "trial": _trial(page),
        "order_words": order_words,
    }
    if isinstance(chain, Mapping) and not is_use(chain):
        said |= _selected(page, base, chain)
    return said


def cards(page: Page, chain: Any, base: str, *, own: bool) -> list[list[Card]]:
    """The steps of a chain; problems show where it is the page's own."""
    steps = steps_of(chain)
    return [[_card(page, chain, base, number, steps, own=own) for number in step] for step in steps]


def _card(page: Page, chain: Any, base: str, number: int, steps: list[list[int]], *, own: bool) -> Card:
    stage = stages_of(chain)[number]
    at = pointer_of(base, "stages", number)
    step = next(one for one in steps if number in one)
    inner, row = (step, step.index(number)) if len(step) > 1 else (steps, steps.index(step))
    return Card(
        pointer=at,
        key=str(stage.get("key") or ""),
        title=pick(stage.get("title")) or str(stage.get("key") or _("Without a name")),
        who=[rule_words(one) for one in _list(stage.get("approvers"))],
        decide=decide_words(stage.get("decide", "all")),
        facts=_facts(stage, page.rules.sentence(f"{at}/when") if own else ""),
        problems=below(page, path_of(page.body, at)) if own else (),
        first=row == 0,
        last=row == len(inner) - 1,
        mates=len(step) - 1,
    )


def _facts(stage: Mapping[str, Any], when: str) -> list[tuple[str, str]]:
    """When, what if nobody answers, comment, signature and fields, where there is something to say; `when` in words."""
    found: list[tuple[str, str]] = []
    if stage.get("when") is not None:
        found.append(("filter", when or _("Only when {condition}", condition=str(stage["when"]))))
    timeout = stage.get("timeout")
    if isinstance(timeout, Mapping):
        found.append(("clock-exclamation", timeout_words(timeout)))
    remind = stage.get("remind")
    if isinstance(remind, Mapping):
        found.append(("bell", _("Reminded every {duration}", duration=words.duration(remind.get("every")))))
    if stage.get("comment") in ("always", "never"):
        found.append(("message", _("Always comments") if stage["comment"] == "always" else _("Never needs a comment")))
    if stage.get("sign") is True:
        found.append(("signature", _("Signs with the password")))
    if stage.get("group_counts") == "each":
        found.append(("users", _("Each member of a group counts")))
    fields = _list(stage.get("fields"))
    if fields:
        found.append(("forms", _("Fills in {fields}", fields=", ".join(map(str, fields)))))
    return found


def rule_words(rule: Any) -> str:
    """One approver rule as a person says it."""
    if not isinstance(rule, Mapping) or len(rule) != 1 or next(iter(rule)) not in RULES:
        return _("An approver that is not known")
    name, value = next(iter(rule.items()))
    held = value if isinstance(value, Mapping) else {}
    said = _(
        RULES[name],
        whom=_(WHOM.get(str(held.get("of") or "requester"), str(held.get("of")))),
        field=str(held.get("limit") or "?"),
        name=order_words.group(str(value)) if name == "group" and value else str(value or "?"),
    )
    level = held.get("level", 1)
    return said if level == 1 else _("{who}, level {level}", who=said, level=level)


def decide_words(decide: Any) -> str:
    """How many have to approve."""
    if isinstance(decide, Mapping) and len(decide) == 1:
        name, count = next(iter(decide.items()))
        return _(DECIDE[name], count=count) if name in DECIDE else "?"
    return _(DECIDE[decide]) if decide in DECIDE else "?"


def timeout_words(timeout: Mapping[str, Any]) -> str:
    """What comes of it where nobody answers."""
    then = timeout.get("then")
    if isinstance(then, Mapping) and isinstance(then.get("reassign"), Mapping):
        follows = _("{group} is asked", group=order_words.group(str(then["reassign"].get("group") or "?")))
    else:
        follows = _(TIMEOUTS[str(then)]) if str(then) in TIMEOUTS else "?"
    return _("After {duration}: {follows}", duration=words.duration(timeout.get("after")), follows=follows)


def _selected(page: Page, base: str, chain: Mapping[str, Any]) -> dict[str, Any]:
    """The controls at the right: of the selected stage, else of the chain as a whole."""
    stages, keys = stages_of(chain), keys_of(chain)
    titles = [(key, pick(one.get("title")) or key) for key, one in zip(keys, stages, strict=True) if key]
    above = pointer_of(base, "stages") + "/"
    number = page.at.removeprefix(above).partition("/")[0] if page.at.startswith(above) else ""
    if number.isdecimal() and int(number) < len(stages):
        at = above + number
        mates = next(step for step in steps_of(chain) if int(number) in step)
        elsewhere = page.around.reopening(keys[int(number)])
        published = value_at(page.row.body or {}, pointer_of(base, "stages"))
        return {
            "stage": page.node(at, without=SHOWN_APART),
            "stage_at": at,
            "stage_key": page.node(f"{at}/key"),
            "reopened_by": elsewhere,
            "named_by_title": not elsewhere and follows(stages[int(number)], page.body, published, begun=NEW_STAGE),
            "focused": f"{at}/title" if _is_added() else "",
            "beside": [(key, title, keys.index(key) in mates) for key, title in titles if key != keys[int(number)]],
            "fields": [_fields(page, f"{at}/{name}") for name in ("fields", "shows")],
        }
    place = f"{path_of(page.body, base)}." if base else ""
    return {
        "settings": page.node(base, only=SETTINGS),
        "apart": [
            ([(key, title, key in group) for key, title in titles], below(page, f"{place}apart[{index}]"))
            for index, group in enumerate(groups_of(chain, "apart"))
        ],
        "stage_count": len(stages),
        "chain_problems": [
            *below(page, f"{place}parallel"),
            *page.by_place.get(f"{place}apart", ()),
            *page.by_place.get(f"{place}stages", ()),
        ],
    }


def _is_added() -> bool:
    """Whether the selected stage is new: the first thing to do is to give it a title."""
    return any(one.startswith("stage-add:") for one in request.form.getlist("do"))


def _trial(page: Page) -> Mapping[str, Any] | None:
    """For whom, exactly: the draft's form and what would come of it; None where the answer is to another form."""
    saving = request.method == "POST" and "person" not in request.form
    return None if saving and request.headers.get("X-Requested-With") == "fetch" else preview.values(page)


def _fields(page: Page, at: str) -> tuple[Node, Boxes]:
    """A list of the form's fields as boxes; none where no form is known."""
    node, known = page.node(at), page.around.fields
    return node, boxes(node, known) if known else ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
