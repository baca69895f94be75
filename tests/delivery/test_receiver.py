"""The development receiver refuses what a good receiver refuses."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from dagster_project.delivery import signing
from dagster_project.sandbox.receiver import WebhookReceiver

RECORD = {"idempotency_key": "k1", "lead_id": "l1", "revision": 1, "name": "A"}


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as opened:
        yield opened


def post(receiver: WebhookReceiver, *records: dict, secret: str | None = None, age: int = 0) -> int:
    body = json.dumps({"records": records}).encode()
    timestamp = int(time.time()) - age
    headers = {
        signing.TIMESTAMP: str(timestamp),
        signing.SIGNATURE: signing.sign(secret or receiver.secret, timestamp, body),
    }
    return httpx.post(receiver.url, content=body, headers=headers, trust_env=False).status_code


def test_a_signed_call_is_taken(receiver: WebhookReceiver):
    assert post(receiver, RECORD) == 200
    assert (receiver.records, receiver.payloads) == ({"l1": 1}, {"l1": RECORD})


def test_a_repeated_record_is_counted_and_dropped(receiver: WebhookReceiver):
    assert [post(receiver, RECORD), post(receiver, RECORD | {"name": "changed"})] == [200, 200]
    assert (receiver.duplicates, receiver.payloads["l1"]["name"]) == (1, "A")


def test_an_older_revision_does_not_overwrite_a_newer_one(receiver: WebhookReceiver):
    post(receiver, RECORD | {"idempotency_key": "k2", "revision": 2, "name": "B"})
    post(receiver, RECORD)
    assert (receiver.records["l1"], receiver.payloads["l1"]["name"]) == (2, "B")


def test_a_forged_or_old_call_is_refused(receiver: WebhookReceiver):
    assert post(receiver, RECORD, secret="guess") == 401
    assert post(receiver, RECORD, age=301) == 401
    assert httpx.post(receiver.url, content=b"{}", trust_env=False).status_code == 401
    assert (receiver.refused, receiver.records, receiver.calls) == (3, {}, [])


def test_the_environment_points_the_shipped_sync_at_it(receiver: WebhookReceiver):
    environment = receiver.environment()
    assert environment["LEADHOUSE_WEBHOOK_URL"] == receiver.url
    assert environment["LEADHOUSE_WEBHOOK_ALLOW_HOSTS"] in receiver.url
