"""The people file: every error at once with its line, nothing imported on error, and only what differs recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from tests.databases import on_sqlite
from tests.factories.packs import DEPARTMENT, LAPTOP, REPAIR, publish_pack
from tests.factories.people import make_group, make_person

import servicehall
from servicehall.cli import application, main
from servicehall.clock import now
from servicehall.errors import Invalid
from servicehall.models.base import db
from servicehall.models.directory import Department, Group, Membership, Person
from servicehall.models.fulfilment import Task
from servicehall.models.log import EventRow
from servicehall.models.requests import Request
from servicehall.services import people, requests, tasks
from servicehall.services.directory_import import Imported, OpenHands, PeopleRefused, import_people
from servicehall.services.requests import Order
from servicehall.services.visibility import Viewer

DEMO = Path(servicehall.__file__).parent / "demo" / "people.csv"


def run(*lines: str, dry_run: bool = False) -> Imported:
    return import_people("\n".join(lines).encode(), at=now(), dry_run=dry_run)


def refused(*lines: str) -> list[tuple[int, str, str]]:
    with pytest.raises(PeopleRefused) as caught:
        run(*lines)
    return [(fault.line, fault.column, fault.code) for fault in caught.value.faults]


def count_events(session: Session) -> int:
    return int(session.scalar(select(func.count()).select_from(EventRow)) or 0)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_import_tells_how_far_it_is_also_of_those_who_are_as_they_were(session: Session) -> None:
    told: list[int] = []
    data = b"email,name\nana@example.com,Ana\nbo@example.com,Bo\n"
    for line in (b"", b"cy@example.com,Cy\n"):
        import_people(data + line, at=now(), progress=told.append)
    assert told == [0, 1, 1, 2, 1]


def by_email(session: Session, email: str) -> Person:
    return session.scalars(select(Person).where(Person.email == email)).one()


def members(session: Session, key: str) -> tuple[set[str], str | None, str | None]:
    """The addresses in a group, its lead's, and its department."""
    group = session.scalars(select(Group).where(Group.key == key)).one()
    rows = session.scalars(
        select(Person.email).join(Membership, Membership.person_id == Person.id).where(Membership.group_id == group.id)
    )
    lead = session.get(Person, group.lead_id) if group.lead_id else None
    return set(rows), lead.email if lead else None, group.department


class TestFirstImport:
    def test_the_demo_company_comes_in_whole_and_a_second_time_changes_nothing(self, session: Session) -> None:
        done = import_people(DEMO.read_bytes(), at=now())
        assert (len(done.created), done.changed, done.unchanged) == (62, (), 0)
        assert set(done.departments) == {"finance", "it", "hr", "facilities"}
        before = count_events(session)
        again = import_people(DEMO.read_bytes(), at=now())
        assert (again.created, again.changed, again.unchanged) == ((), (), 62)
        assert (again.departments, again.groups, count_events(session)) == ((), (), before)

    def test_everything_that_a_row_says_is_kept(self, session: Session) -> None:
        run(
            "email,name,name_zh,department,department_head,title,location,manager,grade,type,groups,skills,"
            "approval_limit,currency,start_date,time_zone,locale,roles,active",
            "Ana@Example.com, Ana ,安娜,it,yes,Head,Berlin,ben@example.com,M2,employee,it/it-leads!; all,"
            "ad; exchange;ad,1000.50,eur,2020-02-29,Europe/Berlin,zh-CN,admin; Finance Controller,yes",
            "ben@example.com,Ben,,,,,,,,,,,,,,,,,",
        )
        ana, ben = by_email(session, "ana@example.com"), by_email(session, "ben@example.com")
        assert (ana.name, ana.name_zh, ana.department, ana.manager_id) == ("Ana", "安娜", "it", ben.id)
        assert (ana.skills, ana.roles) == (["ad", "exchange"], ["admin", "Finance Controller"])
        assert (ana.approval_limit, ana.currency, str(ana.start_date)) == ("1000.50", "EUR", "2020-02-29")
        assert (ana.time_zone, ana.locale, ana.active, ben.active) == ("Europe/Berlin", "zh-CN", True, True)
        assert session.get_one(Department, "it").head_id == ana.id
        assert members(session, "it-leads") == ({"ana@example.com"}, "ana@example.com", "it")
        assert members(session, "all") == ({"ana@example.com"}, None, None)

    @pytest.mark.parametrize("bom", ["", "\ufeff"])
    def test_a_byte_order_mark_line_ends_and_blank_lines_do_not_matter(self, session: Session, bom: str) -> None:
        run(f'{bom}email,name\r\n\r\nana@example.com,"Ana\r\nMaria"\r\n,\r\n'.replace("\r\nMaria", " Maria"))
        assert by_email(session, "ana@example.com").name == "Ana Maria"

    def test_no_query_is_made_for_each_row(self, session: Session) -> None:
        lines = ["email,name,department,manager,groups"]
        lines += [f"p{n}@example.com,P{n},d{n % 3},{'p0@example.com' if n else ''},g{n % 5}" for n in range(400)]
        run(*lines)
        counted: list[str] = []

        @event.listens_for(db.engine, "before_cursor_execute")
        def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            counted.append(statement)

        try:
            run(*lines)
            assert len(counted) < 15
        finally:
            event.remove(db.engine, "before_cursor_execute", count)


