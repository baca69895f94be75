"""Signatures of webhook bodies, for us to make and for receivers to check.

Each delivery carries two headers:

    Leadhouse-Timestamp: 1795420800
    Leadhouse-Signature: v1=<hex of HMAC-SHA256(secret, "{timestamp}.{body}")>

A receiver reads the raw body, calls `verify` with its copy of the secret and the time now, and answers 401 when it is
False. The timestamp is signed with the body, so a recorded delivery cannot be played back after `tolerance` seconds;
within them, the `idempotency_key` of each record tells a repeat. The module needs nothing but the standard library:
copy it into a receiver.
"""

import hashlib
import hmac

TIMESTAMP = "Leadhouse-Timestamp"
SIGNATURE = "Leadhouse-Signature"
VERSION = "v1"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Value of the signature header for one body sent at a Unix time."""
    signed = str(timestamp).encode() + b"." + body
    return f"{VERSION}=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def verify(secret: str, timestamp: str, signature: str, body: bytes, now: float, tolerance: float = 300) -> bool:
    """Whether the body was signed with the secret at most `tolerance` seconds before or after `now` (Unix time)."""
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp)) > tolerance:
        return False
    return hmac.compare_digest(sign(secret, int(timestamp), body).encode(), signature.encode())
