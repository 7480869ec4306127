"""After a migration: the roles and permissions that Flask-AppBuilder's pages ask for."""

from __future__ import annotations

from flask import current_app
from flask_appbuilder.security.manager import BaseSecurityManager

from servicehall import migrations
from servicehall.models.base import db


def upgrade_database() -> None:
    """Migrate, then bring roles and permissions up to date. The only place that does either."""
    migrations.upgrade(db.engine)
    builder = current_app.extensions["appbuilder"]
    BaseSecurityManager.create_db(builder.sm)
    builder.add_permissions(update_perms=True)
    db.session.remove()
