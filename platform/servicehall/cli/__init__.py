"""The command line. Each group is one file; it is imported only when it is used, so that `--help` is quick."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "audit": "servicehall.cli.audit:group",
        "bench": "servicehall.cli.bench:bench",
        "catalog": "servicehall.cli.catalog:group",
        "db": "servicehall.cli.db:group",
        "demo": "servicehall.cli.demo:demo",
        "directory": "servicehall.cli.directory:group",
        "password": "servicehall.cli.password:group",
        "run": "servicehall.cli.server:run",
        "search": "servicehall.cli.search:group",
        "sla": "servicehall.cli.sla:sla",
        "token": "servicehall.cli.token:group",
        "web": "servicehall.cli.server:web",
        "webhook": "servicehall.cli.webhook:group",
        "worker": "servicehall.cli.server:worker",
    }
)
"""Every command and where it stands: `module:name`."""


class Commands(click.Group):
    """A group whose members are found in a table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="servicehall", prog_name="servicehall")
def main() -> None:
    """Servicehall: one hall where every department of a company has its counter."""
