"""The studio's story: a department builds "Parking permit" without code, and it is ordered, decided, done and printed.

By mouse in English, and again by keyboard alone in Chinese; both leave the same document, `parking-permit.yaml` beside
this file, but for its key and the language of its title.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.acts import do_task, fill, plan_of, printed_chain

pytestmark = pytest.mark.browser

AUTHOR, REVIEWER, EMPLOYEE = "jia.luo@example.com", "peng.duan@example.com", "mo.chen@example.com"
TABS = (
    "design",
    "approval",
    "sla",
    "fulfilment",
    "rules",
    "preview",
    "examples",
    "translate",
    "users",
    "yaml",
    "history",
)
FIELD = "/form/pages/0/fields"
PLATE = "沪A 12345"
BUILT = Path(__file__).with_name("parking-permit.yaml")
expect.set_options(timeout=30_000)


class Mouse:
    """Clicks, and types into what was clicked."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def find(self, css: str) -> Any:
        return self.page.locator(css).locator("visible=true").first

    def press(self, css: str) -> None:
        self.find(css).click()

    def type(self, css: str, text: str) -> None:
        self.find(css).fill(text)

    def choose(self, css: str, value: str) -> None:
        self.find(css).select_option(value)

    def step_up(self, css: str) -> None:
        """From the properties of a field to the field before it."""
        self.press(css)


class Keyboard(Mouse):
    """Tab to where it is, then keys: nothing is clicked, and nothing is focused by a script."""

    def reach(self, css: str) -> Any:
        """Looked for again at each step: an answer may put another in its place meanwhile."""
        wanted = self.find(css)
        for _step in range(300):
            where = wanted.evaluate(
                """one => document.activeElement === one ? 0
                    : document.activeElement.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING ? -1 : 1"""
            )
            if not where:
                return wanted
            self.page.keyboard.press("Shift+Tab" if where < 0 else "Tab")
        raise AssertionError(f"Tab never comes to {css}")

    def press(self, css: str) -> None:
        element = self.reach(css)
        box = element.evaluate("one => one.matches('input[type=checkbox], input[type=radio]')")
        self.page.keyboard.press("Space" if box else "Enter")

    def type(self, css: str, text: str) -> None:
        self.reach(css)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def choose(self, css: str, value: str) -> None:
        element = self.reach(css)
        index = "(one, value) => [...one.options].findIndex(option => option.value === value)"
        steps = element.evaluate(index, value) - element.evaluate("one => one.selectedIndex")
        for _step in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")

    def step_up(self, css: str) -> None:
        for key in ("Escape", "ArrowUp", "Enter"):
            self.page.keyboard.press(key)


@pytest.mark.parametrize(
    ("locale", "hands", "key"), [("en", Mouse, "parking-permit"), ("zh", Keyboard, "parking-place")]
)
def test_a_department_builds_a_service_without_code(visitor, locale, hands, key):
    author = visitor(AUTHOR, locale=locale)
    hand = hands(author.page)
    _begin(author, hand, key)
    base = f"/studio/service/hr/{key}"
    _design(author, hand, base)
    _approval(author, hand, base)
    _levels(author, hand, base)
    _plan(author, hand, base)
    _rule(author, hand, base)
    _look(author, base)
    _preview(author, base)
    assert _yaml(author, base) == _built(locale)
    _publish(visitor, author, hand, base)
    number = _order(visitor, locale, key)
    _decide(visitor, locale, number)
    titles = _work(visitor, locale, number)
    _verified, text = printed_chain(visitor("zhen.ye@example.com", locale=locale), number)
    for expected in (number, PLATE, {"en": "People leads", "zh": "人力资源负责人"}[locale], *titles):
        assert "".join(expected.split()) in text, expected


def _built(locale):
    """What came of it; a document begins in the language of its writer."""
    built = BUILT.read_text("utf-8")
    if locale == "zh":
        built = built.replace("{en: What you need}", "{zh: 您的需求}").replace("{en: Reason}", "{zh: 理由}")
    return built


