"""The page on which running clocks are moved to the calendars and policies of today, after a look at what moves."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue

from servicehall.clock import now
from servicehall.errors import Conflict
from servicehall.services import cases, recomputation, recomputation_orders
from servicehall.services.recomputation import Preview, Scope
from servicehall.texts import _
from servicehall.web.admin.common import author, sent, typed
from servicehall.web.once import once
from servicehall.web.portal import words

pages = Blueprint("admin_clocks", __name__)

MOST = 200


@pages.get("/admin/clocks")
def listed() -> ResponseReturnValue:
    """`?calendar=&service=&order=`: the clocks that do not go by what holds today, and how far an order is."""
    viewer = author()
    everything = recomputation.preview(viewer.session, recomputation.scope_for(viewer), at=now())
    found = everything.within(Scope(calendar=typed("calendar") or None, service=typed("service") or None))
    order = typed("order")
    return render_template(
        "admin/clocks.html",
        found=found,
        rows=cases.move_records(viewer.session, found.moves[:MOST], viewer=viewer),
        most=MOST,
        counts=_counts(found),
        calendar=typed("calendar"),
        service=typed("service"),
        calendars=[(one, one) for one in everything.calendars],
        services=[(one, one) for one in everything.services],
        anything=bool(everything.moves),
        standing=recomputation_orders.standing(viewer.session, order) if order else None,
        words=words,
    )


@pages.post("/admin/clocks")
@once("/admin/clocks")
def move() -> ResponseReturnValue:
    """Orders what was seen; where that has changed since, shows it anew."""
    viewer = author()
    scope = recomputation.scope_for(viewer, calendar=sent("calendar") or None, service=sent("service") or None)
    try:
        made, found = recomputation_orders.order(
            viewer.session, scope, basis=sent("basis"), actor=viewer.id, at=now(), comment=sent("comment")[:4_000]
        )
    except Conflict as refused:
        flash(str(refused), "warning")
        return redirect("/admin/clocks", code=303)
    flash(_("{n} clocks are being moved.", n=len(found.moves)), "success")
    return redirect(f"/admin/clocks?order={made}", code=303)


def _counts(found: Preview) -> dict[str, int]:
    """How many clocks would be due later, as before and earlier, end, be missed, and be missed no more."""
    shifted = [(move.clock.due_at, move.due_at) for move in found.moves]
    return {
        "later": sum(then is not None and was is not None and then > was for was, then in shifted),
        "same": found.unchanged,
        "earlier": sum(then is not None and was is not None and then < was for was, then in shifted),
        "ends": sum(move.ends for move in found.moves),
        "missed": sum(move.misses for move in found.moves),
        "withdrawn": sum(move.withdraws for move in found.moves),
        "acts": sum(bool(move.acts) for move in found.moves),
    }
