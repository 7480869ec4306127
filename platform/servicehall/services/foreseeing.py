"""Who would be asked for a request that does not exist yet, stage by stage, as if all stages before it pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from servicehall.approval_rules import View, resolve_rules
from servicehall.domain import deputies as standing_in
from servicehall.domain.approval_chains import Chain, Stage
from servicehall.domain.approvals import quorum
from servicehall.domain.conditions import Context
from servicehall.domain.separation import Cast, apart_from, approved_before, refuses_deputy
from servicehall.domain.voices import Asked, Circumstances, ask
from servicehall.services import delegations
from servicehall.services.approver_view import ApproverView
from servicehall.services.asking import administrators, fallback_group
from servicehall.services.releases import Release

FORESEEN = "foreseen"
"""Stands for the hash of a content that is not kept yet."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One stage: whom it would ask (None where it is not needed), how many approvals it needs, and by person the
    deputy who stands in at that moment."""

    key: str
    asked: Asked | None = None
    needed: int = 0
    deputies: Mapping[str, str] = field(default_factory=dict)


def foresee(session: Session, release: Release, context: Context, answers: Mapping[str, Any]) -> Sequence[Foreseen]:
    """Each stage of the chain, in its order, at the moment of the context."""
    if release.chain is None:
        return ()
    view = ApproverView(session, release, context, answers)
    activation = release.activation(context, answers)
    around = Circumstances(
        selves={context.requested_for.id: "beneficiary", context.requester.id: "requester"},
        fallback=fallback_group(session, release.department),
        administrators=administrators(session),
    )
    in_force = [one.rule for one in delegations.in_force(session, context.now)]
    deputies = standing_in.active_deputies(in_force, context.now, release.department)

    def needed(stage: Stage) -> bool:
        return stage.when is None or release.condition(stage.when).holds(activation, otherwise=True)

    return foresee_chain(release.chain, view, around, needed=needed, deputies=deputies)


def foresee_chain(
    chain: Chain,
    view: View,
    around: Circumstances,
    *,
    needed: Callable[[Stage], bool],
    deputies: Mapping[str, str],
) -> Sequence[Foreseen]:
    """The same for any view of the directory; `deputies` are those of the people who are away."""
    found: list[Foreseen] = []
    for stage in chain.stages:
        if not needed(stage):
            found.append(Foreseen(stage.key))
            continue
        casts = list(_foreseen(chain, stage.key, found))
        now = replace(
            around,
            apart=apart_from(chain, stage.key, casts),
            approved_before=approved_before(stage.key, casts, FORESEEN),
        )
        asked = ask(chain, stage, resolve_rules(stage.approvers, view), now)
        one = Foreseen(stage.key, asked, 1 if asked.fallback else quorum(stage.decide, len(asked.voices)))
        found.append(replace(one, deputies=_holders(view, chain, one, casts, around.selves, deputies)))
    return found


def _holders(
    view: View,
    chain: Chain,
    stage: Foreseen,
    before: Sequence[Cast],
    selves: Mapping[str, str],
    deputies: Mapping[str, str],
) -> Mapping[str, str]:
    """By person of this stage the deputy who would hold the approval, where the person is away and one may decide."""
    beside = _casts(stage)
    found: dict[str, str] = {}
    for index, cast in enumerate(beside):
        if cast.person not in deputies or cast.state != "pending":
            continue

        def may_decide(deputy: str, cast: Cast = cast) -> bool:
            return refuses_deputy(chain, cast, deputy, [*before, *beside], selves, view.is_active(deputy)) is None

        holder = standing_in.resolve_deputy(str(cast.person), deputies, may_decide).person
        if holder != cast.person:
            found[str(cast.person)] = holder
            beside[index] = replace(cast, holder=holder)
    return found


def _casts(stage: Foreseen) -> list[Cast]:
    """The voices of a stage as they stand when it opens."""
    return [
        Cast(
            id=f"{stage.key}/{voice.person or voice.group}",
            stage=stage.key,
            state=str(voice.state),
            person=voice.person,
            members=voice.members,
            holder=stage.deputies.get(voice.person or ""),
        )
        for voice in (stage.asked.voices if stage.asked is not None else ())
    ]


def _foreseen(chain: Chain, key: str, before: Iterable[Foreseen]) -> Iterator[Cast]:
    """The people's voices that are sure to be cast when a stage opens: those of a parallel stage still wait, and
    where not every word is needed nobody knows whose it will be."""
    for stage in before:
        beside = any({key, stage.key} <= set(group) for group in chain.parallel)
        casts = _casts(stage)
        certain = chain.stage(stage.key).decide.kind == "all" or len(casts) == 1
        for cast in casts:
            if cast.state != "pending" or beside:
                yield cast
            elif certain and (decider := _decider(cast)) is not None:
                yield replace(cast, state="approved", decided_by=decider, content=FORESEEN)


def _decider(cast: Cast) -> str | None:
    """The one person on whom a voice depends, if there is one."""
    if cast.person is not None:
        return cast.holder or cast.person
    return cast.members[0] if len(cast.members) == 1 else None
