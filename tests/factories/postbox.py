"""A real mail server on this machine, and what arrived at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy.orm import Session
from tests.ports import free_port

from servicehall import config
from servicehall.clock import now
from servicehall.jobs import outbox
from servicehall.jobs.claims import work_off


class Postbox:
    """What arrived; `answer` is what the server says to each recipient, `after` to each message."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"
        self.after = "250 OK"
        self.url = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.after.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return self.after


@contextmanager
def mail_server() -> Iterator[Postbox]:
    """A mail server on this machine, while it is needed."""
    box = Postbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port(), decode_data=False)
    server.start()
    box.url = f"smtp://127.0.0.1:{server.port}"
    try:
        yield box
    finally:
        server.stop()


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def mailing(session: Session, postbox: Postbox) -> Postbox:
    """The mail server that the settings name."""
    config.use(replace(config.current(), smtp_url=postbox.url, base_url="https://hall.example.com"))
    return postbox


def deliver(at: datetime | None = None) -> None:
    work_off(outbox.KIND, clock=lambda: at or now())
