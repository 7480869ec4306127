"""A small site that shows every part of the shell, and an order form of the form engine, to a browser."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, g, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader

from servicehall import config
from servicehall.config import Settings
from servicehall.domain.conditions import Context, PersonFacts
from servicehall.forms import compile_form
from servicehall.web import shell, states

WEB = Path(shell.__file__).parent
PAGES = Path(__file__).parent / "pages"


class Company:
    """The directory that the pickers of the form ask."""

    def exists(self, kind, key):
        return key in ("li@example.com", "ana@example.com")

    def label(self, kind, key, locale):
        return {"li@example.com": "Li Na"}.get(key, key)

    def search(self, kind, q, limit):
        return [(f"{number}@example.com", f"Person {number}") for number in range(limit)]

    def file(self, sha256):
        return None


LAPTOP = compile_form(
    {
        "pages": [
            {
                "key": "need",
                "title": {"en": "What you need", "zh": "需求"},
                "fields": [
                    {"key": "intro", "type": "note", "label": "Please note", "help": "Laptops take a week."},
                    {
                        "key": "kind",
                        "type": "choice",
                        "label": "Kind",
                        "required": True,
                        "options": [
                            {"key": key, "label": key} for key in ("std", "dev", "max", "mini", "tiny", "cad", "gpu")
                        ],
                    },
                    {
                        "key": "why",
                        "type": "long_text",
                        "label": "Why so large?",
                        "visible": 'kind == "dev"',
                        "required": True,
                    },
                    {"key": "remarks", "type": "text", "label": "Remarks", "help": "Anything else", "max_length": 20},
                    {"key": "owner", "type": "person", "label": "For whom"},
                    {"key": "urgent", "type": "boolean", "label": "It is urgent"},
                    {"key": "when", "type": "date", "label": "Needed on", "visible": "urgent"},
                    {"key": "files", "type": "file", "label": "Offer"},
                    {
                        "key": "size",
                        "type": "choice",
                        "label": "Size",
                        "options": [{"key": "s", "label": "S"}, {"key": "l", "label": "L"}],
                    },
                    {"key": "budget", "type": "money", "label": "Budget"},
                    {
                        "key": "parts",
                        "type": "table",
                        "label": "Parts",
                        "min_rows": 1,
                        "columns": [
                            {"key": "what", "type": "text", "label": "What", "required": True},
                            {"key": "count", "type": "integer", "label": "How many"},
                        ],
                    },
                ],
            },
            {
                "key": "approval",
                "title": "For the approvers",
                "visible": 'kind == "dev"',
                "fields": [{"key": "code", "type": "text", "label": "Budget code"}],
            },
        ]
    }
)
ANA = PersonFacts(id="p1", name="Ana", email="ana@example.com", department="hr", location="shanghai")
AT = datetime(2026, 11, 22, tzinfo=UTC)


def laptop_form():
    """The order form as a view would show it, and check it."""
    checking = request.path.endswith("/check")
    context = Context(ANA, ANA, now=AT, today=AT.date())
    posted = request.form if request.method == "POST" else None
    form = LAPTOP.web(posted, context, lookup=Company(), show_errors=False if checking else None)
    refused = request.method == "POST" and not checking and not form.rearranged
    price = "12000" if request.form.get("answers-kind") == "dev" else "8000"
    names = {field.path: field.label for field in form.fields()}
    page = render_template("form.html", form=form, names=names, refused=refused, price=price)
    return page, 422 if refused else 200


def make_site(folder):
    config.use(Settings(data_dir=folder))
    app = Flask("shell", static_folder=str(WEB / "static"), template_folder=str(WEB / "templates"))
    app.config.update(SECRET_KEY="not secret", DEMO=True)
    app.jinja_loader = ChoiceLoader([FileSystemLoader(WEB / "templates"), FileSystemLoader(PAGES)])

    @app.before_request
    def arrive():
        g.person = SimpleNamespace(name="Ana Weber", name_zh=None, email="ana@example.com", time_zone=None, locale=None)
        g.duties = frozenset({"agent"})

    shell.init_shell(app)
    values = {"kinds": states.LOOKS, "at": AT}
    pages = {
        "/": "gallery",
        "/board": "board",
        "/approvals": "plain",
        "/confirm": "plain",
        "/row/1": "plain",
    }
    for path, name in pages.items():
        view = partial(render_template, f"{name}.html", **values)
        app.add_url_rule(path, path, view, methods=["GET", "POST"])
    for path in ("/form", "/form/check"):
        app.add_url_rule(path, path, laptop_form, methods=["GET", "POST"])
    app.add_url_rule("/people", "people", lambda: [{"value": "li@example.com", "text": "Li Na", "sub": "IT"}])
    app.add_url_rule("/move", "move", lambda: ("", 204 if request.form["column"] == "Done" else 409), methods=["POST"])
    return app
