"""The approval-chain report says what happened, reads the same everywhere, and shows every hand that touched it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, NameObject
from tests.factories.reports import ANSWERS, APPROVED, START, STREAM, edited, onboarding_case
from weasyprint.urls import FatalURLFetchingError

from servicehall.content import canonical
from servicehall.domain.chain import hash_of
from servicehall.reports import reports
from servicehall.reports.approval_chain import make_report, render
from servicehall.reports.case import Answer, CaseReport, Comment, Person, as_json
from servicehall.reports.evidence import NAME, case_data, case_digest, evidence
from servicehall.reports.pdf import Attached, make_pdf
from servicehall.reports.stamp import SigningKey, read_stamp, stamp
from servicehall.reports.verify import Verification, verify_pdf
from servicehall.reports.words import STATES, duration, moment
from servicehall.texts import LOCALES, messages, use_locale

KEY = SigningKey.from_secret("a secret of the installation, long enough")


@cache
def report(locale: str = "en", *, signed: bool = True) -> bytes:
    return make_report(onboarding_case(), locale=locale, key=KEY if signed else None)


def text_of(pdf: bytes) -> str:
    """All pages' text without any space, so that line breaks do not matter."""
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def codes(result: Verification) -> set[tuple[str, int | None, str]]:
    return {(finding.stream, finding.sequence, finding.code) for finding in result.findings}


# --- what it says --------------------------------------------------------------------------------------------


def test_the_report_says_who_was_asked_who_decided_for_whom_when_and_on_what() -> None:
    text = text_of(report())
    case = onboarding_case()
    for expected in (
        "HR-2026-00042",
        "Employee onboarding",
        "Li Na 李娜",
        "Wang Wei 王伟",
        "Manager of Li Na, who asked",
        "Sofia Krämer on behalf of Chen Jie 陈杰",
        "16 Nov 2026, 09:32:07",
        "Agreed. Laptop from stock please. 同意,请用库存笔记本。",
        "I approve this as manager",
        "Passed over: no access to the laboratory was asked for",
        "returned to the requester",
        "Create directory account and mailbox",
        "Badge photo is still missing.",
        "Page 1 of 4",
        *(line.record.hash for line in case.events),
        case.seals[0].hash,
        KEY.public,
    ):
        assert "".join(expected.split()) in text


def test_the_chinese_report_is_chinese() -> None:
    text = text_of(report("zh"))
    for expected in (
        "审批链",
        "申请人",
        "已批准",
        "2026年11月16日09:32:07",
        "代ChenJie陈杰",
        "本报告的核验方法",
    ):
        assert expected in text
    for english in ("Approved", "Requested", "Page", "Clocks", "Decision"):
        assert english not in text


def test_every_text_of_the_report_has_its_chinese() -> None:
    html = render(onboarding_case(), "zh")
    english = {message for message in messages("zh") if f">{message}<" in html}
    assert not english


@pytest.mark.parametrize("locale", LOCALES)
def test_it_names_its_language_title_and_maker(locale: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(report(locale)))
    assert reader.root_object["/Lang"] == {"en": "en", "zh": "zh-Hans"}[locale]
    assert reader.metadata is not None
    assert str(reader.metadata.title).startswith("HR-2026-00042")
    assert reader.metadata.author == "Nordlicht Instruments 北光仪器"
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert b"pdfaid" in reader.root_object["/Metadata"].get_object().get_data()


@pytest.mark.parametrize("locale", LOCALES)
def test_all_fonts_are_the_packaged_ones_and_embedded(locale: str) -> None:
    names = set()
    for page in pypdf.PdfReader(io.BytesIO(report(locale))).pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            assert "/FontFile2" in descendant["/FontDescriptor"].get_object()
            names.add(str(descendant["/BaseFont"]).split("+")[1])
    assert names
    assert all(name.startswith("Servicehall-") for name in names)


def test_rare_names_and_symbols_have_glyphs_of_ours() -> None:
    case = replace(onboarding_case(), requester=Person(name="Łukasz Čapek 喆堃镕 👍 ✓"))
    reader = pypdf.PdfReader(io.BytesIO(make_report(case, locale="zh")))
    fonts = {
        str(font.get_object()["/BaseFont"]) for page in reader.pages for font in page["/Resources"]["/Font"].values()
    }
    assert all("+Servicehall-" in name for name in fonts)
    assert any("Emoji" in name for name in fonts)
    assert "ŁukaszČapek喆堃镕👍" in "".join(reader.pages[0].extract_text().split())


