"""Keeps webhooks from reaching inside: only public HTTPS endpoints, at the address that was checked.

A URL is refused or becomes a `Target`. The name is resolved once, every address it has must be public, and the sink
connects to that address and no other, so that a name cannot point elsewhere a moment later (DNS rebinding). Hosts on
the development allow-list may be private, and plain HTTP.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

# A NAT64 gateway turns the last 32 bits of these into an IPv4 address, which may be a private one (RFC 6052).
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Instance metadata and platform agents that answer on addresses that count as public.
METADATA = {ipaddress.ip_address("168.63.129.16"), ipaddress.ip_address("fd00:ec2::254")}


class UrlRefused(ValueError):
    """A webhook must not post there. The message names the host at most: paths and queries hold tokens."""


@dataclass(frozen=True)
class Target:
    """Where to connect (`address`, `port`) and the URL to ask for; `host` is what TLS must prove."""

    url: str
    scheme: str
    host: str
    port: int
    address: str


def check_url(url: str, allow_hosts: Collection[str] = (), resolve: Resolve | None = None) -> Target:
    """The target of a URL. Raises `UrlRefused` with the reason."""
    parts, port = _split(url)
    host = parts.hostname
    allowed = host in allow_hosts or f"{host}:{port}" in allow_hosts
    if parts.scheme != "https" and not (allowed and parts.scheme == "http"):
        raise UrlRefused(f"webhook host {host}: only https is allowed")
    try:
        addresses = (resolve or _resolve)(host, port)
    except (OSError, UnicodeError) as error:
        raise UrlRefused(f"webhook host {host}: has no address") from error
    if not allowed and (inside := [a for a in addresses if not is_public(a)]):
        raise UrlRefused(f"webhook host {host}: {inside[0]} is not a public address")
    return Target(url, parts.scheme, host, port, addresses[0])


def is_public(address: str) -> bool:
    """Whether an address is reachable from anywhere, looking through every way of writing IPv4 inside IPv6."""
    found: Address = ipaddress.ip_address(address.split("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        embedded = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in NAT64 or found.packed[:12] == bytes(12):
            embedded.append(ipaddress.IPv4Address(found.packed[12:]))
        if any(inner is not None and not is_public(str(inner)) for inner in embedded):
            return False
        if found.ipv4_mapped is not None:
            return True
    return found.is_global and not found.is_multicast and found not in METADATA


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        raise UrlRefused("the webhook URL cannot be read") from error
    if not parts.hostname:
        raise UrlRefused("the webhook URL has no host")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused(f"webhook host {parts.hostname}: a user or password in the URL is not allowed")
    return parts, port


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))
