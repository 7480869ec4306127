"""A case by links: decided from a mail, signed twice, and done by a guest; what each of them reads, once and again.

Whoever comes by a link has no cookies. Access to the ledger needs the manager and two signatures.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from tests.browser.acts import choose, fill, plan_of, printed_chain
from tests.browser.conftest import PASSWORD

from servicehall import config
from servicehall.models.approvals import Approval
from servicehall.models.directory import Person
from servicehall.models.notices import ApprovalLink
from servicehall.models.requests import Request
from servicehall.services import approval_links

pytestmark = pytest.mark.browser

REASON = {"en": "I close the books of the laboratory.", "zh": "负责实验室的账务结算。"}
GUEST = "identity@partner.example"
PEOPLE = {
    "en": ("felix.neumann", "katrin.vogel", "juan.yao", "thomas.becker", "paul.krueger"),
    "zh": ("nan.jiang", "zhiyuan.fan", "juan.yao", "lan.cheng", "ting.feng"),
}
"""Who orders, who decides by mail, who signs on the page, who by mail, and who lets a guest in."""
SIGNED = {"en": ("Yao Juan", "Thomas Becker"), "zh": ("Yao Juan", "Cheng Lan")}
REFUSED = re.compile("status of (404|422)")
"""What Chromium says of the answers with which a form, or a link that was used, is refused."""


@pytest.fixture
def mailed(hall_settings, monkeypatch):
    """The link in the mail that asked somebody for a decision; mails themselves wait a minute for others."""
    monkeypatch.setattr(config, "_current", config.Settings.read(hall_settings))
    engine = create_engine(config.current().database_url)

    def link(number, email):
        found = (
            select(ApprovalLink)
            .join(Person, Person.id == ApprovalLink.person_id)
            .join(Approval, Approval.id == ApprovalLink.approval_id)
            .join(Request, Request.id == Approval.request_id)
            .where(Request.number == number, Person.email == email, ApprovalLink.used_at.is_(None))
        )
        with Session(engine) as session:
            return path_of(approval_links.url_of(session.scalars(found).one()))

    yield link
    engine.dispose()


def path_of(url):
    return url.removeprefix(f"http://{urlsplit(url).netloc}")


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_a_case_is_decided_signed_and_done_by_links(visitor, mailed, locale):
    requester, manager, signer, mail_signer, agent = (f"{name}@example.com" for name in PEOPLE[locale])
    someone = visitor(requester, locale=locale)
    number = _order(someone, locale)
    stranger = visitor(None, locale=locale)
    _decide_by_mail(stranger, mailed(number, manager), locale)
    _sign(visitor(signer, locale=locale), number)
    _sign_by_mail(stranger, mailed(number, mail_signer), mail_signer)
    _let_a_guest_do_it(visitor(agent, locale=locale), someone, stranger, number)
    _printed, text = printed_chain(visitor("zhen.ye@example.com", locale=locale), number)
    for name in SIGNED[locale]:
        signed = someone.say("{name}, {at}: {meaning}", name=name, at="@", meaning=someone.say("approval"))
        assert re.search(re.escape("".join(signed.split())).replace("@", r"\w+,?\d\d:\d\d:\d\d"), text), name
    someone.wrong[:] = [one for one in someone.wrong if not REFUSED.search(one)]


def check(someone):
    """In English at a desk, in Chinese on a phone."""
    someone.widen({"en": 1280, "zh": 375}[someone.locale])
    someone.check()
    someone.widen(1280)


def _order(someone, locale):
    someone.go("/services/it/application-access")
    choose(someone.page, "application", "finance-ledger")
    choose(someone.page, "access_role", "reader")
    fill(someone.page, "reason", REASON[locale])
    someone.press(someone.say("Send"))
    someone.page.wait_for_url("**/requests/REQ-*")
    return someone.page.url.rsplit("/", 1)[1].split("?")[0].split("#")[0]


def _decide_by_mail(stranger, link, locale):
    """Looking decides nothing, the button does, and afterwards the link says that it is decided."""
    for _look in range(2):
        stranger.go(link)
        assert REASON[locale] in stranger.text()
    check(stranger)
    stranger.press(stranger.say("Reject"))
    assert stranger.page.locator("#decision-comment[aria-invalid]").count() == 1
    check(stranger)
    stranger.press(stranger.say("Approve"))
    check(stranger)
    for _again in range(2):
        assert stranger.say("This is decided. Thank you.") in stranger.text()
        assert REASON[locale] not in stranger.text()
        stranger.go(link)


def _sign(signer, number):
    """A wrong password is refused in place; with the right one the page names who signed, and what it means."""
    page, say = signer.page, signer.say
    signer.go("/approvals")
    with page.expect_navigation():
        page.locator("tr", has_text=number).locator("a").first.click()
    page.fill("#decision-password", "not my password")
    signer.press(say("Approve"))
    assert say("The email or the password is wrong.") in signer.text("#field-password")
    check(signer)
    page.fill("#decision-password", PASSWORD)
    signer.press(say("Approve"))
    assert say("This is decided. Thank you.") in signer.text()
    check(signer)


def _sign_by_mail(stranger, link, email):
    """Without a session both are asked for each time."""
    page, say = stranger.page, stranger.say
    stranger.go(link)
    stranger.press(say("Approve"))
    assert say("This decision is signed: enter your password.") in stranger.text("#field-password")
    check(stranger)
    page.fill("#decision-email", email)
    page.fill("#decision-password", PASSWORD)
    stranger.press(say("Approve"))
    assert say("This is decided. Thank you.") in stranger.text()


def _let_a_guest_do_it(agent, requester, guest, number):
    """An agent gives the link, the guest answers by it, and the next task is ready; then it thanks again."""
    requester.go(f"/requests/{number}/plan")
    grant, _confirm = plan_of(requester)
    agent.go(grant["link"])
    agent.page.fill("#link-address", GUEST)
    agent.press(agent.say("Give the link"))
    check(agent)
    link = path_of(agent.page.input_value("#link-url"))
    guest.go(link)
    check(guest)
    guest.press(guest.say("It is done"))
    assert guest.page.locator("#field-group_name .is-invalid").count() == 1
    check(guest)
    fill(guest.page, "group_name", "ledger-readers")
    guest.press(guest.say("It is done"))
    assert guest.say("Done, thank you") in guest.text()
    check(guest)
    guest.go(link)
    assert guest.say("Done, thank you") in guest.text()
    dead = guest.page.goto(f"{guest.hall}{link[:-1]}")
    assert dead.status == 404
    guest.read()
    assert guest.say("This link does not work") in guest.text()
    check(guest)
    requester.go(f"/requests/{number}/plan")
    assert [task["state"] for task in plan_of(requester)] == [requester.say("Done"), requester.say("Ready to start")]
