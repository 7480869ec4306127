"""Every main page in both languages, on a phone and on a desk: it fits, axe finds nothing, and nothing goes wrong."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

PAGES = {
    "xiaoyu.lin": (
        "/",
        "/services",
        "/services/hr/employee-onboarding",
        "/services/it/incident",
        "/search?q=laptop",
        "/requests?tab=all",
        "/requests?tab=all -> /requests/",
        "/approvals -> /approvals/",
        "/deputies",
        "/notices",
        "/profile",
    ),
    "ruolan.shen": ("/approvals", "/approvals?tab=decided"),
    "hao.sun": ("/desk", "/desk -> /tasks/", "/desk/queue", "/desk/board", "/desk/requests"),
    "min.zhou": ("/desk/requests -> /requests/",),
    "zhen.ye": ("/audit", "/audit -> /audit/requests/", "/audit/seals", "/audit/access", "/audit/who"),
    "peng.duan": (
        "/admin/people",
        "/admin/people -> /admin/people/0",
        "/admin/people/import",
        "/admin/departments",
        "/admin/groups",
        "/admin/guard-rails -> /admin/guard-rails/",
        "/admin/deliveries",
        "/admin/deliveries?state=waiting&table=timers",
        "/users/list/",
        "/roles/list/",
    ),
    "shan.gao": (
        "/studio",
        "/studio/new",
        "/studio/new/spreadsheet",
        "/studio/view-as?person=mo.chen@example.com",
        "/studio/service/it/laptop/retire",
        "/studio -> /studio/service/it",
        "/studio/service/it/laptop/design?at=/form/pages/0/fields/0",
        "/studio/service/it/laptop/yaml",
        "/studio/service/it/laptop/examples",
        "/studio/service/it/laptop/publish",
        "/studio/service/it/laptop/history",
        "/studio/service/it/laptop/picture",
        "/studio/service/it/laptop/simulation",
        "/admin/calendars",
        "/admin/clocks",
    ),
}


@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(visitor, name, locale):
    """`here -> there` is the first link of the page here whose address begins like there.

    In English a page is opened on a phone, where axe looks at it, and widened; in Chinese it is opened on a desk, where
    axe looks at it, and narrowed.
    """
    widths = {"en": (375, 1280), "zh": (1280, 375)}[locale]
    someone = visitor(f"{name}@example.com", locale=locale, width=widths[0])
    for path in PAGES[name]:
        start, _arrow, link = path.partition(" -> ")
        someone.go(start)
        if link:
            links = someone.page.locator("main a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
            someone.go(next(one for one in links if one.startswith(link)))
        someone.check()
        someone.widen(widths[1])
        someone.fit()
        someone.widen(widths[0])


def test_what_could_not_be_read_of_a_spreadsheet_leads_to_the_draft(visitor):
    author = visitor("shan.gao@example.com")
    author.go("/studio/new/spreadsheet")
    sheet = {"name": "fields.csv", "mimeType": "text/csv", "buffer": b"label,type\nSize,colour\n"}
    author.page.set_input_files("[name=file]", sheet)
    author.page.fill("[name=title]", "Fields of a sheet")
    author.press("Read it")
    assert "B2" in author.text("[role=alert]")
    for width in (375, 1280):
        author.widen(width)
        author.check()
    author.open("Open the draft")
    author.go("/studio/service/it/fields-of-a-sheet/discard")
    author.press("Discard")
