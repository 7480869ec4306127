"""Webhooks: a signed POST of JSON to an address of the installation's settings, and to no inner address.

The name is resolved once and the connection goes to what was found, so that a second answer cannot lead elsewhere;
redirects are not followed. The receiver knows a repetition by `Idempotency-Key`, and us by the signature:
`X-Servicehall-Signature: sha256=<hex>`, HMAC over the timestamp header, a dot, and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from servicehall.channels.delivery import Failed, Refused
from servicehall.content import canonical
from servicehall.texts import N_

TIMEOUT = 10
DEADLINE = 30
PORTS = {"http": 80, "https": 443}
NAT64 = ip_network("64:ff9b::/96")

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `key` is the same for every attempt, `body` is sent as canonical JSON."""

    url: str
    key: str
    body: Mapping[str, Any]
    at: datetime


def post(call: Call, *, secret: bytes, networks: Sequence[str] = ()) -> None:
    """Sends a call and wants a 2xx. `networks` are private ones that may be reached all the same.

    Failed for another answer, a timeout or a network error; Refused for an address that may not be called.
    """
    url = _checked(call.url)
    body = canonical(dict(call.body))
    try:
        addresses = resolve(url.hostname or "", _port(url), networks=networks)
        with _connection(url, addresses) as connection:
            connection.request("POST", _target(url), body=body, headers=_headers(call, body, secret))
            status = connection.getresponse().status
    except UnicodeError as error:
        raise Refused(N_("the address of the webhook cannot be read")) from error
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise Failed(N_("{host} cannot be reached: {reason}"), host=url.hostname, reason=reason) from error
    if not 200 <= status < 300:
        raise Failed(N_("{host} answers {status}"), host=url.hostname, status=status)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """What a receiver computes to know that a call is ours."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def secret_of(key: str, name: str) -> bytes:
    """The signing secret of one webhook, as hex: made from the installation's key, which itself is never shared."""
    return hmac.new(key.encode(), f"servicehall.webhook.{name}".encode(), hashlib.sha256).hexdigest().encode()


def resolve(host: str, port: int, *, networks: Sequence[str]) -> list[str]:
    """Every address of a host; Refused if one of them is not public and in none of these networks."""
    found = list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for address in found:
        if not may_call(address, networks):
            raise Refused(N_("{host} leads to {address}, which is no public address"), host=host, address=address)
    return found


def may_call(address: str, networks: Sequence[str]) -> bool:
    """Whether an address is public, or in a network that was allowed; what stands inside an IPv6 address counts."""
    inner = _inner(ip_address(address.partition("%")[0]))
    if any(inner in ip_network(network) for network in networks):
        return True
    local = isinstance(inner, IPv6Address) and inner.is_site_local
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or local)


def _inner(address: IPAddress) -> IPAddress:
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def _checked(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise Refused(N_("the address of the webhook cannot be read")) from None
    if url.scheme not in PORTS or not url.hostname or url.username is not None or port == 0:
        raise Refused(N_("a webhook's address begins with https:// or http:// and holds no password"))
    return url


def _port(url: SplitResult) -> int:
    return url.port or PORTS[url.scheme]


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def _headers(call: Call, body: bytes, secret: bytes) -> dict[str, str]:
    timestamp = str(int(call.at.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "servicehall",
        "Idempotency-Key": call.key,
        "X-Servicehall-Timestamp": timestamp,
        "X-Servicehall-Signature": signature(secret, timestamp, body),
    }


@contextmanager
def _connection(url: SplitResult, addresses: Sequence[str]) -> Iterator[http.client.HTTPConnection]:
    """A connection to one of these addresses that ends at the deadline, however slowly the other side talks."""
    host = url.hostname or ""
    connection = http.client.HTTPConnection(host, _port(url), timeout=TIMEOUT)
    connection.sock = _reach(addresses, _port(url))
    watch = threading.Timer(DEADLINE, _hang_up, [connection])
    watch.daemon = True
    watch.start()
    try:
        if url.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
        yield connection
    finally:
        watch.cancel()
        connection.close()


def _reach(addresses: Sequence[str], port: int) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=TIMEOUT)
        except OSError as error:
            failure = error
    raise failure


def _hang_up(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
