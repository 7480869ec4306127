"""Mail: one message with a plain and an HTML part, handed to the SMTP server that the settings name."""

from __future__ import annotations

import smtplib
import ssl
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import SplitResult, unquote, urlsplit

from servicehall.channels.delivery import Failed, Refused
from servicehall.texts import N_

TIMEOUT = 30
LONGEST_HEADER = 300


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph of a mail: an optional heading, its text, and where it leads, in words of its own where it has."""

    text: str
    heading: str = ""
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be sent. `key` is the same for every attempt; `link_text` is what links are called."""

    key: str
    to: str
    name: str
    subject: str
    parts: Sequence[Part]
    link_text: str
    footer: str
    language: str
    at: datetime


def send(mail: Mail, *, smtp_url: str, sender: str) -> None:
    """Sends one mail. Failed where trying again may help, Refused where it will not."""
    url = urlsplit(smtp_url)
    try:
        message = compose(mail, sender=sender)
        with _connected(url) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise _failure(code, reason) from error
    except smtplib.SMTPAuthenticationError as error:
        raise Failed(N_("the mail server refuses our name or password: {code}"), code=error.smtp_code) from error
    except smtplib.SMTPResponseException as error:
        raise _failure(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused(N_("the mail server cannot take this mail: {reason}"), reason=error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Failed(N_("the mail server cannot be reached: {reason}"), reason=error) from error


def compose(mail: Mail, *, sender: str) -> EmailMessage:
    """The message; no text, however it is made, can add a header to it."""
    message = EmailMessage(policy=SMTP)
    from_name, from_address = parseaddr(sender)
    message["From"] = _address(from_name, from_address)
    message["To"] = _address(mail.name, mail.to)
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.key}@{_domain(from_address)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_plain(mail))
    message.add_alternative(_html(mail), subtype="html")
    message["Content-Language"] = _line(mail.language)
    return message


def _plain(mail: Mail) -> str:
    parts = ("\n".join(line for line in (part.heading, part.text, part.link) if line) for part in mail.parts)
    return "\n\n".join((*parts, f"-- \n{mail.footer}")) + "\n"


def _html(mail: Mail) -> str:
    body = "".join(_html_part(part, mail.link_text) for part in mail.parts)
    return (
        f'<!doctype html><html lang="{escape(mail.language)}"><head><meta charset="utf-8">'
        f"<title>{escape(mail.subject)}</title></head>"
        "<body style=\"font-family:system-ui,'PingFang SC','Microsoft YaHei',sans-serif;line-height:1.6\">"
        f'{body}<hr style="border:0;border-top:1px solid #cbd5e1">'
        f'<p style="font-size:13px;color:#475569">{escape(mail.footer)}</p></body></html>'
    )


def _html_part(part: Part, link_text: str) -> str:
    heading = f"<p><strong>{escape(part.heading)}</strong></p>" if part.heading else ""
    text = f'<p style="white-space:pre-line">{escape(part.text)}</p>' if part.text else ""
    link = (
        f'<p><a style="color:#1d5fbf" href="{escape(part.link)}">{escape(part.link_text or link_text)}</a></p>'
        if part.link
        else ""
    )
    return heading + text + link


def _address(name: str, address: str) -> Address:
    try:
        return Address(display_name=_line(name), addr_spec=_line(address))
    except (ValueError, IndexError, MessageError) as error:
        raise Refused(N_("“{address}” is no mail address"), address=address) from error


def _line(text: str) -> str:
    """A header's text: one line, no control characters."""
    spaced = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    return " ".join(spaced.split())[:LONGEST_HEADER]


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    return domain if domain.isascii() and domain else "localhost"


def _failure(code: int, reason: bytes | str) -> Failed | Refused:
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
    return (Refused if code >= 500 else Failed)(N_("the mail server answers {code} {text}"), code=code, text=text)


@contextmanager
def _connected(url: SplitResult) -> Iterator[smtplib.SMTP]:
    """A session that we are signed in to; how the server takes our leave does not matter."""
    if url.scheme not in _CONNECT or not url.hostname:
        raise Refused(N_("the mail server's address begins with smtp://, smtps:// or smtp+starttls://"))
    server = _CONNECT[url.scheme](url.hostname, url.port)
    try:
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


def _open(host: str, port: int | None) -> smtplib.SMTP:
    return smtplib.SMTP(host, port or 25, timeout=TIMEOUT)


def _tls(host: str, port: int | None) -> smtplib.SMTP:
    return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=ssl.create_default_context())


def _start_tls(host: str, port: int | None) -> smtplib.SMTP:
    server = smtplib.SMTP(host, port or 587, timeout=TIMEOUT)
    server.starttls(context=ssl.create_default_context())
    return server


_CONNECT: dict[str, Callable[[str, int | None], smtplib.SMTP]] = {
    "smtp": _open,
    "smtps": _tls,
    "smtp+starttls": _start_tls,
}