def _begin(author, hand, key):
    author.go("/studio")
    author.check()
    hand.press("main a[href='/studio/new']")
    author.page.wait_for_url("**/studio/new")
    author.check()
    hand.choose("#kind", "service")
    hand.type("#field-title", {"en": "Parking permit", "zh": "停车证"}[author.locale])
    hand.type("#field-key", key)
    hand.press("main form button.btn-primary")
    author.page.wait_for_url(f"**/hr/{key}/design")


def _save(author, act):
    """Does something, and waits until it is kept."""
    with author.page.expect_response(lambda one: one.request.method == "POST" and "/studio/" in one.url) as answered:
        act()
    assert answered.value.status < 400, answered.value.text()[:300]
    author.page.wait_for_function("() => !document.querySelector('form[inert]')")


def _do(author, hand, act):
    """Presses the button of an act."""
    _save(author, lambda: hand.press(f"button[name=do][value='{act}']"))


def _texts(author, hand, place, en, zh):
    """Both languages of a text, side by side; each is kept when it is left."""
    for locale, text in (("en", en), ("zh", zh)):
        _save(author, lambda locale=locale, text=text: _typed(author, hand, f"[name='v:{place}/{locale}']", text))


def _typed(author, hand, css, text):
    hand.type(css, text)
    author.page.keyboard.press("Tab")


def _choose(author, hand, css, value):
    author.page.wait_for_selector(css)
    if author.page.input_value(css) != value:
        _save(author, lambda: hand.choose(css, value))


def _tab(author, hand, base, tab):
    hand.press(f"main a[href='{base}/{tab}']")
    author.page.wait_for_url(f"**{base}/{tab}*")


def _design(author, hand, base):
    page = author.page
    for index, (kind, en, zh) in enumerate(
        (
            ("text", "Number plate", "车牌号"),
            ("choice", "Kind of car", "车辆类型"),
            ("text", "Charging card", "充电卡号"),
        ),
        1,
    ):
        _do(author, hand, f"field::{kind}")
        page.wait_for_selector(f"[name='v:{FIELD}/{index}/label/en']")
        _texts(author, hand, f"{FIELD}/{index}/label", en, zh)
    hand.step_up(f"a[href*='at={FIELD}/2']")
    page.wait_for_selector(f"[name='v:{FIELD}/2/options/0/label/en']")
    _texts(author, hand, f"{FIELD}/2/options/0/label", "Petrol", "燃油车")
    hand.type("[name='option-en']", "Electric")
    hand.type("[name='option-zh']", "电动车")
    _do(author, hand, f"option:{FIELD}/2/options")
    author.check()


def _approval(author, hand, base):
    _tab(author, hand, base, "approval")
    _do(author, hand, "chain-begin:/approval")
    hand.press("a[href*='at=/approval/stages/0']")
    author.page.wait_for_selector("[name='v:/approval/stages/0/title/en']")
    _texts(author, hand, "/approval/stages/0/title", "Line manager", "直属经理")
    _do(author, hand, "stage-add:/approval:1")
    expect(author.page.locator(f"[name='v:/approval/stages/1/title/{author.locale}']")).to_be_focused()
    _texts(author, hand, "/approval/stages/1/title", "People leads", "人力资源负责人")
    hand.press("details:has(> * [name='to:/approval/stages/1/approvers/0']):not([open]) > summary")
    _choose(author, hand, "[name='to:/approval/stages/1/approvers/0']", "group")
    _choose(author, hand, "[name='v:/approval/stages/1/approvers/0/group']", "hr-leads")
    author.check()


def _levels(author, hand, base):
    _tab(author, hand, base, "sla")
    hand.choose("[name='n:/sla']", "hr-standard")
    _do(author, hand, "use-shared:/sla")
    author.check()