def test_the_same_case_gives_the_same_bytes() -> None:
    assert make_report(onboarding_case(), locale="en", key=KEY) == report()


def test_a_report_without_stages_clocks_or_tasks_has_no_empty_sections() -> None:
    case = replace(onboarding_case(), stages=(), rounds=(), clocks=(), tasks=(), comments=(), seals=(), inclusions=())
    html = render(case, "en")
    for heading in ("Approval</h2>", "Rounds</h2>", "Clocks</h2>", "Tasks</h2>", "Comments</h2>"):
        assert heading not in html
    assert "not sealed yet" in html
    assert verify_pdf(make_report(case, locale="en")).ok


def test_two_hundred_events_repeat_the_head_row_and_stay_on_the_page() -> None:
    pdf = make_report(onboarding_case(extra_events=193), locale="en", key=KEY)
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) > 6
    assert all("SHA-256" in page.extract_text() for page in reader.pages[3:-1])
    result = verify_pdf(pdf, known_keys=[KEY.public])
    assert result.ok
    assert result.facts.events == result.facts.sealed == 200


def test_very_long_words_wrap_inside_the_page() -> None:
    case = replace(onboarding_case(), answers=(Answer(label="L" * 200, text="x" * 600),), service="S" * 200)
    lines = [
        line
        for page in pypdf.PdfReader(io.BytesIO(make_report(case, locale="en"))).pages
        for line in page.extract_text().splitlines()
    ]
    for letter, at_most in (("x", 90), ("L", 45), ("S", 60)):
        runs = [len(run) for line in lines for run in re.findall(rf"{letter}{{5,}}", line)]
        assert len(runs) > 2
        assert max(runs) <= at_most


# --- what it must not do -------------------------------------------------------------------------------------


def test_texts_are_shown_as_typed_and_never_run() -> None:
    nasty = '<script>x</script>{{ 7 * 7 }}{% raw %}<img src="file:///etc/passwd"> & "quotes"'
    case = replace(onboarding_case(), service=nasty, comments=(Comment(author=nasty, at=START, body=nasty),))
    html = render(case, "en")
    assert "<script>x" not in html
    assert "<img" not in html
    assert "".join(nasty.split()) in text_of(make_report(case, locale="en"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "../../../../pyproject.toml",
        "http://127.0.0.1:9/x.png",
        "https://example.com/x.png",
        "ftp://example.com/x",
    ],
)
def test_only_packaged_files_may_be_drawn(url: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        make_pdf(f'<img src="{url}" alt="">')


def test_data_urls_may_be_drawn() -> None:
    pixel = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/%3E"
    assert make_pdf(f'<img src="{pixel}" alt="">').startswith(b"%PDF-1.7")


def test_masked_answers_are_in_no_part_of_the_file() -> None:
    given = evidence(onboarding_case(), "en")
    assert ANSWERS.sha256.encode() in given
    assert ANSWERS.salt.encode() not in given
    assert b"6222" not in given
    assert "6222" not in text_of(report())
    assert APPROVED.salt.encode() in given


def test_a_content_of_which_print_leaves_out_a_number_is_not_attached() -> None:
    case = onboarding_case()
    first = replace(case.contents[0], value={"text": APPROVED.value, "salary": 90000})
    given = json.loads(evidence(replace(case, contents=(first, *case.contents[1:])), "en"))
    assert first.sha256 not in {one["sha256"] for one in given["contents"]}


# --- its verification ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
def test_an_untouched_report_verifies_and_tells_what_to_compare(locale: str) -> None:
    case = onboarding_case()
    result = verify_pdf(report(locale), known_keys=[KEY.public], known_seals={1: case.seals[0].hash})
    assert result.findings == ()
    assert result.ok
    assert result.facts.number == "HR-2026-00042"
    assert result.facts.key == KEY.public
    assert result.facts.heads == {STREAM: (7, case.events[6].record.hash)}
    assert result.facts.seals == {1: case.seals[0].hash}
    assert (result.facts.events, result.facts.sealed, result.facts.contents) == (7, 7, 3)


def test_any_changed_byte_of_the_file_is_found() -> None:
    pdf = report()
    for place in range(0, len(pdf), 2999):
        changed = pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]
        assert not verify_pdf(changed, known_keys=[KEY.public]).ok, place


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7\n", b"not a file at all", b"\x00" * 5000])
def test_what_is_no_report_is_a_finding_and_not_a_crash(junk: bytes) -> None:
    result = verify_pdf(junk)
    assert {finding.code for finding in result.findings} == {"unstamped", "unreadable"}


