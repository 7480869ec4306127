"""One approval chain of one request as it stands: its stages, the voices on record, and who is to be asked next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from servicehall.approval_rules import resolve_rules
from servicehall.domain import deputies as standing_in
from servicehall.domain.approval_chains import Chain
from servicehall.domain.approvals import Outcome, tally
from servicehall.domain.conditions import Activation, Context
from servicehall.domain.separation import Cast, apart_from, approved_before, refuses_decision, refuses_deputy
from servicehall.domain.voices import Asked, Circumstances, Group, Voice, ask
from servicehall.models.approvals import Approval, Stage
from servicehall.models.fulfilment import Task
from servicehall.models.requests import Request
from servicehall.services import contexts, delegations, departments, directory
from servicehall.services.approver_view import ApproverView
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.work import Work


@dataclass
class Case:
    """A chain with its rows; `stages` are the current ones by key, `casts` all voices of all rounds."""

    w: Work
    row: Request
    release: Release
    chain: Chain
    task: Task | None
    stages: dict[str, Stage]
    approvals: dict[str, Approval]
    casts: list[Cast]
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        return [stage.key for stage in self.chain.stages]

    @property
    def states(self) -> dict[str, str]:
        return {key: stage.state for key, stage in self.stages.items()}

    @property
    def is_open(self) -> bool:
        """Whether the chain still decides about something."""
        return self.row.state == "pending_approval" if self.task is None else self.task.state == "in_progress"

    @cached_property
    def selves(self) -> dict[str, str]:
        return {self.row.beneficiary_id: "beneficiary", self.row.requester_id: "requester"}

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What was asked for, with what approvers of current stages filled in."""
        filled = [self.w.content(stage.answers) or {} for stage in self.stages.values() if stage.answers]
        return {key: value for part in (self.w.content(self.row.content) or {}, *filled) for key, value in part.items()}

    def with_computed(self, filled: Mapping[str, Any]) -> dict[str, Any]:
        """What an approver fills in, with the computed values that lean on it."""
        if not self.release.approver_values:
            return dict(filled)
        said = {**self.answers, **filled}
        lookup = Directory(self.w.session, author=self.row.requester_id, known=said)
        form, skip = self.release.form, self.release.approver_fields
        found = form.check(said, self.context, lookup=lookup, previous=said, skip=skip).answers
        return {**filled, **{key: found[key] for key in self.release.approver_values if key in found}}

    @cached_property
    def context(self) -> Context:
        return contexts.for_request(self.w.session, self.row, at=self.w.at)

    @cached_property
    def activation(self) -> Activation:
        return self.release.activation(self.context, self.answers)

    def applies(self, key: str) -> bool:
        """Whether the stage's `when` holds; doubt asks for approval."""
        when = self.chain.stage(key).when
        return when is None or self.release.condition(when).holds(self.activation, otherwise=True)

    def may_still_apply(self, key: str) -> bool:
        """A condition over a field that an approver fills in, or over what is computed from it, can still change."""
        when = self.chain.stage(key).when
        open_fields = self.release.approver_fields | self.release.approver_values
        return when is not None and bool(self.release.condition(when).fields & open_fields)

    def cast(self, approval_id: str) -> Cast:
        return next(one for one in self.casts if one.id == approval_id)

    def casts_of(self, key: str) -> list[Cast]:
        """The voices of the current stage of this key, those that never spoke aside."""
        return [one for one in self.casts if one.stage == key and not one.void and one.state != "waiting"]

    def is_counting(self, key: str) -> bool:
        """Whether the present stage of this key is open."""
        return key in self.stages and self.stages[key].state == "open"

    def outcome(self, key: str) -> Outcome:
        """What the stage's votes have come to."""
        return tally(self.chain.stage(key).decide, (cast.vote for cast in self.casts_of(key)))

    def waiting(self, key: str) -> list[Approval]:
        return self._in_state(key, "waiting")

    def pending(self, key: str) -> list[Approval]:
        return self._in_state(key, "pending")

    def _in_state(self, key: str, state: str) -> list[Approval]:
        stage = self.stages[key]
        return [one for one in self.approvals.values() if one.stage_id == stage.id and one.state == state]

    def may_decide(self, cast: Cast, person: str) -> bool:
        """Whether this person, asked in this voice, may decide it as things stand."""
        active = directory.person(self.w.session, person).active
        return active and refuses_decision(self.chain, cast, person, self.casts, self.selves) is None

    def around(self, key: str) -> Circumstances:
        return Circumstances(
            selves=self.selves,
            apart=apart_from(self.chain, key, self.casts),
            approved_before=approved_before(key, self.casts, self.row.content),
            fallback=fallback_group(self.w.session, self.row.department),
            administrators=administrators(self.w.session),
        )

    def members(self, group_key: str) -> Group | None:
        return group_of(self.w.session, group_key)

    def said(self, voices: Sequence[Voice], ids: Sequence[str], key: str) -> list[dict[str, Any]]:
        """Voices as their event tells them; an open one of somebody who is away lies with the deputy."""
        beside = [
            Cast(id=one, stage=key, state=str(voice.state), person=voice.person, members=voice.members, why=voice.why)
            for voice, one in zip(voices, ids, strict=True)
        ]
        said = []
        for index, voice in enumerate(voices):
            cast = beside[index]
            away = voice.person is not None and voice.state == "pending"
            holder, delegation = self.deputy_for(cast, beside) if away else (None, None)
            beside[index] = replace(cast, holder=holder)
            said.append(self._said_one(voice, cast.id, holder, delegation))
        return said

    def _said_one(self, voice: Voice, approval_id: str, holder: str | None, delegation: str | None) -> dict[str, Any]:
        why = {**voice.why, "skipped": dict(voice.skip_reason)} if voice.skip_reason else dict(voice.why)
        said = {
            "id": approval_id,
            "person": voice.person,
            "group": voice.group,
            "members": list(voice.members) if voice.group else None,
            "holder": holder,
            "delegation": delegation,
            "state": str(voice.state),
            "why": why,
            "content": self.row.content if voice.skip_reason else None,
        }
        return {name: value for name, value in said.items() if value is not None}

    def deputy_for(self, cast: Cast, beside: Sequence[Cast] = ()) -> tuple[str | None, str | None]:
        """The deputy and the delegation, where the voice's person is away and the deputy may decide here.

        `beside`: the voices that are asked together with this one, and not on record yet.
        """
        assert cast.person is not None  # noqa: S101 - voices of persons only
        found = delegations.in_force(self.w.session, self.w.at)
        deputies = standing_in.active_deputies([one.rule for one in found], self.w.at, self.row.department)

        def may_decide(deputy: str) -> bool:
            active = directory.person(self.w.session, deputy).active
            return refuses_deputy(self.chain, cast, deputy, [*self.casts, *beside], self.selves, active) is None

        holder = standing_in.resolve_deputy(cast.person, deputies, may_decide)
        if holder.person == cast.person:
            return None, None
        used = next(
            (one.id for one in found if one.rule.person == cast.person and one.rule.deputy == holder.path[1]), None
        )
        return holder.person, used


