"""Why a date cannot be met, in plain words: which tasks make it impossible, and the first date that works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from servicehall.domain.plan_forecast import Late
from servicehall.services.planning import Outlook
from servicehall.texts import _
from servicehall.web.formats import day

MOST = 5


def warnings(outlook: Outlook) -> Sequence[str]:
    """The sentence that says so, then one for each task; nothing where the date can be met."""
    late = outlook.forecast.late
    if not late:
        return ()
    said = {"date": day(outlook.date), "works": day(outlook.forecast.works_from)}
    first = _("{date} cannot be met, even if everybody begins at once. The first date that works is {works}.", **said)
    rest = [_("{count} more tasks would be late as well.", count=len(late) - MOST)] if len(late) > MOST else []
    return (first, *(reason(one, outlook.titles) for one in late[:MOST]), *rest)


def reason(late: Late, titles: Mapping[str, str]) -> str:
    """What would have to be done by when, and why it cannot be."""
    said = {"task": titles[late.task], "due": day(late.due_at), "earliest": day(late.earliest)}
    if not late.because:
        return _("“{task}” would have to be done by {due}.", **said)
    before = _(", ").join(_("“{title}”", title=titles[key]) for key in late.because)
    return _(
        "“{task}” would have to be done by {due}, but can be on {earliest} at the earliest, after {before}.",
        before=before,
        **said,
    )
