"""What a set of answers comes to: visibility, requirement, defaults, computed values, cascades, rules, and who asks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from servicehall.domain.conditions import Context, PersonFacts, RequestFacts
from servicehall.forms import NoLookup, compile_form, merge

ANA = PersonFacts(id="p1", name="Ana", email="ana@example.com", department="hr")
BO = PersonFacts(id="p2", name="Bo", email="bo@example.com", department="it", location="berlin")
CONTEXT = Context(
    ANA, BO, now=datetime(2026, 11, 22, 9, 30, tzinfo=UTC), today=date(2026, 11, 22), request=RequestFacts("request")
)


def form(*fields, **page):
    return compile_form({"pages": [{"key": "main", "fields": list(fields), **page}]})


def field(key, kind="text", **more):
    return {"key": key, "type": kind, **more}


def options(*keys, **nested):
    return [{"key": key, "label": key, "options": options(*nested.get(key, ()))} for key in keys]


def check(compiled, raw, **given):
    return compiled.check(raw, CONTEXT, lookup=NoLookup(), **given)


def codes(checked):
    return [(one.path, one.code) for one in checked.errors]


def test_every_error_is_told_at_once_in_the_order_of_the_form():
    compiled = form(field("a", required=True), field("b", "integer"), field("c", "date"))
    checked = check(compiled, {"zz": 1, "c": "x", "b": "x"})
    assert codes(checked) == [("zz", "unknown"), ("a", "required"), ("b", "type"), ("c", "type")]


class TestWhatHangsUponARefusedAnswer:
    compiled = compile_form(
        {
            "pages": [
                {
                    "key": "main",
                    "fields": [
                        field("total", "decimal", max=1000),
                        field("twice", "computed", value="total * 2", **{"as": "decimal"}),
                    ],
                },
                {
                    "key": "more",
                    "visible": "total > 500",
                    "fields": [
                        field("why", required=True),
                        field("until", "date", visible="twice > 10"),
                        field("rows", "table", columns=[field("n", "integer", visible="total > 1")]),
                    ],
                },
            ]
        }
    )

    def test_conditions_go_by_an_answer_that_is_only_beyond_its_limits(self):
        checked = check(self.compiled, {"total": "5000", "until": "x", "rows": [{"n": "x"}]})
        assert codes(checked) == [("total", "max"), ("why", "required"), ("until", "type"), ("rows[0].n", "type")]
        assert "total" not in checked.answers and "twice" not in checked.answers

    def test_what_was_given_where_nothing_can_be_told_is_judged_all_the_same(self):
        checked = check(self.compiled, {"total": "many", "until": "x", "rows": [{"n": 5}]})
        assert codes(checked) == [("total", "type"), ("until", "type")]
        assert checked.answers == {} and checked.visible == ("total", "twice")

    def test_rows_beyond_the_last_that_is_allowed_are_judged_too(self):
        compiled = form(field("rows", "table", max_rows=1, columns=[field("n", "integer")]))
        checked = check(compiled, {"rows": [{"n": "x"}, {"n": 1}, {"n": "y"}]})
        assert codes(checked) == [("rows[0].n", "type"), ("rows[2].n", "type"), ("rows", "max_rows")]

    def test_what_is_hidden_for_a_reason_is_dropped_unread(self):
        assert codes(check(self.compiled, {"total": "5", "until": "x"})) == []
        assert codes(check(self.compiled, {"total": "-1e9999", "until": "x"})) == [("total", "type"), ("until", "type")]


@pytest.mark.parametrize("raw", [None, [], "x", 5, True, float("nan")])
def test_answers_must_be_a_mapping(raw):
    assert codes(check(form(field("a", required=True)), raw)) == [("", "type"), ("a", "required")]


def test_keys_of_any_kind_are_only_unknown():
    checked = check(form(field("a")), {5: 1, None: 2, "\ud800": 3, "x" * 5000: 4})
    assert [one.code for one in checked.errors] == ["unknown"] * 4


class TestVisibility:
    compiled = form(
        field("kind", "choice", options=options("laptop", "phone")),
        field("model", visible="kind == 'laptop'", required=True, default="X1"),
        field("case", visible="model == 'X1'", required=True),
        field("remark", "section", visible="kind == 'phone'"),
    )

    def test_what_is_invisible_is_dropped_and_never_required(self):
        checked = check(self.compiled, {"kind": "phone", "model": 17, "case": "c"})
        assert codes(checked) == []
        assert checked.answers == {"kind": "phone"}
        assert checked.visible == ("kind", "remark")

    def test_it_follows_through_a_chain_of_conditions(self):
        checked = check(self.compiled, {"kind": "laptop"})
        assert checked.visible == ("kind", "model", "case")
        assert codes(checked) == [("case", "required")]
        assert checked.answers == {"kind": "laptop", "model": "X1"}

    def test_an_unanswered_name_makes_it_invisible(self):
        assert check(self.compiled, {}).visible == ("kind",)

    def test_a_page_hides_all_its_fields(self):
        compiled = compile_form(
            {
                "pages": [
                    {"key": "one", "fields": [field("more", "boolean")]},
                    {"key": "two", "visible": "more", "fields": [field("why", required=True)]},
                ]
            }
        )
        checked = check(compiled, {"more": False, "why": "x"})
        assert (checked.pages, checked.visible, checked.answers) == (("one",), ("more",), {"more": False})
        checked = check(compiled, {"more": True})
        assert (checked.pages, codes(checked)) == (("one", "two"), [("why", "required")])

    def test_fields_below_may_decide_about_fields_above(self):
        compiled = form(field("reason", visible="urgent"), field("urgent", "boolean"))
        assert check(compiled, {"urgent": True, "reason": "r"}).answers == {"reason": "r", "urgent": True}
        assert check(compiled, {"urgent": False, "reason": "r"}).answers == {"urgent": False}


class TestRequirement:
    def test_one_of_two_may_be_required_by_each_other(self):
        compiled = form(field("a", required="!has(answers.b)"), field("b", required="!has(answers.a)"))
        assert codes(check(compiled, {})) == [("a", "required"), ("b", "required")]
        assert codes(check(compiled, {"b": "x"})) == []

    def test_a_refused_answer_is_told_once(self):
        assert codes(check(form(field("a", "integer", required=True)), {"a": "x"})) == [("a", "type")]


class TestReadOnly:
    compiled = form(
        field("site", default={"value": "requested_for.location"}, read_only=True),
        field("limit", "money", read_only="requester.department == 'hr'", default="10"),
    )

    def test_what_is_posted_is_dropped_and_the_default_stays(self):
        checked = check(self.compiled, {"site": "mars", "limit": "999"})
        assert checked.answers == {"site": "berlin", "limit": "10.00"}
        assert checked.read_only == {"site", "limit"}
        assert checked.errors == ()

    def test_what_was_stored_stays(self):
        previous = {"site": "shanghai", "limit": "20.00"}
        assert check(self.compiled, {"site": "mars"}, previous=previous).answers == previous


class TestDefaults:
    compiled = form(
        field("start", "date", default={"value": "today + days(7)"}),
        field("until", "date", default={"value": "start + days(1)"}),
        field("who", default={"value": "requester.name + '/' + requested_for.name"}),
        field("grade", default={"value": "requester.grade"}),
        field("count", "integer", default=2),
        field("half", "decimal", default={"value": "double(count) / 4"}),
        field("more", "boolean", default=False),
        field("extra", default="seen", visible="more"),
    )
    first = {
        "start": "2026-11-29",
        "until": "2026-11-30",
        "who": "Ana/Bo",
        "count": 2,
        "half": "0.5",
        "more": False,
    }

    def test_they_fill_what_is_absent(self):
        assert check(self.compiled, {}).answers == self.first

    def test_null_leaves_it_empty(self):
        assert "start" not in check(self.compiled, {"start": None}).answers

    def test_what_was_cleared_stays_so_when_it_is_checked_again(self):
        cleared = check(self.compiled, merge(self.first, {"start": None}), previous=self.first).answers
        assert "start" not in cleared
        again = check(self.compiled, merge(cleared, {"count": 3}), previous=cleared).answers
        assert "start" not in again
        assert again["count"] == 3

    def test_what_appears_later_gets_its_default_then(self):
        answers = check(self.compiled, merge(self.first, {"more": True}), previous=self.first).answers
        assert answers["extra"] == "seen"

    def test_one_that_is_not_valid_here_is_none(self):
        compiled = form(field("boss", "person", default={"value": "requester.email"}))
        assert check(compiled, {}).answers == {}
        assert check(compiled, {}).errors == ()


class TestComputed:
    compiled = form(
        field("amount", "money"),
        field("rate", "decimal"),
        field("fee", "computed", value="amount * rate", **{"as": "money"}),
        field("total", "computed", value="amount + fee", **{"as": "money"}),
        field("half", "computed", value="amount / 2", **{"as": "decimal"}),
        field("late", "computed", value="now > timestamp('2026-01-01T00:00:00Z')", **{"as": "boolean"}),
        field("day", "computed", value="today + days(1)", **{"as": "date"}),
        field("words", "computed", value="'x ' + requester.name", **{"as": "text"}),
        field("size", "computed", value="size(words)", **{"as": "integer"}),
        field("big", visible="total > 100"),
    )

    @pytest.mark.parametrize(
        ("amount", "rate", "fee"),
        [
            ("0.70", "0.05", "0.04"),  # 0.034999… in binary
            ("2.50", "0.05", "0.12"),  # 0.125, half to even
            ("3.50", "0.05", "0.18"),  # 0.175, half to even
            ("-0.10", "0.01", "0.00"),
            ("999999999.99", "1", "999999999.99"),
        ],
    )
    def test_money_is_rounded_half_even_after_twelve_digits(self, amount, rate, fee):
        assert check(self.compiled, {"amount": amount, "rate": rate}).answers["fee"] == fee

    def test_what_is_posted_for_it_is_dropped(self):
        checked = check(self.compiled, {"amount": "80", "rate": "0.5", "fee": "1", "total": {"a": 1}})
        assert checked.errors == ()
        assert checked.answers == {
            "amount": "80.00", "rate": "0.5", "fee": "40.00", "total": "120.00", "half": "40", "late": True,
            "day": "2026-11-23", "words": "x Ana", "size": 5,
        }  # fmt: skip
        assert "big" in checked.visible

    def test_without_its_parts_it_has_no_value(self):
        answers = check(self.compiled, {"amount": "80"}).answers
        assert "fee" not in answers
        assert "total" not in answers

    def test_what_is_no_number_is_no_value(self):
        compiled = form(field("n", "decimal"), field("inverse", "computed", value="1 / n", **{"as": "money"}))
        assert check(compiled, {"n": 0}).answers == {"n": "0"}


class TestChecks:
    compiled = form(
        field("start", "date"),
        field(
            "end",
            "date",
            check=[
                {"rule": "value > start", "message": {"en": "The end is after the start.", "zh": "结束晚于开始。"}},
                {"rule": "value < today + days(30)"},
            ],
        ),
    )

    @pytest.mark.parametrize(
        ("answers", "messages"),
        [
            ({}, []),
            ({"start": "2026-12-01"}, []),
            ({"start": "2026-12-01", "end": "2026-12-02"}, []),
            ({"start": "2026-12-01", "end": "2026-11-30"}, ["The end is after the start."]),
            ({"end": "2026-11-30"}, ["The end is after the start."]),
            (
                {"start": "2027-12-01", "end": "2027-11-30"},
                ["The end is after the start.", "This does not follow the form's rule."],
            ),
        ],
    )
    def test_a_rule_is_asked_where_its_own_field_has_an_answer(self, answers, messages):
        errors = check(self.compiled, answers).errors
        assert [one.message for one in errors] == messages
        assert {one.path for one in errors} <= {"end"}


class TestChoices:
    compiled = form(
        field("country", "choice", options=options("cn", "de", cn=("sh", "bj"), de=("b",))),
        field("city", "choice", required=True, options={"from": "country"}),
        field("vip", "boolean", default=False),
        field(
            "phone",
            "choice",
            options=[{"key": "basic", "price": "10"}, {"key": "gold", "when": "vip", "price": {"amount": "99.5"}}],
        ),
    )

    @pytest.mark.parametrize(
        ("country", "city", "errors"),
        [
            ("cn", "sh", []),
            ("de", "b", []),
            ("cn", "b", [("city", "choice")]),
            (None, "b", [("city", "choice")]),
            ("cn", None, [("city", "required")]),
        ],
    )
    def test_a_cascade_offers_what_the_parent_opens(self, country, city, errors):
        assert codes(check(self.compiled, {"country": country, "city": city})) == errors

    def test_an_option_may_have_a_condition(self):
        raw = {"country": "de", "city": "b", "phone": "gold"}
        assert codes(check(self.compiled, raw)) == [("phone", "choice")]
        checked = check(self.compiled, {**raw, "vip": True})
        assert checked.errors == ()
        assert [option.key for option in checked.states["phone"].options] == ["basic", "gold"]
        assert self.compiled.option_prices(checked.answers) == [{"amount": "99.5"}]

    def test_cascades_of_three_levels_know_options_that_share_a_key(self):
        tree = [
            {"key": "a", "options": [{"key": "other", "options": [{"key": "a1"}]}]},
            {"key": "b", "options": [{"key": "other", "options": [{"key": "b1"}]}]},
        ]
        compiled = form(
            field("three", "choice", options={"from": "two"}),
            field("two", "choice", options={"from": "one"}),
            field("one", "choice", options=tree),
        )
        assert codes(check(compiled, {"one": "b", "two": "other", "three": "b1"})) == []
        assert codes(check(compiled, {"one": "b", "two": "other", "three": "a1"})) == [("three", "choice")]


class TestTables:
    compiled = form(
        field("discount", "decimal", default="0"),
        field(
            "items",
            "table",
            columns=[
                field("kind", "choice", options=options("cn", "de", cn=("sh",), de=("b",))),
                field("place", "choice", options={"from": "kind"}),
                field("quantity", "integer", default=1),
                field("price", "money"),
                field("line", "computed", value="double(quantity) * price * (1 - discount)", **{"as": "money"}),
                field("why", required=True, visible="has(answers.line) && line > 100"),
            ],
        ),
        field("total", "computed", value="sum(items.filter(i, has(i.line)).map(i, i.line))", **{"as": "money"}),
    )

    def test_columns_know_their_row_and_the_form_around_it(self):
        rows = [{"price": "60", "quantity": 2, "why": "w", "kind": "de", "place": "b"}, {"price": "5"}]
        checked = check(self.compiled, {"discount": "0.1", "items": rows})
        assert checked.errors == ()
        assert checked.answers["items"] == [
            {"kind": "de", "place": "b", "quantity": 2, "price": "60.00", "line": "108.00", "why": "w"},
            {"quantity": 1, "price": "5.00", "line": "4.50"},
        ]
        assert checked.answers["total"] == "112.50"
        assert checked.states["items[0].why"].visible
        assert not checked.states["items[1].why"].visible

    def test_errors_of_rows_name_row_and_column(self):
        rows = [{"price": "60"}, {"price": "600", "place": "b", "line": "1", "why": None}]
        checked = check(self.compiled, {"items": rows})
        assert codes(checked) == [("items[1].place", "choice"), ("items[1].why", "required")]

    def test_what_was_cleared_in_a_stored_row_stays_so(self):
        stored = check(self.compiled, {"items": [{"price": "5", "quantity": None}]}).answers
        assert stored["items"] == [{"price": "5.00"}]
        again = check(self.compiled, merge(stored, {"discount": "0.5"}), previous=stored)
        assert again.answers["items"] == [{"price": "5.00"}]


class TestWhoAsks:
    compiled = form(
        field("name", required=True),
        field("budget_code", required=True, default="none"),
        field("seen", visible="has(answers.budget_code)"),
    )

    def test_fields_of_a_stage_are_not_asked_of_the_requester(self):
        checked = check(self.compiled, {"name": "a", "budget_code": "B1"}, skip={"budget_code"})
        assert (checked.answers, checked.errors, checked.visible) == ({"name": "a"}, (), ("name",))

    def test_what_a_stage_answered_before_stays(self):
        previous = {"name": "a", "budget_code": "B1"}
        checked = check(self.compiled, {"name": "b"}, previous=previous, skip={"budget_code"})
        assert checked.answers == {"name": "b", "budget_code": "B1"}

    def test_an_approver_answers_only_the_fields_of_the_stage(self):
        previous = {"name": "a"}
        raw = {"name": "changed", "budget_code": "B2", "seen": "x"}
        checked = check(self.compiled, raw, previous=previous, only={"budget_code"})
        assert checked.answers == {"name": "a", "budget_code": "B2"}
        assert checked.required == {"budget_code"}

    def test_an_approver_is_offered_the_defaults_of_the_stage(self):
        checked = check(self.compiled, {"name": "a"}, previous={"name": "a"}, only={"budget_code"})
        assert checked.answers == {"name": "a", "budget_code": "none"}

    def test_the_form_of_a_task_knows_the_request_around_it(self):
        request = form(field("total", "money"))
        task = compile_form(
            {"fields": [field("serial", required="total > 100"), field("note")]}, around=request.environment
        )
        assert codes(check(task, {}, around={"total": "500.00"})) == [("serial", "required")]
        assert check(task, {"serial": "s"}, around={"total": "5.00"}).answers == {"serial": "s"}


def test_checking_what_was_checked_changes_nothing():
    for compiled, raw in [
        (TestComputed.compiled, {"amount": "80", "rate": "0.5"}),
        (TestTables.compiled, {"items": [{"price": "60"}, {"price": "5", "kind": "cn", "place": "sh"}]}),
        (TestDefaults.compiled, {"more": True}),
    ]:
        once = check(compiled, raw).answers
        assert check(compiled, once, previous=once).answers == once
