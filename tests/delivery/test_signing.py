"""Signatures: what verifies, and everything that must not."""

import pytest

from dagster_project.delivery.signing import sign, verify

BODY, NOW = b'{"records":[]}', 1_795_420_800
GOOD = sign("secret", NOW, BODY)


def test_a_signature_is_the_hmac_of_timestamp_and_body():
    # computed with openssl: printf '1795420800.{"records":[]}' | openssl dgst -sha256 -hmac secret
    assert GOOD == "v1=9748f476a5e3617204ee0b983f8252b5e3274221c4d58d2080f4c7bd3818a476"


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_signature_holds_within_the_tolerance(age: int):
    assert verify("secret", str(NOW), GOOD, BODY, NOW + age)


@pytest.mark.parametrize(
    ("secret", "timestamp", "signature", "body", "now"),
    [
        ("other", str(NOW), GOOD, BODY, NOW),
        ("secret", str(NOW), GOOD, BODY + b" ", NOW),
        ("secret", str(NOW + 1), GOOD, BODY, NOW),
        ("secret", str(NOW), GOOD[:-1] + "x", BODY, NOW),
        ("secret", str(NOW), GOOD.removeprefix("v1="), BODY, NOW),
        ("secret", str(NOW), GOOD.replace("v1", "v2"), BODY, NOW),
        ("secret", str(NOW), "", BODY, NOW),
        ("secret", "", GOOD, BODY, NOW),
        ("secret", "soon", GOOD, BODY, NOW),
        ("secret", "²", GOOD, BODY, NOW),
        ("secret", f"-{NOW}", GOOD, BODY, NOW),
        ("secret", str(NOW), GOOD, BODY, NOW + 301),
        ("secret", str(NOW), GOOD, BODY, NOW - 301),
        ("secret", str(NOW), "v1=é", BODY, NOW),
    ],
)
def test_anything_tampered_or_expired_is_refused(secret: str, timestamp: str, signature: str, body: bytes, now: int):
    assert not verify(secret, timestamp, signature, body, now)