def load_case(w: Work, row: Request, release: Release, chain: Chain, *, task: Task | None = None) -> Case:
    """The chain's rows as they are now, of all rounds, in their order."""
    task_id = task.id if task is not None else None
    stages = [stage for stage in w.of(Stage, row.id) if stage.task_id == task_id]
    stages.sort(key=lambda stage: (stage.round, stage.position))
    place = {stage.id: index for index, stage in enumerate(stages)}
    approvals = [one for one in w.of(Approval, row.id) if one.stage_id in place]
    approvals.sort(key=lambda one: (place[one.stage_id], one.position))
    current = {stage.key: stage for stage in stages}
    alive = {stage.id for stage in current.values() if stage.state != "superseded"}
    casts = [cast_of(one, stages[place[one.stage_id]].key, void=one.stage_id not in alive) for one in approvals]
    return Case(w, row, release, chain, task, current, {one.id: one for one in approvals}, casts)


def cast_of(row: Approval, stage_key: str, *, void: bool) -> Cast:
    return Cast(
        id=row.id,
        stage=stage_key,
        state=row.state,
        person=row.voice_person_id,
        group=row.voice_group_id,
        members=tuple(row.members or ()),
        holder=row.holder_id if row.holder_id != row.voice_person_id else None,
        decided_by=row.decided_by_id,
        content=row.content,
        why=row.why or {},
        void=void,
    )


def voices_of(case: Case, key: str) -> Asked:
    """Who is asked in a stage, against the directory as it is now."""
    view = ApproverView(case.w.session, case.release, case.context, case.answers)
    stage = case.chain.stage(key)
    return ask(case.chain, stage, resolve_rules(stage.approvers, view), case.around(key))


def group_of(session: Session, key: str) -> Group | None:
    """A group with its active members; voices name it by id."""
    found = directory.group_by_key(session, key)
    if found is None:
        return None
    return Group(found.id, tuple(one.id for one in directory.group_members(session, [found.id])[found.id]))


def fallback_group(session: Session, department: str) -> Group | None:
    key = departments.document(session, department).get("approval_fallback")
    return group_of(session, key) if key else None


def administrators(session: Session) -> tuple[str, ...]:
    """The platform's administrators, active ones."""
    return tuple(one.id for one in directory.with_role(session, "admin"))