def _plan(author, hand, base):
    """Three tasks in two departments, one after the other."""
    page = author.page
    _tab(author, hand, base, "fulfilment")
    _do(author, hand, "task-add:/fulfilment")
    for index, (en, zh, department, group) in enumerate(
        (
            ("Note the car", "登记车辆", "hr", "hr-operations"),
            ("Assign a parking place", "分配车位", "facilities", "facilities-desk"),
            ("Hand out the permit", "发放停车证", "facilities", "facilities-desk"),
        )
    ):
        place = f"/fulfilment/tasks/{index}"
        if index:
            _do(author, hand, f"task-add:/fulfilment:{index - 1}-")
        else:
            hand.press(f"table a[href*='at={place}']")
        page.wait_for_selector(f"[name='v:{place}/title/en']")
        _texts(author, hand, f"{place}/title", en, zh)
        _choose(author, hand, f"[name='v:{place}/department']", department)
        _choose(author, hand, f"[name='v:{place}/group']", group)
    author.check()


def _rule(author, hand, base):
    """The charging card is asked only of electric cars: a rule of one row."""
    page = author.page
    author.go(f"{base}/design?form=/form&at={FIELD}/3")
    hand.press(f"details:has([name='c:field-rule:{FIELD}/3/visible']):not([open]) > summary")
    hand.choose(f"select[name='c:field-rule:{FIELD}/3/visible']", "=rule")
    expect(page.locator(f"a[data-build='{FIELD}/3/visible']")).to_be_focused()
    _tab(author, hand, base, "rules")
    hand.choose("#rules-of", f"{FIELD}/3")
    hand.press("#rule-add button")
    page.wait_for_url("**of=*")
    hand.press(f"a[href*='at={FIELD}/3/visible']")
    _choose(author, hand, "[name='f:0']", "kind_of_car")
    _choose(author, hand, "[name='x:0']", "electric")
    author.check()


def _look(author, base):
    """Every tab, as it is when it is opened."""
    for tab in TABS:
        author.go(f"{base}/{tab}")
        author.check()


def _preview(author, base):
    """As three people: each is told who would approve, and it differs."""
    seen = set()
    for person in (EMPLOYEE, "xiaoyu.lin@example.com", "gang.wu@example.com"):
        author.go(f"{base}/preview?person={person}")
        shown = author.text()
        assert {"en": "Hand out the permit", "zh": "发放停车证"}[author.locale] in shown
        seen.add(author.text("#preview"))
    assert len(seen) == 3


def _yaml(author, base):
    """The document as the files have it, without its key and its title."""
    author.go(f"{base}/yaml")
    lines = author.page.input_value("#text").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("key:", "title:")))


def _publish(visitor, author, hand, base):
    """The author asks for review; another administrator publishes."""
    author.go(f"{base}/publish")
    author.page.wait_for_selector("form[action$='/review'] button:enabled")  # the check is through
    author.check()
    hand.press("form[action$='/review'] button")
    author.page.wait_for_url(f"**{base}/design")
    reviewer = visitor(REVIEWER, locale=author.locale)
    reviewer.go("/studio")
    reviewer.open(f"{base}/publish")
    reviewer.check()
    reviewer.press(reviewer.say("Publish"))
    assert reviewer.say("Version {version} is published.", version=1) in reviewer.text("body")


def _order(visitor, locale, key):
    employee = visitor(EMPLOYEE, locale=locale)
    employee.go(f"/services/hr/{key}")
    page = employee.page
    assert page.locator("#field-charging_card").is_hidden()
    fill(page, "reason", {"en": "I come by car", "zh": "开车上班"}[locale])
    fill(page, "number_plate", PLATE)
    page.locator("#field-kind_of_car input[value=electric]").check()
    page.wait_for_selector("#field-charging_card input")
    employee.check()
    employee.press(employee.say("Send"))
    page.wait_for_url("**/requests/REQ-*")
    return page.url.rsplit("/", 1)[1].split("?")[0].split("#")[0]


def _decide(visitor, locale, number):
    for email in ("xiaoyu.lin@example.com", "qing.meng@example.com"):
        approver = visitor(email, locale=locale)
        approver.go("/approvals")
        with approver.page.expect_navigation():
            approver.page.locator("tr", has_text=number).locator("a").first.click()
        assert PLATE in approver.text()
        approver.press(approver.say("Approve"))
        assert approver.say("This is decided. Thank you.") in approver.text()


