"""Review: an author asks, and somebody who wrote none of the draft publishes it or sends it back; an edit voids it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from servicehall.documents.document import Document as Authored
from servicehall.domain import events as e
from servicehall.errors import Conflict, Invalid, Problem
from servicehall.models.definitions import ASKED, Document, DraftStep
from servicehall.services import checking, definitions, directory, document_notices, drafting
from servicehall.services.shelf import FAMILY, Name, Shelf, may_author
from servicehall.services.visibility import Viewer, visible_documents
from servicehall.services.work import work
from servicehall.texts import _

LONGEST_COMMENT = 4000


def ask(name: Name, *, comment: str, viewer: Viewer, at: datetime, expected: str | None = None) -> None:
    """Asks the others who may publish it to look at the draft as it is, and tells them.

    Errors: Invalid where a check finds an error; Conflict where there is no draft, it was asked already, or the
    department wants no second administrator.
    """
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        finder = Shelf(w.session)
        row = definitions.drafted(finder, name, expected)
        if not finder.asks_for_review(name[1]):
            raise Conflict(_("This department wants no review: publish it yourself."))
        if row.review == ASKED:
            raise Conflict(_("A review is asked for already."))
        checking.refuse_errors(w.session, finder, Authored.of(row.draft_body or {}))
        kept = w.keep(checked_comment(comment)) if comment.strip() else None
        w.record(f"document/{row.id}", e.DraftSubmitted(content=str(row.draft), comment=kept))
        authors = drafting.authors(w.session, row)
        document_notices.tell(w, "document_review", row, reviewers(w.session, name[1], without=authors | {viewer.id}))


def send_back(name: Name, *, comment: str, viewer: Viewer, at: datetime, expected: str | None = None) -> None:
    """Gives the draft back to its authors with what is to be changed; a date that was set for it is off.

    Errors: Invalid without a comment; Conflict where no review is asked for, or for one of its authors.
    """
    may_author(viewer, name[1])
    with work(FAMILY, actor=viewer.id, at=at) as w:
        row = definitions.drafted(Shelf(w.session), name, expected)
        authors = drafting.authors(w.session, row)
        if row.review != ASKED:
            raise Conflict(_("Nobody asks for a review of this."))
        if viewer.id in authors:
            raise Conflict(_("Somebody who wrote none of it reviews it."))
        kept = w.keep(checked_comment(comment))
        w.record(f"document/{row.id}", e.DraftSentBack(content=str(row.draft), comment=kept))
        document_notices.tell(w, "document_sent_back", row, (authors | {str(row.review_by)}) - {viewer.id})


def reviewers(session: Session, department: str, *, without: Collection[str] = ()) -> set[str]:
    """Who may publish documents of a department: its catalog administrators, and the platform's administrators."""
    own = (one for one in directory.with_role(session, "catalog_admin") if one.department == department)
    return {one.id for one in (*own, *directory.with_role(session, "admin"))} - set(without)


def to_review(viewer: Viewer) -> Sequence[Document]:
    """The drafts whose authors ask for a review that this viewer may give, the longest waiting first."""
    wrote = exists().where(
        DraftStep.document_id == Document.id, DraftStep.step <= Document.draft_step, DraftStep.by == viewer.id
    )
    mine = or_(Document.review_by == viewer.id, wrote)
    asked = select(Document).where(Document.review == ASKED, visible_documents(viewer), ~mine)
    return viewer.session.scalars(asked.order_by(Document.review_at, Document.id)).all()


def checked_comment(comment: str) -> str:
    """A comment that says something and can be kept; Invalid else."""
    said = comment.strip()
    if not said or len(said) > LONGEST_COMMENT:
        text = _("Write a comment of at most {limit} characters.", limit=LONGEST_COMMENT)
        raise Invalid(text, [Problem("comment", "required", text)])
    return said