class TestSecondImport:
    @pytest.fixture(autouse=True)
    def _known(self, session: Session) -> None:
        run(
            "email,name,title,department,department_head,manager,groups,approval_limit,currency",
            "ana@example.com,Ana,Lead,it,yes,,it/desk!;it/leads,100,EUR",
            "ben@example.com,Ben,Agent,it,,ana@example.com,it/desk,,",
        )

    def test_an_absent_column_leaves_and_an_empty_cell_clears(self, session: Session) -> None:
        done = run("email,title,manager", "ben@example.com,,")
        ben = by_email(session, "ben@example.com")
        assert (ben.name, ben.title, ben.manager_id, ben.department) == ("Ben", None, None, "it")
        assert done.changed == ("ben@example.com",)

    def test_only_what_differs_is_recorded(self, session: Session) -> None:
        before = count_events(session)
        done = run("email,title", "ana@example.com,Lead", "ben@example.com,Boss")
        rows = session.scalars(select(EventRow).order_by(EventRow.at.desc()).limit(1)).one()
        assert (count_events(session) - before, done.unchanged) == (1, 1)
        assert (rows.kind, rows.body["changed"]) == ("person.recorded", ["title"])

    def test_who_is_missing_stays_as_they_are(self, session: Session) -> None:
        run("email,name", "cem@example.com,Cem")
        assert by_email(session, "ana@example.com").active
        assert members(session, "desk")[0] == {"ana@example.com", "ben@example.com"}

    def test_groups_are_those_of_the_cell_and_no_other(self, session: Session) -> None:
        run("email,groups", "ana@example.com,leads", "ben@example.com,desk!;leads")
        assert members(session, "desk") == ({"ben@example.com"}, "ben@example.com", "it")
        assert members(session, "leads") == ({"ana@example.com", "ben@example.com"}, None, "it")

    def test_a_head_is_taken_back_and_given(self, session: Session) -> None:
        run("email,department_head", "ana@example.com,no")
        assert session.get_one(Department, "it").head_id is None
        run("email,department_head", "ben@example.com,yes")
        session.expire_all()
        assert session.get_one(Department, "it").head_id == by_email(session, "ben@example.com").id

    def test_a_manager_may_be_somebody_known_before(self, session: Session) -> None:
        run("email,name,manager", "cem@example.com,Cem,BEN@example.com")
        assert by_email(session, "cem@example.com").manager_id == by_email(session, "ben@example.com").id

    def test_a_circle_through_people_known_before_is_named(self, session: Session) -> None:
        with pytest.raises(PeopleRefused) as caught:
            run("email,manager", "ana@example.com,ben@example.com")
        (fault,) = caught.value.faults
        assert (fault.line, fault.column, fault.code) == (2, "manager", "cycle")
        assert "ana@example.com → ben@example.com → ana@example.com" in fault.message

    def test_deactivating_tells_and_coming_back_is_a_change(self, session: Session) -> None:
        assert run("email,active", "ben@example.com,no").deactivated == ("ben@example.com",)
        assert not by_email(session, "ben@example.com").active
        assert run("email,active", "ben@example.com,no").deactivated == ()
        assert run("email,active", "ben@example.com,yes").changed == ("ben@example.com",)

    def test_a_dry_run_says_the_same_and_records_nothing(self, session: Session) -> None:
        before = count_events(session)
        done = run("email,name,department", "cem@example.com,Cem,hr", "ben@example.com,Benno,it", dry_run=True)
        assert (done.created, done.changed, done.departments) == (("cem@example.com",), ("ben@example.com",), ("hr",))
        assert count_events(session) == before