def _work(visitor, locale, number):
    """Task after task, in two departments; gives their titles."""
    titles = []
    employee = visitor(EMPLOYEE, locale=locale)
    for _task in range(3):
        employee.go(f"/requests/{number}/plan")
        ready = [one for one in plan_of(employee) if one["state"] == employee.say("Ready to start")]
        assert len(ready) == 1
        do_task(visitor, locale, ready[0], check=False)
        titles.append(ready[0]["title"])
    return titles


def test_a_form_of_500_fields_stays_usable(visitor):
    """Typing in it does not wait for the server; how long a key press takes is printed (`pytest -s`)."""
    author = visitor(AUTHOR)
    page, base = author.page, "/studio/service/hr/large-form"
    author.go("/studio/new?kind=service")
    page.fill("#field-title", "Large form")
    author.press(author.say("Go on"))
    author.go(f"{base}/yaml")
    fields = "".join(f"        - {{key: f{n}, type: text, label: {{en: Field {n}}}}}\n" for n in range(500))
    head = page.input_value("#text").split("      fields:\n")[0]
    page.fill("#text", head + "      fields:\n" + fields)
    author.press(author.say("Save draft"))
    author.go(f"{base}/design?at={FIELD}/250")
    label = page.locator(f"[name='v:{FIELD}/250/label/en']")
    label.focus()
    page.keyboard.press("End")
    page.evaluate(
        """() => { window.took = []; document.addEventListener('keydown', () => {
            const began = performance.now();
            requestAnimationFrame(() => setTimeout(() => window.took.push(performance.now() - began)));
        }, true); }"""
    )
    with page.expect_response(lambda one: one.request.method == "POST" and one.url.endswith("/edit")) as answered:
        page.keyboard.type(" with a longer name")
    assert answered.value.ok
    took = sorted(page.evaluate("window.took"))
    print(f"a key press in the designer of 500 fields: {took[len(took) // 2]:.1f} ms, at most {took[-1]:.1f} ms")
    assert label.input_value() == "Field 250 with a longer name"


def test_keys_wait_for_the_page_and_fields_go_to_another_service(visitor):
    """Typed in one go: a field, its label and its move; cut here, pasted there; a line of the plan cut by keyboard."""
    author = visitor(AUTHOR)
    page = author.page
    for key in ("quick-one", "quick-two"):
        author.go("/studio/new?kind=service")
        page.fill("#field-title", key)
        page.fill("#field-key", key)
        author.press(author.say("Go on"))

    labels = page.locator("#canvas .designer-label")
    author.go("/studio/service/hr/quick-one/design")
    late = []
    page.route("**part=properties*", lambda route: late.append(route) if not late else route.continue_())
    page.focus("#canvas a[data-select]")
    with page.expect_request("**part=properties*"):
        page.keyboard.press("j")
    for key in ("/", *"text", "Enter", *"Plate", "Backspace", "e!"):
        page.keyboard.type(key) if len(key) < 3 and key != "/" else page.keyboard.press(key)
    expect(page.locator("#properties input:focus")).to_have_value("Plate!")
    with page.expect_response("**part=properties*"):
        late[0].continue_()
    page.wait_for_timeout(100)
    expect(page.locator("#properties input:focus")).to_have_value("Plate!")
    for key in ("Escape", "Alt+ArrowUp", "Control+d"):
        page.keyboard.press(key)
    expect(labels).to_have_text(["Plate!", "Plate!", "Reason"])
    page.keyboard.press("Control+x")
    expect(labels).to_have_text(["Plate!", "Reason"])
    author.go("/studio/service/hr/quick-two/design")
    page.focus("#canvas a[data-select]")
    page.keyboard.press("Control+v")
    expect(labels).to_have_text(["Reason", "Plate!"])
    author.go("/studio/service/hr/quick-two/fulfilment")
    page.click(f"text={author.say('Write a plan here')}")
    page.locator("[data-plan] a[data-open-task]").first.click()
    page.click(f"#selected ~ * >> text={author.say('Add after it')}")
    line = page.locator("[data-plan] .plan-line")
    line.wait_for(state="attached")
    line.focus()
    page.keyboard.press("Delete")
    line.wait_for(state="detached")
    assert page.locator("[data-plan] .plan-node").count() == 2
