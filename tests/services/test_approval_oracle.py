"""Whole requests, decided in random companies over random chains: the program and the oracle agree after every act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from tests import proofs
from tests.databases import Database, on_sqlite
from tests.factories.small import Small, refusal
from tests.oracles.approvals import Company, Model, Stage, Vote

from servicehall.models.approvals import Approval
from servicehall.models.approvals import Stage as StageRow
from servicehall.models.base import db
from servicehall.models.directory import Delegation
from servicehall.models.log import EventRow
from servicehall.services import delegations, timers
from servicehall.services.people import record_group, record_person

COMPANIES, ACTS = 1000 if proofs.LONG else 4, 30
NAMES = ["asks", "ben", "cem", "dan", "eva", "fay"]  # nobody is led by somebody before them
ADMINISTRATORS = [f"root{number}" for number in range(6)]  # more than can be out of one stage
GROUPS = ["desk", "sec", "leads"]
KEYS = "abc"
REOPENS = {"cost": "b", "note": "", "what": "abc", "total": "ac"}
FIELDS = """[{{key: cost, type: integer, label: C, reopens: {cost}}}, {{key: note, type: text, label: N, reopens: []}},
  {{key: what, type: text, label: W}}, {{key: twice, type: computed, as: integer, label: T, value: cost * 2}},
  {{key: total, type: money, label: M, reopens: {total}}}]"""
ANSWERS = {"cost": 1, "note": "n", "what": "w", "total": "900.00"}

people = st.sampled_from(NAMES)
groups = st.sampled_from(GROUPS)
rules = st.one_of(
    st.tuples(st.just("manager"), st.integers(1, 2)),
    st.just(("manager_until", "total")),
    st.tuples(st.just("person"), people),
    st.tuples(st.just("group"), groups),
    st.tuples(st.just("group"), groups),
)
decides = st.one_of(
    st.sampled_from([("all", 0), ("all", 0), ("any", 0)]),
    st.tuples(st.just("at_least"), st.integers(1, 3)),
    st.tuples(st.just("percent"), st.sampled_from([1, 33, 34, 50, 51, 67, 100])),
)
stages = st.builds(
    Stage,
    st.just(""),
    st.integers(1, 3).flatmap(lambda n: st.lists(rules, min_size=n, max_size=n)),
    decides,
    st.booleans(),
    st.sampled_from(["escalate", "escalate", "escalate", "approve", "reject", "desk"]),
    st.sampled_from([True] * 7 + [False]),
)
chains = st.fixed_dictionaries(
    {
        "stages": st.sampled_from([1, 2, 3, 3, 3]).flatmap(lambda n: st.lists(stages, min_size=n, max_size=n)),
        "together": st.sampled_from([[], ["ab"], ["bc"], ["abc"], ["abc"]]),
        "apart": st.sampled_from([[], ["ab"], ["ac"], ["abc"], ["ab", "bc"]]),
        "own": st.sampled_from(["forbid", "forbid", "skip", "allow"]),
        "repeat": st.sampled_from(["skip", "ask"]),
    }
)
companies = st.fixed_dictionaries(
    {
        "over": st.dictionaries(people, people, max_size=4),
        "groups": st.fixed_dictionaries(
            {
                key: st.sampled_from([0, 1, 2, 2, 3]).flatmap(lambda n: st.sets(people, min_size=n, max_size=n))
                for key in GROUPS
            }
        ),
        "gone": st.sets(people.filter("asks".__ne__), max_size=1),
        "limits": st.dictionaries(people, st.sampled_from([0, 900, 5000]), max_size=4),
    }
)


def changes_of(number: int) -> st.SearchStrategy[dict[str, int]]:
    """So many answers with other values."""
    return st.dictionaries(st.sampled_from(sorted(REOPENS)), st.integers(2, 4), min_size=number, max_size=number)


def make_random_company() -> Small:
    """Each person is led by the next; the platform has many administrators."""
    made = Small(Path())
    for name, above in reversed(list(zip(NAMES, [*NAMES[1:], None], strict=True))):
        made.person(name, **({"manager": above} if above else {}), approval_limit="0", currency="CNY")
    for name in ADMINISTRATORS:
        made.person(name, roles=["admin"])
    for key in GROUPS:
        made.group(key)
    return made


def chain_as_document(chain: Mapping[str, Any]) -> dict[str, Any]:
    """The chain as an administrator writes it."""

    def stage(one: Stage) -> dict[str, Any]:
        named = {"manager": lambda level: {"level": level}, "manager_until": lambda limit: {"limit": limit}}
        then = one.then if one.then in ("escalate", "approve", "reject") else {"reassign": {"group": one.then}}
        return {
            "key": one.key,
            "when": f"cost < {100 if one.needed else 0}",
            "approvers": [
                {kind: f"{what}@example.com" if kind == "person" else named.get(kind, str)(what)}
                for kind, what in one.rules
            ],
            "decide": one.decide[0] if one.decide[0] in ("all", "any") else dict([one.decide]),
            "group_counts": "each" if one.each else "one",
            "timeout": {"after": "1 day", "then": then},
        }

    return {
        "self_approval": chain["own"],
        "repeat_approver": chain["repeat"],
        "stages": [stage(one) for one in chain["stages"]],
        "parallel": [list(names) for names in chain["together"]],
        "apart": [list(names) for names in chain["apart"]],
    }


class Told(RuleBasedStateMachine):
    """Every act goes to the program and to the oracle; `database` is set by the test."""

    database: Database
    folder: Path

    @initialize(
        company=companies,
        chain=chains,
        beneficiary=st.sampled_from(["asks", "asks", "ben", "cem"]),
        away=st.lists(st.tuples(people, st.one_of(people, groups)), min_size=2, max_size=5),
    )
    def begin(
        self, company: dict[str, Any], chain: dict[str, Any], beneficiary: str, away: list[tuple[str, str]]
    ) -> None:
        made = self.database.enter(make_random_company)
        self.context = self.database.app.app_context()
        self.context.push()
        self.small = Small(self.folder, dict(made.ids), dict(made.groups))
        self.make_company(company | {"gone": company["gone"] - {beneficiary}})
        self.make_chain(chain)
        document = yaml.safe_dump({"approval": chain_as_document(chain)}, sort_keys=False)
        there = {name: [key for key in keys if key in KEYS[: len(chain["stages"])]] for name, keys in REOPENS.items()}
        self.small.publish(f"on_behalf: anyone\n{document}", fields=FIELDS.format(**there))
        self.chain, self.beneficiary = chain, beneficiary
        for person, deputy in away:  # a group: its first, who may be its last
            self.name_deputy(person, next(iter(self.company.groups.get(deputy, [deputy])), person))
        self.order()

    def order(self) -> None:
        chain, self.answers = self.chain, dict(ANSWERS)
        parts = (chain[name] for name in ("stages", "together", "apart", "own", "repeat"))
        self.model = Model(self.company, *parts, "asks", self.beneficiary, 900)
        self.made = self.small.order(requested_for=f"{self.beneficiary}@example.com", **self.answers)
        self.model.begin([stage.key for stage in chain["stages"]])

    def make_company(self, said: dict[str, Any]) -> None:
        ranks = {name: rank for rank, name in enumerate(NAMES)}
        over = dict(zip(NAMES, [*NAMES[1:], ""], strict=True))
        over |= {name: above if ranks[above] > ranks[name] else "" for name, above in said["over"].items()}
        groups = {key: sorted(said["groups"][key]) for key in GROUPS}
        self.company = Company(
            over, groups | {"administrators": ADMINISTRATORS}, said["limits"], gone=set(said["gone"])
        )
        for name in sorted({*said["over"], *said["gone"], *said["limits"]}):
            self.record(name)
        for key in said["groups"]:
            self.record_members(key)

    def make_chain(self, chain: dict[str, Any]) -> None:
        for key, stage in zip(KEYS, chain["stages"], strict=False):
            stage.key = key
        there = KEYS[: len(chain["stages"])]
        for name in ("together", "apart"):
            cut = ["".join(key for key in names if key in there) for names in chain[name]]
            chain[name] = [names for names in cut if len(names) > 1]

    def record(self, name: str) -> None:
        above = self.company.over[name]
        cells = {
            "email": f"{name}@example.com",
            "manager": f"{above}@example.com" if above else "",
            "active": "no" if name in self.company.gone else "yes",
            "approval_limit": str(self.company.limits.get(name, 0)),
        }
        record_person(cells, actor="system:tests", at=self.small.at)

    def record_members(self, key: str) -> None:
        members = [f"{one}@example.com" for one in self.company.groups[key]]
        record_group(key, department=None, members=members, lead=None, actor="system:tests", at=self.small.at)

    def teardown(self) -> None:
        try:
            if hasattr(self, "made"):
                self.one_outcome_and_nobody_apart()
        finally:
            db.session.remove()
            self.context.pop()
        assert self.database.faults() == []

    # --- what happens ---

    def is_open(self) -> bool:
        return self.model.state == "pending_approval"

    def goes_on(self) -> bool:
        return self.model.state in ("pending_approval", "returned")

    @precondition(lambda self: not self.goes_on())
    @rule(who=people)
    def come_too_late_and_begin_another(self, who: str) -> None:
        """Nothing is decided any more; the next request is asked of the company as it is now."""
        for row in self.rows(self.model.stages[0].key)[:1]:
            assert refusal(self.small.decide_row, who, "approve", row) in (403, 409)
        assert refusal(self.small.act, "asks", "recall", self.made) == 409
        self.one_outcome_and_nobody_apart()
        if self.beneficiary not in self.company.gone:
            self.order()

    def rows(self, key: str) -> list[Approval]:
        """The votes of the present round of a stage, in the order in which they were asked."""
        found = select(StageRow).where(StageRow.request_id == self.made, StageRow.key == key)
        stage = db.session.scalars(
            found.order_by(StageRow.round.desc()).execution_options(populate_existing=True)
        ).first()
        return [one for one in self.small.approvals(self.made) if stage and one.stage_id == stage.id]

    def row_of(self, key: str, vote: Vote) -> Approval:
        return next(one for one in self.rows(key) if self.small.voice(one) == vote.who and one.state == vote.state)

    @precondition(is_open)
    @rule(data=st.data(), decision=st.sampled_from(["approve"] * 6 + ["reject", "reject", "return"]))
    def decide(self, data: st.DataObject, decision: str) -> None:
        """One of those who are asked, who may or may not decide."""
        self.one_decides(data, decision)

    @precondition(is_open)
    @rule(data=st.data())
    def approve(self, data: st.DataObject) -> None:
        self.one_decides(data, "approve")

    def one_decides(self, data: st.DataObject, decision: str) -> None:
        model = self.model
        votes = [(key, vote, who) for key in model.open() for vote in model.pending(key) for who in vote.speakers]
        key, vote, who = data.draw(st.sampled_from([one for one in votes if one[2] not in self.company.gone]))
        self.try_to(key, vote, who, decision)

    @precondition(is_open)
    @rule(data=st.data(), who=people)
    def meddle(self, data: st.DataObject, who: str) -> None:
        """Somebody decides something, asked or not."""
        model = self.model
        key, vote = data.draw(st.sampled_from([(key, vote) for key in model.open() for vote in model.votes[key]]))
        if who not in self.company.gone and (vote.state != "pending" or who not in vote.speakers):
            assert refusal(self.small.decide_row, who, "approve", self.row_of(key, vote)) in (403, 409)

    def try_to(self, key: str, vote: Vote, who: str, decision: str) -> None:
        row = self.row_of(key, vote)
        if self.model.may_decide(vote, who, key):
            self.small.decide_row(who, decision, row)
            self.model.decide(key, vote, who, decision)
        else:
            assert refusal(self.small.decide_row, who, decision, row) == 403

    @precondition(is_open)
    @rule()
    def recall(self) -> None:
        self.small.act("asks", "recall", self.made)
        self.model.take_back()

    @precondition(lambda self: self.model.state == "returned")
    @rule(changes=st.sampled_from([0, 1, 1, 2]).flatmap(changes_of))
    def send_again(self, changes: dict[str, int]) -> None:
        new = {key: {"cost": n, "total": f"{n}00.00"}.get(key, str(n)) for key, n in changes.items()}
        changed = [key for key, value in new.items() if self.answers[key] != value]
        before = self.small.request(self.made).content
        self.answers |= new
        self.small.amend(self.made, **new)
        self.small.submit(self.made)
        assert (self.small.request(self.made).content == before) is (not changed)
        self.model.value = int(float(self.answers["total"]))
        self.model.send_again("".join(REOPENS[key] for key in changed), changed=bool(changed))

    @precondition(is_open)
    @rule(data=st.data())
    def let_time_pass(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.model.open()))
        payload = {"request": self.made, "stage": self.rows(key)[0].stage_id}
        db.session.rollback()
        timers.ring("approval_timeout", payload, at=self.small.at, settle=lambda session: None)
        self.model.time_out(key)

    # --- the directory changes ---

    def can_name(self, person: str, deputy: str) -> bool:
        way = deputy
        while way in self.company.away and way != person:
            way = self.company.away[way]
        return way != person and person not in self.company.away

    @precondition(goes_on)
    @rule(data=st.data())
    def change_the_directory(self, data: st.DataObject) -> None:
        one, other = data.draw(people), data.draw(people)
        act = data.draw(st.sampled_from([self.go_away, self.go_away, self.come_back, self.leave_or_come, self.lead]))
        act(one, other)

    def go_away(self, person: str, deputy: str) -> None:
        if self.name_deputy(person, deputy):
            self.small.ring_due()
            self.model.directory_changed(person)

    def name_deputy(self, person: str, deputy: str) -> bool:
        if {person, deputy} & self.company.gone or not self.can_name(person, deputy):
            return False
        viewer, today = self.small.viewer(person), self.small.at.date()
        delegations.delegate(
            deputy=f"{deputy}@example.com", since=today, until=today, departments=None, viewer=viewer, at=self.small.at
        )
        self.company.away[person] = deputy
        return True

    def come_back(self, person: str, _other: str) -> None:
        if person in self.company.gone or person not in self.company.away:
            return
        found = select(Delegation).where(Delegation.person_id == self.small.ids[person], Delegation.ended_at.is_(None))
        delegations.end(db.session.scalars(found).one().id, viewer=self.small.viewer(person), at=self.small.at)
        self.small.ring_due()
        del self.company.away[person]
        self.model.directory_changed(person)

    def leave_or_come(self, person: str, _other: str) -> None:
        if person == "asks":
            return
        self.company.gone ^= {person}
        self.record(person)
        self.small.ring_due()
        if person in self.company.gone:
            self.model.directory_changed(person)

    def lead(self, person: str, above: str) -> None:
        """Another manager, and another in a group; what is open stays as it was asked."""
        self.company.over[person] = above if NAMES.index(above) > NAMES.index(person) else ""
        self.record(person)
        self.company.groups["desk"] = sorted({person, above})
        self.record_members("desk")

    # --- what must be so ---

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "made"):
            return
        state = {"in_progress": "approved"}.get(self.small.state(self.made), self.small.state(self.made))
        assert state == self.model.state
        names = {identity: name for name, identity in self.small.ids.items()}
        said = self.small.stages(self.made)
        for stage in self.model.stages:
            assert said[stage.key] == self.model.states[stage.key]
            ours = [self.told(one, names) for one in self.rows(stage.key) if self.small.voice(one)]
            theirs = [
                (vote.who, sorted(vote.members or ()), vote.holder, vote.state)
                for vote in self.model.votes.get(stage.key, ())
            ]
            assert sorted(ours, key=repr) == sorted(theirs, key=repr)

    def told(self, row: Approval, names: Mapping[str, str]) -> tuple[Any, ...]:
        holder = names[row.holder_id] if row.holder_id not in (None, row.voice_person_id) else None
        return self.small.voice(row), sorted(names[who] for who in row.members or ()), holder, row.state

    @invariant()
    def somebody_can_decide(self) -> None:
        if hasattr(self, "made") and self.is_open():
            model = self.model
            for key in model.open():
                assert any(model.may_decide(vote, who, key) for vote in model.pending(key) for who in vote.speakers)

    def one_outcome_and_nobody_apart(self) -> None:
        """By the log alone: the request ended once at most, and of what stands nobody decided in stages kept apart."""
        rows = select(EventRow).where(EventRow.stream == f"request/{self.made}").order_by(EventRow.sequence)
        events = list(db.session.scalars(rows))
        ends = [one for one in events if one.body.get("act") in ("approve", "reject")]
        submitted = [one for one in events if one.body.get("act") == "submit" and one.body["state"] == "in_progress"]
        assert len(ends) + len(submitted) == (self.model.state in ("approved", "rejected"))
        standing = {row.id: key for key in KEYS for row in self.rows(key)}
        deciders: dict[str, set[str]] = {key: set() for key in KEYS}
        for one in events:
            if one.kind == "approval.decided" and one.body["approval"] in standing:
                deciders[standing[one.body["approval"]]] |= {one.actor, one.on_behalf_of or one.actor}
        for names in self.model.apart if self.model.state in ("approved", "rejected") else ():
            for key in names:
                assert not deciders[key] & {who for other in names if other != key for who in deciders[other]}


@on_sqlite
@pytest.mark.proves("A1")
def test_the_program_and_the_oracle_agree(
    database: Database, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("companies", COMPANIES)
    record_property("acts in each, at most", ACTS)
    kind = type("Story", (Told,), {"database": database, "folder": tmp_path})
    print("PROOF_SEED", proofs.SAMPLE_SEED)
    run_state_machine_as_test(
        seed(proofs.SAMPLE_SEED)(kind),
        settings=settings(
            max_examples=COMPANIES,
            stateful_step_count=ACTS,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