class TestRefused:
    @on_sqlite
    @pytest.mark.parametrize(
        ("column", "cell", "code"),
        [
            ("email", "", "required"),
            ("email", "nobody", "format"),
            ("email", "a b@example.com", "format"),
            ("email", "a@localhost", "format"),
            ("name", "", "required"),
            ("name", "x" * 201, "too_long"),
            ("title", "a\x00b", "format"),
            ("department", "IT Support", "format"),
            ("department_head", "perhaps", "choice"),
            ("manager", "ghost@example.com", "unknown"),
            ("manager", "ana@example.com", "cycle"),
            ("groups", "a/b/c", "format"),
            ("groups", "a b", "format"),
            ("approval_limit", "1,000", "format"),
            ("approval_limit", "-1", "format"),
            ("approval_limit", "NaN", "format"),
            ("currency", "XYZW", "choice"),
            ("start_date", "2026-02-30", "format"),
            ("start_date", "01.02.2026", "format"),
            ("start_date", "20260201", "format"),
            ("time_zone", "Mars/Olympus", "choice"),
            ("locale", "fr", "choice"),
            ("locale", "??", "choice"),
            ("active", "maybe", "choice"),
        ],
    )
    def test_a_wrong_cell_is_named_with_its_line(self, session: Session, column: str, cell: str, code: str) -> None:
        row = {"email": "ana@example.com", "name": "Ana"} | {column: f'"{cell}"'}
        found = refused(",".join(row), "bo@example.com,Bo" + "," * (len(row) - 2), ",".join(row.values()))
        assert found == [(3, column, code)]
        assert session.scalars(select(Person)).all() == []

    @on_sqlite
    def test_every_wrong_group_of_a_cell_is_named(self, session: Session) -> None:
        with pytest.raises(PeopleRefused) as caught:
            run("email,name,groups", "ana@example.com,Ana,a b;desk;A/x;c d!")
        told = caught.value.faults[0].message
        assert [name in told for name in ("“a b”", "“A”", "“c d”", "“desk”")] == [True, True, True, False]

    def test_all_errors_come_at_once(self, session: Session) -> None:
        found = refused(
            "email,name,manager,start_date,boss",
            "ana@example.com,Ana,ben@example.com,2026-13-01,",
            "ben@example.com,Ben,ana@example.com,,",
            "cem@example.com,,nobody@example.com,,",
            "ana@example.com,Ana again,,,",
            "dora@example.com,Dora",
        )
        assert found == [
            (1, "boss", "unknown"),
            (2, "start_date", "format"),
            (2, "manager", "cycle"),
            (4, "name", "required"),
            (4, "manager", "unknown"),
            (5, "email", "duplicate"),
            (6, "", "format"),
        ]
        assert count_events(session) == 0

    @on_sqlite
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            ((), [(1, "email", "required")]),
            (("name", "Ana"), [(1, "email", "required")]),
            (("email", "ana@example.com"), [(2, "name", "required")]),
            (("email,name,name", "ana@example.com,Ana,Ana"), [(1, "name", "duplicate")]),
            (("email,name", 'ana@example.com,"Ana'), [(2, "", "format")]),
            (("email,name", "ana@example.com,Ana,more"), [(2, "", "format")]),
        ],
    )
    def test_a_file_of_the_wrong_shape(
        self, session: Session, lines: tuple[str, ...], expected: list[tuple[int, str, str]]
    ) -> None:
        assert refused(*lines) == expected

    def test_another_encoding_is_told_with_its_line(self, session: Session) -> None:
        with pytest.raises(PeopleRefused) as caught:
            import_people("email,name\na@example.com,A\nb@example.com,张".encode("gb18030"), at=now())
        assert [(fault.line, fault.code) for fault in caught.value.faults] == [(3, "encoding")]

    def test_departments_have_one_head_and_groups_one_lead_and_one_department(self, session: Session) -> None:
        found = refused(
            "email,name,department,department_head,groups",
            "ana@example.com,Ana,it,yes,it/desk!",
            "ben@example.com,Ben,it,yes,hr/desk!",
            "cem@example.com,Cem,,yes,",
        )
        assert found == [
            (3, "department_head", "duplicate"),
            (3, "groups", "conflict"),
            (3, "groups", "duplicate"),
            (4, "department_head", "required"),
        ]

    def test_a_long_circle_is_told_once_and_whole(self, session: Session) -> None:
        lines = [f"p{n}@example.com,P{n},p{(n + 1) % 4}@example.com" for n in range(4)]
        outside = "out@example.com,Out,p2@example.com"
        with pytest.raises(PeopleRefused) as caught:
            run("email,name,manager", outside, *lines)
        (fault,) = caught.value.faults
        assert fault.line == 3
        assert "p0@example.com → p1@example.com → p2@example.com → p3@example.com → p0@example.com" in fault.message


