"""django-helpdesk behind gunicorn with two workers: its API, lists and dashboard, for somebody of the staff."""

# /// script
# dependencies = [
#   "django-helpdesk==2.6.1", "django==5.2.19", "djangorestframework==3.18.3",
#   "gunicorn==27.0.1", "psycopg[binary]==3.3.9",
# ]
# [tool.servicehall]
# peer = "django-helpdesk 2.6.1"
# [tool.servicehall.goals]
# submissions = "1.3 or more"
# queue = "none"
# my_requests = "none"
# search = "none"
# dashboard = "0.02 or less"
# ///
from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import BaseApplication

FOLDER = tempfile.mkdtemp()
URLS = ModuleType("urls")
sys.modules["urls"] = URLS


def database() -> dict[str, Any]:
    """The PostgreSQL database that is named, or a file of its own."""
    if url := os.environ.get("BENCH_DATABASE"):
        parts = urlsplit(url)
        place = {"HOST": parts.hostname, "PORT": parts.port or 5432, "USER": parts.username, "PASSWORD": parts.password}
        return {"ENGINE": "django.db.backends.postgresql", "NAME": unquote(parts.path[1:]), **place}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(FOLDER) / "bench.db"}


settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    USE_TZ=True,
    TIME_ZONE="UTC",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    ROOT_URLCONF="urls",
    STATIC_URL="/static/",
    LOGIN_URL="/login/",
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.humanize",
        "django.contrib.admin",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "rest_framework",
        "helpdesk",
    ],
    SITE_ID=1,
    HELPDESK_TEAMS_MODE_ENABLED=False,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={"default": database()},
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.crypto import get_random_string  # noqa: E402
from helpdesk.models import FollowUp, Queue, Ticket  # noqa: E402
from helpdesk.query import query_to_base64  # noqa: E402

URLS.urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]  # type: ignore[attr-defined]

BATCH = 1_000


class Server(BaseApplication):
    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__()

    def load_config(self) -> None:
        said = {"bind": f"127.0.0.1:{self.port}", "workers": 2, "loglevel": "error", "timeout": 120}
        for name, value in said.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return get_wsgi_application()


def fill(queue: Queue, asker: User, rows: int) -> None:
    """So many tickets with the message each began with, the newest first; one in ten is open."""
    at = timezone.now()
    for start in range(0, rows, BATCH):
        tickets = [ticket(queue, asker, n, at) for n in range(start, min(start + BATCH, rows))]
        made = Ticket.objects.bulk_create(tickets)
        first = (FollowUp(ticket=one, date=one.created, title="Ticket Opened", public=True, user=asker) for one in made)
        FollowUp.objects.bulk_create(first)


def ticket(queue: Queue, asker: User, n: int, at: datetime) -> Ticket:
    is_open = n % 10 == 0
    made = at - timedelta(minutes=10 * n)
    return Ticket(
        queue=queue,
        title=f"Case {500_000 + n}",
        description="Amount: 120.00",
        submitter_email=asker.email,
        status=Ticket.OPEN_STATUS if is_open else Ticket.CLOSED_STATUS,
        assigned_to=None if is_open and n // 10 % 2 else asker,
        created=made,
        modified=made,
        priority=3,
        secret_key=f"{n:036}",
    )


def pages(headers: dict[str, str]) -> dict[str, Any]:
    """Its pages, with what their scripts fetch to fill the tables."""
    opened = {"filtering": {"status__in": [1, 2]}, "sorting": "created", "search_string": "", "sortreverse": False}
    sought = {**opened, "filtering": {}, "filtering_null": {}, "search_string": "500123"}
    table = "?draw=1&start=0&length=25"
    paths = {
        "queue": ["/tickets/", f"/datatables_ticket_list/{query_to_base64(opened)}{table}"],
        "search": ["/tickets/?q=500123", f"/datatables_ticket_list/{query_to_base64(sought)}{table}"],
        "my_requests": ["/tickets/my-tickets/", "/api/user_tickets/"],
        "dashboard": ["/dashboard/"],
    }
    return {name: [{"path": one, "headers": headers} for one in fetched] for name, fetched in paths.items()}


def prepare(rows: int) -> dict[str, Any]:
    """A queue and somebody of the staff, signed in; what is to be sent for each measure."""
    call_command("migrate", verbosity=0)
    queue = Queue.objects.create(title="Bench", slug="bench", allow_public_submission=True)
    asker = User.objects.create_user("asker", "asker@bench.example.com", is_staff=True, is_superuser=True)
    fill(queue, asker, rows)
    client = Client()
    client.force_login(asker)
    token = get_random_string(32)
    cookie = {"Cookie": f"sessionid={client.cookies['sessionid'].value}; csrftoken={token}"}
    headers = {**cookie, "X-CSRFToken": token, "Content-Type": "application/json", "Accept": "application/json"}
    body = {"queue": queue.pk, "title": "One more", "description": "Amount: 120.00", "priority": 3}
    body["submitter_email"] = asker.email
    submit = {"method": "POST", "path": "/api/tickets/", "headers": headers, "body": json.dumps(body), "status": 201}
    return {"submissions": submit, **pages(cookie)}


def main(port: int, rows: int) -> None:
    calls = prepare(rows)
    django.db.connections.close_all()
    print(json.dumps(calls), flush=True)
    Server(port).run()


if __name__ == "__main__":
    main(int(sys.argv[2]), int(sys.argv[3]))
