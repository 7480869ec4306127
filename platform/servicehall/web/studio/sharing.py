"""A block of a service becomes a shared document, or what is shared is written in the service (`shared.html`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as NoPage

from servicehall.clock import now
from servicehall.documents.patching import pointer
from servicehall.errors import Invalid
from servicehall.services import sharing
from servicehall.services.shelf import Name
from servicehall.services.visibility import Viewer
from servicehall.texts import _
from servicehall.web.admin.common import author, sent
from servicehall.web.once import once
from servicehall.web.portal.acting import undo as roll_back
from servicehall.web.studio.page import Page, base_of
from servicehall.web.studio.pages import ONE, render
from servicehall.web.studio.tabs import tabs_of

pages = Blueprint("studio_sharing", __name__)
BLOCKS: Mapping[str, str] = {"approval": "approval_chain", "sla": "sla_policy", "fulfilment": "fulfilment_plan"}
"""The blocks of a service that can stand in a document of their own, and its kind."""
Change = Callable[[Viewer, Name, str, str], None]


@pages.post(f"{ONE}/share/<path:place>")
@once("/studio/{kind}/{department}/{key}")
def share(kind: str, department: str, key: str, place: str) -> ResponseReturnValue:
    """What stands at a place becomes the draft `share_as` of its department, and is used there."""
    return _changed((kind, department, key), place, _share)


@pages.post(f"{ONE}/unshare/<path:place>")
@once("/studio/{kind}/{department}/{key}")
def unshare(kind: str, department: str, key: str, place: str) -> ResponseReturnValue:
    """What a place uses is written there."""
    return _changed((kind, department, key), place, _unshare)


def _changed(name: Name, place: str, change: Change) -> ResponseReturnValue:
    viewer, tabs = author(name[1]), tabs_of(name[0])
    block, *rest = place.split("/")
    if name[0] != "service" or block not in BLOCKS or len(rest) > (block == "sla"):
        raise NoPage
    tab = sent("tab") if sent("tab") in tabs else next(iter(tabs))
    try:
        change(viewer, name, pointer(block, *rest), BLOCKS[block])
    except Invalid as error:
        roll_back()
        return render(Page.of(viewer, name), tab, refused=error), error.status
    return redirect(f"{base_of(name)}/{tab}", code=303)


def _share(viewer: Viewer, name: Name, place: str, kind: str) -> None:
    sharing.share(name, place, kind=kind, key=sent("share_as"), viewer=viewer, at=now())
    flash(_("The shared document is a draft. Publish it before this one."), "success")


def _unshare(viewer: Viewer, name: Name, place: str, kind: str) -> None:
    sharing.own(name, place, kind=kind, viewer=viewer, at=now())