class TestCommand:
    @pytest.fixture
    def command(self, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        monkeypatch.setattr(application, "make_app", lambda: app)

        def call(text: str, *options: str) -> Any:
            path = tmp_path / "people.csv"
            path.write_text(text, encoding="utf-8")
            return CliRunner().invoke(main, ["directory", "import", str(path), *options])

        return call

    def test_it_opens_accounts_for_active_people_only(self, app: Flask, command: Callable[..., Any]) -> None:
        answer = command("email,name,active\nana@example.com,Ana,yes\nben@example.com,Ben,no\n", "--json")
        assert answer.exit_code == 0, answer.output
        assert json.loads(answer.stdout)["created"] == ["ana@example.com", "ben@example.com"]
        with app.app_context():
            assert list(db.session.scalars(select(User.username))) == ["ana@example.com"]

    def test_errors_are_printed_with_file_and_line_and_exit_with_1(self, command: Callable[..., Any]) -> None:
        answer = command("email,name\nana,Ana\n")
        assert answer.exit_code == 1
        assert "people.csv:2: email: " in answer.stderr
        answer = command("email,name\nana,Ana\n", "--json")
        assert answer.exit_code == 1
        (error,) = json.loads(answer.stdout)["errors"]
        assert (error["line"], error["column"], error["code"]) == (2, "email", "format")

    def test_a_dry_run_opens_no_account(self, app: Flask, command: Callable[..., Any]) -> None:
        assert command("email,name\nana@example.com,Ana\n", "--dry-run").exit_code == 0
        with app.app_context():
            assert list(db.session.scalars(select(User.username))) == []


class TestPages:
    """One person and one group, by the same rules."""

    def test_a_person_is_edited_by_column(self, session: Session) -> None:
        ana = make_person("ana@example.com", title="Agent", grade="P4")
        people.record_person({"email": "ana@example.com", "title": "Lead", "grade": ""}, actor=ana.id, at=now())
        row = by_email(session, "ana@example.com")
        assert (row.title, row.grade) == ("Lead", None)

    @on_sqlite
    @pytest.mark.parametrize(
        ("cells", "path"),
        [
            ({"email": "ana@example.com", "start_date": "soon"}, "start_date"),
            ({"email": "ana@example.com", "manager": "ana@example.com"}, "manager"),
            ({"email": "ana@example.com", "salary": "1"}, "salary"),
            ({"name": "Ana"}, "email"),
        ],
    )
    def test_wrong_cells_are_named_by_column(self, session: Session, cells: dict[str, str], path: str) -> None:
        make_person("ana@example.com")
        with pytest.raises(Invalid) as caught:
            people.record_person(cells, actor="system", at=now())
        assert [problem.path for problem in caught.value.problems] == [path]

    def test_a_group_is_recorded_once(self, session: Session) -> None:
        make_person("ana@example.com")
        said = {"department": "it", "members": ["Ana@example.com"], "lead": "ana@example.com"}
        made = people.record_group("it-desk", **said, actor="system", at=now())  # type: ignore[arg-type]
        before = count_events(session)
        assert people.record_group("it-desk", **said, actor="system", at=now()) == made  # type: ignore[arg-type]
        assert count_events(session) == before
        assert members(session, "it-desk") == ({"ana@example.com"}, "ana@example.com", "it")

    def test_a_wrong_group_names_every_place(self, session: Session) -> None:
        with pytest.raises(Invalid) as caught:
            people.record_group(
                "it desk",
                department="IT",
                members=["ghost@example.com"],
                lead="ghost@example.com",
                actor="system",
                at=now(),
            )
        assert [problem.path for problem in caught.value.problems] == ["key", "department", "members[0]", "lead"]

    def test_preferences_merge_and_null_takes_back(self, session: Session) -> None:
        ana = make_person("ana@example.com")
        people.set_preferences(ana.id, {"mail": {"all": True, "task_ready": False}, "density": "compact"}, at=now())
        people.set_preferences(ana.id, {"mail": {"all": False}, "density": None}, at=now())
        row = by_email(session, "ana@example.com")
        assert row.preferences == {"mail": {"all": False, "task_ready": False}}

    @on_sqlite
    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"mail": {"no_such_event": True}}, "mail.no_such_event"),
            ({"mail": {"all": 1}}, "mail.all"),
            ({"mail": True}, "mail"),
            ({"density": "tiny"}, "density"),
            ({"roles": ["admin"]}, "roles"),
        ],
    )
    def test_wrong_preferences_are_refused(self, session: Session, changes: dict[str, Any], path: str) -> None:
        ana = make_person("ana@example.com")
        with pytest.raises(Invalid) as caught:
            people.set_preferences(ana.id, changes, at=now())
        assert [problem.path for problem in caught.value.problems] == [path]


