"""Servicehall: one hall where every department of a company has its counter.

`create_app` is the only place where the parts are wired to each other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from servicehall.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application, complete; settings come from the environment where none are given."""
    from flask import Flask

    from servicehall import config, jobs, logs
    from servicehall.services import flow, work
    from servicehall.web import guard, once
    from servicehall.web.api import problems

    settings = settings or config.Settings.read()
    config.use(settings)
    logs.configure(settings.log_format, settings.log_level)
    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    app.config.update(_flask_config(settings))
    app.extensions["servicehall.settings"] = settings
    with app.app_context():
        guard.init_guard(app)
        _open_database(app, settings)
        _add_views(app)
        problems.init_problems(app)
        flow.wire()
        work.set_before_commit(once.keep_nonce)
        work.set_wake(jobs.init_jobs(app, settings))
    return _behind_proxies(app, settings.trusted_proxies)


def _flask_config(settings: Settings) -> dict[str, Any]:
    megabyte = 1024 * 1024
    return {
        "DEMO": settings.demo,
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "TRUSTED_HOSTS": list(settings.trusted_hosts),
        "DEFAULT_LOCALE": settings.default_locale,
        "MAX_CONTENT_LENGTH": (settings.max_upload_mb + 1) * megabyte,
        "MAX_FORM_MEMORY_SIZE": 2 * megabyte,
        "MAX_FORM_PARTS": 2_000,
        "SESSION_COOKIE_NAME": "servicehall",
        "SESSION_COOKIE_SECURE": settings.secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=settings.session_hours),
        "PREFERRED_URL_SCHEME": "https" if settings.secure else "http",
        **_builder_config(settings),
    }


def _builder_config(settings: Settings) -> dict[str, Any]:
    """What Flask-AppBuilder and its helpers read; tables and permissions are the migrations' business."""
    from servicehall.web.security import ROLES, Accounts, Start

    redis = settings.queue_url.startswith(("redis://", "rediss://"))
    return {
        "APP_NAME": "Servicehall",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_BASE_TEMPLATE": "fab_base.html",
        "FAB_SECURITY_MANAGER_CLASS": _path_of(Accounts),
        "FAB_INDEX_VIEW": _path_of(Start),
        "FAB_ADD_SECURITY_API": False,
        "FAB_API_SWAGGER_UI": True,
        "FAB_ROLES": ROLES,
        "FAB_SAFE_REDIRECT_HOSTS": [],
        "AUTH_RATE_LIMITED": False,  # our own limits count guesses, not sign-ins: web/security.py
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": settings.queue_url if redis else "memory://",
        "RATELIMIT_SWALLOW_ERRORS": True,
        "LANGUAGES": {"en": {"flag": "gb", "name": "English"}, "zh": {"flag": "cn", "name": "中文"}},
        "BABEL_DEFAULT_LOCALE": settings.default_locale,
        "JWT_ALGORITHM": "HS256",
        "JWT_TOKEN_LOCATION": ["headers"],
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(hours=settings.access_token_hours),
    }


def _path_of(thing: type) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _open_database(app: Flask, settings: Settings) -> None:
    from servicehall.models import tables
    from servicehall.models.base import db
    from servicehall.models.engine import engine_options, prepare_engine

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url, lock_timeout=settings.lock_timeout)
    db.init_app(app)
    prepare_engine(db.engine, synchronous=settings.sqlite_synchronous, lock_timeout=settings.lock_timeout)
    tables.metadata.info["bind_key"] = None


def _add_views(app: Flask) -> None:
    """Everything that answers at an address, from the list in `web/__init__.py`."""
    from flask import Blueprint
    from flask_appbuilder import AppBuilder
    from flask_appbuilder.api import BaseApi
    from werkzeug.utils import import_string

    from servicehall.models.base import db
    from servicehall.web import VIEWS
    from servicehall.web.shell import init_shell

    builder = AppBuilder(app, db.session)
    init_shell(app)
    for name in VIEWS:
        view = import_string(name)
        if isinstance(view, Blueprint):
            app.register_blueprint(view)
        elif issubclass(view, BaseApi):
            builder.add_api(view)
        else:
            builder.add_view_no_menu(view)


def _behind_proxies(app: Flask, proxies: int) -> Flask:
    from werkzeug.middleware.proxy_fix import ProxyFix

    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app