def test_a_cut_or_lengthened_file_is_found() -> None:
    pdf = report()
    assert not verify_pdf(pdf[:-200]).ok
    assert not verify_pdf(pdf + b"\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n").ok


def test_another_pdf_is_no_report() -> None:
    result = verify_pdf(stamp(make_pdf("<p>I approve.</p>"), key=KEY), known_keys=[KEY.public])
    assert {finding.code for finding in result.findings} == {"unreadable"}


def resaved(pdf: bytes, change: Callable[[pypdf.PdfWriter], None]) -> bytes:
    """The file as an editor writes it after a change, with the old stamp put back in its place."""
    old = read_stamp(pdf)
    assert old is not None
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    new = out.getvalue()
    place = new.rfind(b"startxref")
    block = re.search(rb"%servicehall-report 1\n.*?(?=startxref)", pdf, re.DOTALL)
    assert block is not None
    return new[:place] + block[0] + new[place:]


def draw_over(writer: pypdf.PdfWriter) -> None:
    """Paints a white box on page 2, as one does to make a rejection disappear."""
    page = writer.pages[1]
    over = DecodedStreamObject()
    over.set_data(page.get_contents().get_data() + b"\n1 1 1 rg 100 100 200 50 re f\n")  # type: ignore[union-attr]
    page[NameObject("/Contents")] = writer._add_object(over)


def test_what_is_drawn_over_a_page_is_found_with_its_number() -> None:
    result = verify_pdf(resaved(report(), draw_over))
    assert codes(result) == {("file", None, "changed"), ("page", 2, "edited")}


def test_a_missing_and_an_added_page_are_found() -> None:
    assert ("page", 4, "deleted") in codes(verify_pdf(resaved(report(), lambda writer: writer.remove_page(3))))
    added = verify_pdf(resaved(report(), lambda writer: writer.add_blank_page() and None))
    assert ("page", 5, "added") in codes(added)


def forged(change: Callable[[dict[str, Any]], None], *, key: SigningKey | None = None) -> bytes:
    """The report with other evidence inside, stamped anew by whoever changed it."""
    given = json.loads(evidence(onboarding_case(), "en"))
    change(given)
    case = onboarding_case()
    html = f"<p>{case_digest(case_data(case), 'en')}</p>"
    return stamp(make_pdf(html, [Attached(NAME, canonical(given), "", case.generated_at)]), key=key)


def rows(given: dict[str, Any]) -> list[dict[str, Any]]:
    return given["events"]  # type: ignore[no-any-return]


def swap(given: dict[str, Any]) -> None:
    second, third = rows(given)[1:3]
    second["sequence"], third["sequence"] = 3, 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda given: rows(given)[4].update(actor="person:x"), {(STREAM, 5, "edited")}),
        (lambda given: rows(given)[4]["body"].update(decision="reject"), {(STREAM, 5, "edited")}),
        (lambda given: rows(given).pop(3), {(STREAM, 4, "deleted"), ("print", 4, "deleted")}),
        (swap, {(STREAM, 2, "moved"), (STREAM, 3, "moved")}),
        (lambda given: rows(given).pop(), {("print", 7, "deleted"), ("evidence", None, "deleted")}),
        (lambda given: given["case"]["events"].pop(), {(STREAM, 7, "unprinted"), ("print", None, "edited")}),
        (lambda given: given["contents"][0].update(value="No."), {("evidence", 1, "edited")}),
        (lambda given: given["inclusions"][2]["proof"].pop(), {(STREAM, 3, "unsealed")}),
        (lambda given: given["seals"][0].update(count=13), {("seals", 1, "edited")}),
        (lambda given: given["case"].update(state="closed"), {("print", None, "edited"), ("print", None, "disagrees")}),
        (
            lambda given: given["case"]["stages"][0]["voices"][0].update(decided_at="2026-11-16T01:00:00Z"),
            {(STREAM, 5, "disagrees")},
        ),
        (
            lambda given: given["case"]["stages"][0]["voices"][0].update(content_sha256="0" * 64),
            {(STREAM, 5, "disagrees")},
        ),
        (
            lambda given: given["case"]["stages"][0]["voices"][0].update(comment="Never!"),
            {(STREAM, 5, "disagrees")},
        ),
        (lambda given: given["case"]["rounds"][1].update(comment_sha256="0" * 64), {(STREAM, 3, "disagrees")}),
        (lambda given: given["case"]["rounds"][1].update(event="0" * 64), {("print", None, "deleted")}),
        (lambda given: given["case"]["comments"][0].update(body="All is well."), {(STREAM, 7, "disagrees")}),
        (lambda given: given["case"].pop("stages"), {("evidence", None, "unreadable")}),
        (lambda given: given.update(format="other/1"), {("evidence", None, "unreadable")}),
        (lambda given: rows(given)[0].update(hash="zz"), {(STREAM, 1, "edited")}),
        (lambda given: rows(given)[0].update(more=1), {("evidence", None, "unreadable")}),
    ],
)
def test_changed_evidence_is_found_even_where_the_forger_stamps_anew(
    change: Callable[[dict[str, Any]], None], expected: set[tuple[str, int | None, str]]
) -> None:
    assert expected <= codes(verify_pdf(forged(change)))


