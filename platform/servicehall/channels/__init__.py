"""Ways out of the house: each channel is one file, registered by one line here."""

from __future__ import annotations

from collections.abc import Callable

from servicehall.channels import mail, webhook
from servicehall.registry import Registry

CHANNELS: Registry[Callable[..., None]] = Registry("channel")
"""Name → what hands one message over: the message first, then what of the settings it needs, by keyword."""

CHANNELS.register("mail", mail.send)
CHANNELS.register("webhook", webhook.post)
