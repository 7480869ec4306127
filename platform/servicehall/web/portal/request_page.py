"""One request on one page: where it is, who has it, what is next and when; what was asked, said and done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicehall.clock import now
from servicehall.errors import NotFound
from servicehall.models.approvals import Approval
from servicehall.models.clocks import Clock
from servicehall.models.requests import Request
from servicehall.services import cases, catalog, directory, releases
from servicehall.services import words as sentences
from servicehall.services.access import note_reading
from servicehall.services.answers import Shown, for_viewer
from servicehall.services.cases import Ledger
from servicehall.services.cases.history import reads_internal
from servicehall.services.cases.names import Record, gather
from servicehall.services.lookups import Directory
from servicehall.services.releases import Release
from servicehall.services.visibility import Viewer, request_for, visible_requests
from servicehall.services.work import rows_of
from servicehall.texts import _
from servicehall.web.inbox.waiting import mine_on
from servicehall.web.portal import words
from servicehall.web.portal.acting import viewer
from servicehall.web.portal.acts import ACTS, PROMINENT
from servicehall.web.portal.sheet import Section, Sheet, files_in
from servicehall.web.portal.uploads import download

pages = Blueprint("request_page", __name__)

STEP_STATES = {"waiting": "upcoming"}
QUIET = (
    "clock.started",
    "clock.changed",
    "clock.stopped",
    "clock.escalated",
    "approval.chain_started",
    "approval.stage_closed",
    "approval.ended",
    "plan.started",
    "task.ready",
    "task.due_changed",
    "task.checklist_ticked",
)
"""Events of the machinery, which auditors read on their own page."""


@dataclass(frozen=True)
class CaseView:
    """What a page about a request reads, each part when the template asks for it; `record` is of what it shows."""

    viewer: Viewer
    row: Request
    record: Record

    @cached_property
    def release(self) -> Release:
        return releases.load(self.viewer.session, self.row.release)

    @cached_property
    def comments(self) -> list[Record]:
        return cases.comment_records(self.viewer, self.row)

    @cached_property
    def attachments(self) -> list[Record]:
        return cases.attachment_records(self.viewer, self.row)


@dataclass(frozen=True)
class RequestView(CaseView):
    """The page of a request."""

    @cached_property
    def shown(self) -> Shown:
        return for_viewer(self.viewer, self.row)

    @cached_property
    def sections(self) -> list[Section]:
        return sheet_of(self.viewer, self.release, self.shown).sections()

    @cached_property
    def steps(self) -> list[Record]:
        """The steps as the macro draws them."""
        found = cases.progress(self.viewer, self.row, at=now())
        return [
            {**one, "label": one["title"], "state": STEP_STATES.get(one["state"], one["state"]), "detail": one["who"]}
            for one in found
        ]

    @property
    def parts(self) -> list[Record]:
        """The departments that work on it, with their tasks."""
        return [step for step in self.steps if step["kind"] == "department"]

    @cached_property
    def ahead(self) -> Sequence[catalog.TaskPreview]:
        """What follows once all have approved."""
        waits = self.row.state == "pending_approval"
        return catalog.work_ahead(self.viewer.session, self.row, at=now()) if waits else ()

    @cached_property
    def approvals(self) -> list[Record]:
        """Voices that were asked, of this round and of those before, and the stages that are still to come."""
        return cases.approval_records(self.viewer, self.row)

    @property
    def sent_back(self) -> list[Record]:
        """What approvers wanted changed, where the request lies with its requester because of that."""
        if self.row.state != "returned":
            return []
        return [one for one in self.approvals if one["state"] == "returned" and one["round"] == self.row.round]

    @cached_property
    def mine_to_decide(self) -> Approval | None:
        """The approval on this request that waits for the viewer."""
        return mine_on(self.viewer, self.row.id)

    @cached_property
    def clocks(self) -> list[Record]:
        return [one for one in cases.clock_records(self.viewer, self.row, at=now()) if one["task"] is None]

    @cached_property
    def ledgers(self) -> list[Ledger]:
        """Why each clock of the request is due when it is; those of its tasks stand with the tasks."""
        clocks = [one for one in rows_of(self._session, Clock, self.row.id) if one.task_id is None]
        inorder = sorted(clocks, key=lambda one: (one.started_at, one.measure, one.id))
        return cases.ledgers(self._session, self.row, inorder, at=now(), tasks={})

    @property
    def _session(self) -> Session:
        return self.viewer.session

    @cached_property
    def family(self) -> Sequence[Any]:
        """Child requests that the viewer may see, by the task that ordered them."""
        rows = self.viewer.session.scalars(
            select(Request).where(Request.parent_id == self.row.id, visible_requests(self.viewer))
        ).all()
        return cases.request_rows(self.viewer, rows)

    @cached_property
    def history(self) -> list[tuple[str, str]]:
        """Moment and sentence of what happened, the newest first."""
        records = cases.event_records(self.viewer.session, self.row)
        told = [one for one in records if one["kind"] not in QUIET and self._may_read(one)]
        people = [who for one in told for who in _people_in(one)]
        groups = [voice.get("group") for one in told for voice in one["body"].get("voices", ())]
        names = gather(self.viewer.session, people, groups)
        return [(one["at"], sentences.event_sentence(one, names)) for one in reversed(told)]

    def _may_read(self, record: Record) -> bool:
        internal = record["kind"] == "request.commented" and record["body"]["internal"]
        return not internal or reads_internal(self.viewer, self.row)

    @property
    def home(self) -> tuple[str, str]:
        """The list that the viewer has this request in."""
        if self.viewer.id in (self.row.requester_id, self.row.beneficiary_id) or self.is_watching:
            return _("My requests"), "/requests"
        return (_("Requests"), "/desk/requests") if self.is_agent else (_("Approvals"), "/approvals")

    @property
    def is_agent(self) -> bool:
        return self.viewer.is_agent_of(self.row)

    @property
    def is_watching(self) -> bool:
        return any(one["id"] == self.viewer.id for one in self.record["watchers"])


def sheet_of(viewer: Viewer, release: Release, shown: Shown, changed: Sequence[Record] = ()) -> Sheet:
    """The answers of a request as this viewer reads them."""
    return Sheet(
        release.form,
        shown.values,
        shown.masked,
        Directory(viewer.session, author=viewer.id, known=shown.values),
        directory.zone_of(viewer.person),
        {one["key"]: one for one in changed},
    )


def view_of(number: str) -> RequestView:
    """What the page shows of a request that the signed-in person may see whole."""
    row = request_for(viewer(), number)
    return RequestView(viewer(), row, cases.request_record(viewer(), row, at=now()))


@pages.get("/requests/<number>")
def show(number: str) -> ResponseReturnValue:
    """The page; a request that was just made is known by its id, and shown under its number."""
    row = request_for(viewer(), number)
    if number != row.number:
        return redirect(f"/requests/{row.number}", code=303)
    view = view_of(number)
    note_reading(view.row, viewer=viewer(), at=now())
    acts = [ACTS[act] for act in view.record["actions"] if act in ACTS]
    return render_template(
        "portal/request.html",
        view=view,
        case=view.record,
        buttons=[act for act in acts if act.key in PROMINENT],
        menu=[act for act in acts if act.key not in PROMINENT],
        words=words,
        shown=request.args.get("ledger", ""),
        whole="whole" in request.args,
    )


@pages.get("/requests/<number>/files/<sha256>")
def answer_file(number: str, sha256: str) -> Response:
    """A file that stands in the answers, for whoever may read that answer."""
    row = request_for(viewer(), number)
    file = files_in(for_viewer(viewer(), row).values).get(sha256)
    if file is None:
        raise NotFound(_("There is no such file."))
    note_reading(row, viewer=viewer(), at=now(), kind="file")
    return download(sha256, name=file["name"], media_type=file["media_type"])


def _people_in(record: Record) -> list[str | None]:
    """The ids that a sentence about this event may name."""
    body = record["body"]
    voices = [one.get("person") for one in body.get("voices", ())]
    return [
        record["actor"],
        record["on_behalf_of"],
        *(body.get(key) for key in ("person", "assignee", "holder")),
        *voices,
    ]