def test_evidence_that_is_rebuilt_to_its_end_fails_against_a_known_key_and_seal() -> None:
    forger = SigningKey.from_secret("another secret")
    case = onboarding_case()
    pdf = forged(lambda given: given["seals"].clear() or given["inclusions"].clear(), key=forger)
    assert ("file", None, "unknown_key") in codes(verify_pdf(pdf, known_keys=[KEY.public]))
    assert ("file", None, "unsigned") in codes(verify_pdf(report(signed=False), known_keys=[KEY.public]))
    assert ("seals", 1, "rewritten") in codes(verify_pdf(report(), known_seals={1: "0" * 64}))
    assert verify_pdf(report(), known_seals={2: case.seals[0].hash}).ok


def test_a_stamp_that_names_our_key_without_its_signature_is_forged() -> None:
    forger = SigningKey.from_secret("another secret")
    pdf = make_report(onboarding_case(), locale="en", key=forger).replace(
        f"%key {forger.public}".encode(), f"%key {KEY.public}".encode()
    )
    assert ("file", None, "forged") in codes(verify_pdf(pdf, known_keys=[KEY.public]))


def test_an_event_that_was_edited_before_printing_is_named() -> None:
    case = onboarding_case()
    line = case.events[2]
    lines = list(case.events)
    lines[2] = replace(line, record=edited(line.record, actor="person:somebody-else"))
    pdf = make_report(replace(case, events=tuple(lines)), locale="en", key=KEY)
    assert (STREAM, 3, "edited") in codes(verify_pdf(pdf, known_keys=[KEY.public]))


def test_findings_are_told_in_the_readers_language() -> None:
    with use_locale("zh"):
        (finding, *_rest) = verify_pdf(resaved(report(), draw_over)).findings
    assert str(finding) == "file: 此文件在加盖校验戳之后被改动。"


def test_the_same_secret_gives_the_same_key_everywhere() -> None:
    assert SigningKey.from_secret("one").public == SigningKey.from_secret("one").public
    assert SigningKey.from_secret("one").public != SigningKey.from_secret("two").public


def test_what_does_not_end_as_a_pdf_is_not_stamped() -> None:
    with pytest.raises(ValueError, match="does not end"):
        stamp(b"hello")


# --- words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (0, "0 min", "0分钟"),
        (42, "42 s", "42秒"),
        (60, "1 min", "1分钟"),
        (3600, "1 h", "1小时"),
        (98_400, "27 h 20 min", "27小时20分钟"),
    ],
)
def test_durations_in_words(seconds: int, en: str, zh: str) -> None:
    assert duration(seconds) == en
    with use_locale("zh"):
        assert duration(seconds).replace(" ", "") == zh


def test_times_are_those_of_the_zone_asked_for() -> None:
    assert moment(START, "Europe/Berlin", seconds=True) == "16 Nov 2026, 02:12:07"
    assert moment(None, "UTC") == ""
    with use_locale("zh"):
        assert moment(START, "Asia/Shanghai") == "2026年11月16日 09:12"


def test_every_state_has_a_chinese_word() -> None:
    assert set(STATES.values()) <= set(messages("zh"))


def test_the_report_is_registered() -> None:
    assert reports["approval_chain"] is make_report


def test_a_case_becomes_plain_json() -> None:
    case: CaseReport = onboarding_case()
    data = as_json(case)
    assert canonical(data)
    assert data["created_at"] == "2026-11-16T01:12:07.250000Z"
    assert hash_of(case.events[0].record) == data["events"][0]["record"]["hash"]


def test_the_check_that_the_auditors_guide_shows_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = Path(__file__).parents[2] / "docs" / "guide-auditors.md"
    code = guide.read_text("utf-8").split("```python")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    Path("REPORT.pdf").write_bytes(report())
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["before"] == {STREAM: onboarding_case().events[-1].record.hash}
