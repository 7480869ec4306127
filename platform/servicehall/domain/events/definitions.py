"""Documents and their versions."""

from __future__ import annotations

from servicehall.domain.events.base import Event, event


@event("document.drafted")
class DocumentDrafted(Event):
    """A step of the draft: the first of a document that has a version leads on from it (`base`)."""

    document: str
    kind: str
    department: str
    key: str
    content: str
    step: int = 1
    base: str | None = None


@event("document.draft_stepped")
class DraftStepped(Event):
    """Undo or redo: the draft is again what it was at that step."""

    step: int
    content: str


@event("document.published")
class DocumentPublished(Event):
    """`release` is what new requests of a service are pinned to; `comment` is content."""

    version: int
    content: str
    release: str | None = None
    comment: str | None = None


@event("document.release_built")
class ReleaseBuilt(Event):
    """A shared document that this service uses was published: the same version, resolved anew."""

    release: str
    because: str


@event("document.draft_discarded")
class DraftDiscarded(Event):
    content: str


@event("document.retired")
class DocumentRetired(Event):
    version: int


@event("document.submitted")
class DraftSubmitted(Event):
    """An author asks for review of the draft as it is; `comment` is content."""

    content: str
    comment: str | None = None


@event("document.sent_back")
class DraftSentBack(Event):
    """A reviewer wants the draft changed before it is published; `comment` is content."""

    content: str
    comment: str


@event("document.publication_scheduled")
class PublicationScheduled(Event):
    """The draft is to be published at this instant, by whoever says so here; any edit takes that back."""

    publish_at: str
    content: str
    comment: str | None = None


@event("document.publication_cancelled")
class PublicationCancelled(Event):
    content: str


@event("document.publication_failed")
class PublicationFailed(Event):
    """At its moment the draft could not be published; `why` says it in words, as content."""

    content: str
    why: str