def test_members_who_have_no_row_stay_in_their_groups(session: Session) -> None:
    ana, ben = make_person("ana@example.com"), make_person("ben@example.com")
    make_group("desk", [ana.id, ben.id], department="it", lead=ben.id)
    run("email,groups", "ana@example.com,")
    assert members(session, "desk") == ({"ben@example.com"}, "ben@example.com", "it")


def test_what_is_open_in_the_hands_of_the_inactive_is_told(session: Session, tmp_path: Path) -> None:
    run("email,name,manager,groups", "boss@example.com,Boss,,", "ana@example.com,Ana,boss@example.com,it/it-desk")
    publish_pack(tmp_path, {"it.yaml": DEPARTMENT, "laptop.yaml": LAPTOP, "repair.yaml": REPAIR})
    ana = Viewer(session, by_email(session, "ana@example.com"))
    numbers = []
    for service in ("it/laptop", "it/repair"):
        request = session.get_one(Request, requests.order(Order(service, {}), viewer=ana, at=now()))
        numbers.append(request.number)
    tasks.claim(session.scalars(select(Task)).one(), viewer=ana, at=now())
    for dry_run in (True, False, False):
        done = run("email,active", "ana@example.com,no", "boss@example.com,no", dry_run=dry_run)
        assert done.open == (
            OpenHands("ana@example.com", (), (f"{numbers[1]}/repair-it",), tuple(sorted(numbers))),
            OpenHands("boss@example.com", (numbers[0],), (), ()),
        )
