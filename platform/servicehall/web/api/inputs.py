"""What calls of the API take; a key that is not written here is an error."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from servicehall.documents.kinds.registry import KINDS
from servicehall.domain.approvals import DECISIONS
from servicehall.services.guests import DAYS, MOST_DAYS
from servicehall.services.listing import DEFAULT_LIMIT, MAX_LIMIT
from servicehall.services.request_lists import ROLES
from servicehall.texts import LOCALES, N_, _
from servicehall.web.api.reading import Words

MOST_DECISIONS = 200


def _answers(**more: object) -> fields.Dict:
    return fields.Dict(keys=fields.String(), load_default=dict, metadata={"description": "By field key"}, **more)  # type: ignore[arg-type]


def _text(about: str = "", **more: object) -> fields.String:
    return fields.String(allow_none=True, load_default=None, metadata={"description": about}, **more)  # type: ignore[arg-type]


class Choice(OneOf):
    """One of some words; the message names them in the reader's language."""

    def _format_error(self, value: object) -> str:
        return _("Choose one of {names}.", names=", ".join(map(str, self.choices)))


class Paging(Schema):
    limit = fields.Integer(load_default=DEFAULT_LIMIT, metadata={"minimum": 1, "maximum": MAX_LIMIT})
    cursor = fields.String(load_default=None, metadata={"description": "`next` of the page before"})


class PartsQuery(Paging):
    """The parts of one thing come all at once where no `limit` is said."""

    limit = fields.Integer(load_default=None, metadata={"minimum": 1, "maximum": MAX_LIMIT})


class ServicesQuery(Paging):
    q = fields.String(load_default="", metadata={"description": "Words, in either language"})
    department = fields.String(load_default=None)
    category = fields.String(load_default=None)


class RequestsQuery(Paging):
    role = fields.String(load_default=None, validate=Choice(ROLES))
    state = Words(load_default=list, metadata={"description": "States, separated by commas; `open` for all not ended"})
    service = fields.String(load_default=None)
    department = fields.String(load_default=None)
    q = fields.String(load_default="", metadata={"description": "The beginning of a number, or words of the title"})


class ApprovalsQuery(Paging):
    state = Words(load_default=lambda: ["pending"], metadata={"description": "States; `decided` for one's decisions"})


class TasksQuery(Paging):
    queue = fields.String(load_default=None, metadata={"description": "A group's key"})
    assignee = fields.String(load_default=None, metadata={"description": "An email, `me` or `none`"})
    state = Words(load_default=list, metadata={"description": "States, separated by commas; `open` for those in hand"})


class DefinitionsQuery(Paging):
    kind = fields.String(load_default=None, validate=Choice(tuple(KINDS)))
    department = fields.String(load_default=None)
    state = fields.String(load_default=None, validate=Choice(("draft", "published", "retired")))


class Examined(Schema):
    document = fields.Dict(load_default=None, metadata={"description": "Instead of the draft, and without saving it"})


class Publication(Schema):
    from_ = fields.AwareDateTime(
        load_default=None,
        data_key="from",
        metadata={"description": "The instant from which it holds, with Z or an offset; absent: at once"},
    )
    comment = fields.String(load_default="", validate=Length(max=4_000))


class Simulated(Schema):
    days = fields.Integer(load_default=90, validate=Range(min=1, max=3_650))
    most = fields.Integer(load_default=200, validate=Range(min=1, max=10_000))


class ReportQuery(Schema):
    locale = fields.String(load_default=None, validate=Choice(LOCALES))


class WatcherQuery(Schema):
    person = fields.String(load_default=None, metadata={"description": "An email or an id"})


class _Wish(Schema):
    answers = _answers()
    requested_for = _text("An email; nobody else than oneself if left out")
    impact = _text()
    urgency = _text()


class Who(_Wish):
    person = _text("Who would order it: an email; the caller if left out")
    at = fields.AwareDateTime(load_default=None, metadata={"description": "A moment that is over; now if left out"})


class Check(_Wish):
    priority = _text()


class Order(Check):
    service = fields.String(required=True, metadata={"description": "`department/key`"})
    draft = fields.Boolean(load_default=False)


class Amendment(Schema):
    answers = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Merged with those stored; null clears one"}
    )
    requested_for = fields.String(load_default=None, metadata={"description": "An email; in a draft"})


class Comment(Schema):
    comment = _text()


class Priority(Schema):
    priority = _text()
    impact = _text()
    urgency = _text()


class Watcher(Schema):
    person = fields.String(required=True, metadata={"description": "An email or an id"})


class NewComment(Schema):
    body = fields.String(required=True)
    internal = fields.Boolean(load_default=False)


class Decision(Schema):
    decision = fields.String(required=True, validate=Choice(DECISIONS))
    comment = _text()
    content_sha256 = fields.String(required=True, metadata={"description": "The content that was shown"})
    answers = _answers()
    password = _text("Where the stage is signed")


class OneOfMany(Decision):
    id = fields.String(required=True)


class Decisions(Schema):
    """Each item is checked for itself when its turn comes."""

    items = fields.List(
        fields.Raw(), required=True, validate=Length(min=1, max=MOST_DECISIONS, error=N_("Send 1 to 200 of them."))
    )


class Assignment(Comment):
    assignee = fields.String(required=True, allow_none=True, metadata={"description": "An email; null for the queue"})


class Completion(Comment):
    answers = _answers()


class Tick(Schema):
    item = fields.Integer(required=True, strict=True, metadata={"description": "Its place in the checklist, from 0"})
    done = fields.Boolean(required=True, truthy={True}, falsy={False})


class NewDelegation(Schema):
    deputy = fields.String(required=True, metadata={"description": "An email"})
    since = fields.Date(required=True, data_key="from")
    until = fields.Date(required=True)
    departments = fields.List(
        fields.String(),
        allow_none=True,
        load_default=None,
        validate=Length(min=1, error=N_("Name at least one, or leave it out for all.")),
    )


class AddedTask(Schema):
    title = fields.String(required=True)
    group = _text("A group's key; or a person")
    person = _text("An email")
    due_at = fields.AwareDateTime(load_default=None, allow_none=True)
    note = _text()
    shows = fields.List(fields.String(), load_default=list, metadata={"description": "Fields whose answers it shows"})
    optional = fields.Boolean(load_default=False)


class MovedDate(Schema):
    date = fields.Date(required=True)
    comment = _text()


class NewLink(Schema):
    address = fields.String(required=True, metadata={"description": "The mail address of whoever does the task"})
    days = fields.Integer(load_default=DAYS, metadata={"minimum": 1, "maximum": MOST_DAYS})
    locale = fields.String(load_default="en", metadata={"description": "The language of the page and the mail"})
