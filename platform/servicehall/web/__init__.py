"""The web: portal, inbox, desk, administration, audit and API. Views read input, call one verb, choose an answer.

`VIEWS` is the explicit list of everything that answers at an address: Flask blueprints, and Flask-AppBuilder's views.
"""

from __future__ import annotations

VIEWS = (
    "servicehall.web.health:health",
    "servicehall.web.api.routes:api",
    "servicehall.web.audit.pages:pages",
    "servicehall.web.audit.report:reports",
    "servicehall.web.portal.home:pages",
    "servicehall.web.portal.catalog:pages",
    "servicehall.web.portal.ordering:pages",
    "servicehall.web.portal.my_requests:pages",
    "servicehall.web.portal.request_page:pages",
    "servicehall.web.portal.editing:pages",
    "servicehall.web.portal.request_acts:pages",
    "servicehall.web.portal.conversation:pages",
    "servicehall.web.portal.deputies:pages",
    "servicehall.web.portal.notices:pages",
    "servicehall.web.portal.profile:pages",
    "servicehall.web.portal.lookup:pages",
    "servicehall.web.inbox.listing:pages",
    "servicehall.web.inbox.deciding:pages",
    "servicehall.web.desk.work:pages",
    "servicehall.web.desk.queues:pages",
    "servicehall.web.desk.board:pages",
    "servicehall.web.desk.task_page:pages",
    "servicehall.web.desk.task_acts:pages",
    "servicehall.web.desk.plan:pages",
    "servicehall.web.desk.department_requests:pages",
    "servicehall.web.admin.start:pages",
    "servicehall.web.admin.people:pages",
    "servicehall.web.admin.people_import:pages",
    "servicehall.web.admin.account_page:pages",
    "servicehall.web.admin.groups:pages",
    "servicehall.web.admin.calendars:pages",
    "servicehall.web.admin.deliveries:pages",
    "servicehall.web.admin.guard_rails:pages",
    "servicehall.web.studio.pages:pages",
    "servicehall.web.studio.editing:pages",
    "servicehall.web.studio.publishing:pages",
    "servicehall.web.studio.leaving:pages",
    "servicehall.web.studio.previewing:pages",
    "servicehall.web.studio.translating:pages",
    "servicehall.web.studio.writing:pages",
)
