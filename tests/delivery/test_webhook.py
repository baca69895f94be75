"""The webhook sink against a transport that answers what the test says: requests, classes of answers, secrecy."""

import hashlib
import json
import uuid
from collections.abc import Callable

import httpx
import pytest

from dagster_project.delivery import signing
from dagster_project.delivery.guard import UrlRefused
from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome
from dagster_project.delivery.sync import Sync
from dagster_project.delivery.webhook import Webhook
from tests.delivery.conftest import lead_id

NOW = 1_795_420_800.5
URL = "https://127.0.0.1:8443/hook/T0KEN?key=k3y"


def rows(count: int, revision: int = 1) -> list[OutboxRow]:
    return [
        OutboxRow(uuid.uuid4(), lead_id(n), revision, f"key-{n}-{revision}", json.dumps({"name": f"Zoë {n}"}), 0)
        for n in range(count)
    ]


class Endpoint:
    """Keeps the requests and answers each with what `answer` makes of it."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] | int = 200) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.answer) if isinstance(self.answer, int) else self.answer(request)


def open_webhook(sync: Sync, endpoint: Endpoint, url: str = URL) -> Webhook:
    transport = httpx.MockTransport(endpoint)
    return Webhook(sync, "acme", url, "s3cret", allow_hosts=["127.0.0.1"], clock=lambda: NOW, transport=transport)


def keys_of(request: httpx.Request) -> list[str]:
    return [record["idempotency_key"] for record in json.loads(request.content)["records"]]


def test_a_post_carries_the_records_and_a_signature_that_verifies(hook_sync: Sync):
    endpoint = Endpoint()
    results = open_webhook(hook_sync, endpoint).send(rows(2))
    (request,) = endpoint.requests
    body = json.loads(request.content)
    assert [r.outcome for r in results] == [Outcome.DELIVERED] * 2
    assert request.method == "POST"
    assert (body["org_id"], body["sync"], body["sent_at"]) == ("acme", "webhook", "2026-11-23T08:00:00.500Z")
    assert body["records"][1] == {"idempotency_key": "key-1-1", "lead_id": lead_id(1), "revision": 1, "name": "Zoë 1"}
    timestamp, signature = request.headers[signing.TIMESTAMP], request.headers[signing.SIGNATURE]
    assert signing.verify("s3cret", timestamp, signature, request.content, NOW)


def test_the_same_rows_carry_the_same_idempotency_key_and_others_another(hook_sync: Sync):
    endpoint = Endpoint()
    webhook = open_webhook(hook_sync, endpoint)
    for batch in (rows(3), rows(3), rows(3, revision=2), rows(2)):
        webhook.send(batch)
    first, again, newer, fewer = (r.headers["Idempotency-Key"] for r in endpoint.requests)
    assert first == again == hashlib.sha256(b"key-0-1\nkey-1-1\nkey-2-1").hexdigest()
    assert len({first, newer, fewer}) == 3


def test_the_call_goes_to_the_address_that_was_checked_under_the_hosts_name(
    hook_sync: Sync, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dagster_project.delivery.guard._resolve", lambda host, port: ["93.184.215.14"])
    endpoint = Endpoint()
    open_webhook(hook_sync, endpoint, "https://hooks.example.com:8443/in?x=1").send(rows(1))
    (request,) = endpoint.requests
    assert str(request.url) == "https://93.184.215.14:8443/in?x=1"
    assert request.headers["Host"] == "hooks.example.com:8443"
    assert request.extensions["sni_hostname"] == "hooks.example.com"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *[(code, Outcome.DELIVERED) for code in (200, 201, 202, 204)],
        *[(code, Outcome.GONE) for code in (301, 302, 307, 308, 404, 405, 410)],
        *[(code, Outcome.AUTH) for code in (401, 403, 407)],
        *[(code, Outcome.TRANSIENT) for code in (408, 425, 500, 502, 503, 504)],
        *[(code, Outcome.BAD_REQUEST) for code in (400, 409, 413, 415, 422)],
        (429, Outcome.RATE_LIMITED),
    ],
)
def test_each_status_has_its_class(hook_sync: Sync, status: int, outcome: Outcome):
    (result,) = open_webhook(hook_sync, Endpoint(status)).send(rows(1))
    assert (result.outcome, result.status_code) == (outcome, status)


def test_a_redirect_is_not_followed(hook_sync: Sync):
    endpoint = Endpoint(lambda request: httpx.Response(302, headers={"Location": "https://169.254.169.254/"}))
    open_webhook(hook_sync, endpoint).send(rows(1))
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("Mon, 23 Nov 2026 08:01:00 GMT", 59.5),
        ("Mon, 23 Nov 2020 08:01:00 GMT", 0),
        ("999999999", 86_400),
        ("inf", 86_400),
        ("nan", 5),
        ("-3", 0),
        ("soon", 5),
        (None, 5),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(hook_sync: Sync, header: str | None, seconds: float):
    headers = {"Retry-After": header} if header else {}
    (result,) = open_webhook(hook_sync, Endpoint(lambda request: httpx.Response(429, headers=headers))).send(rows(1))
    assert result.retry_after == seconds


def test_bad_records_are_found_by_halving_the_batch(hook_sync: Sync):
    bad = {"key-3-1", "key-8-1"}
    endpoint = Endpoint(lambda request: httpx.Response(422 if bad & set(keys_of(request)) else 200))
    results = open_webhook(hook_sync, endpoint).send(rows(10))
    assert [n for n, r in enumerate(results) if r.outcome is Outcome.BAD_REQUEST] == [3, 8]
    assert sum(r.outcome is Outcome.DELIVERED for r in results) == 8


def test_an_answer_may_speak_for_each_record(hook_sync: Sync):
    said = [
        {"idempotency_key": "key-0-1", "status": "delivered", "crm_id": 17},
        {"idempotency_key": "key-1-1", "status": "rejected", "reason": "name is too short for jane@example.com"},
        {"idempotency_key": "key-2-1", "status": "suppressed"},
        {"idempotency_key": "key-3-1", "status": "retry"},
        {"idempotency_key": "key-4-1", "status": "perhaps"},
        {"idempotency_key": "unknown", "status": "delivered"},
        "nonsense",
    ]
    endpoint = Endpoint(lambda request: httpx.Response(200, json={"results": said}))
    results = open_webhook(hook_sync, endpoint).send(rows(6))
    delivered, rejected, suppressed, transient = (
        Outcome.DELIVERED,
        Outcome.BAD_REQUEST,
        Outcome.SUPPRESSED,
        Outcome.TRANSIENT,
    )
    assert [r.outcome for r in results] == [delivered, rejected, suppressed, transient, transient, transient]
    assert results[0].crm_id == "17"
    assert results[1].reason == "name is too short for [e-mail]"
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'{"results": 3}', b"\xff", b"null"])
def test_any_other_body_of_a_2xx_takes_the_whole_batch(hook_sync: Sync, body: bytes):
    results = open_webhook(hook_sync, Endpoint(lambda request: httpx.Response(200, content=body))).send(rows(2))
    assert [r.outcome for r in results] == [Outcome.DELIVERED] * 2


def raising(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused https://x/T0KEN"),
        httpx.ReadTimeout("T0KEN"),
        httpx.RemoteProtocolError("cut"),
        httpx.DecodingError("bad"),
    ],
)
def test_network_trouble_is_transient_and_its_reason_names_only_the_host(hook_sync: Sync, error: Exception):
    (result,) = open_webhook(hook_sync, Endpoint(raising(error))).send(rows(1))
    assert result.outcome is Outcome.TRANSIENT
    assert result.reason == f"{type(error).__name__} from 127.0.0.1"


def test_an_endless_answer_is_cut_off(hook_sync: Sync):
    endless = Endpoint(lambda request: httpx.Response(200, content=b"x" * 1_000_001))
    (result,) = open_webhook(hook_sync, endless).send(rows(1))
    assert (result.outcome, result.reason) == (Outcome.TRANSIENT, "AnswerTooLong from 127.0.0.1")


@pytest.mark.parametrize("body", [b'{"message": "jane@example.com is taken"}', b'{"error": "+13125550100 is taken"}'])
def test_an_endpoints_words_are_kept_without_personal_data(hook_sync: Sync, body: bytes):
    endpoint = Endpoint(lambda request: httpx.Response(422, content=body))
    (result,) = open_webhook(hook_sync, endpoint).send(rows(1))
    assert result.reason.startswith("HTTP 422")
    assert result.reason.endswith("is taken")
    assert "jane" not in result.reason
    assert "5550100" not in result.reason


def test_a_webhook_inside_is_refused_before_anything_is_sent(hook_sync: Sync):
    with pytest.raises(UrlRefused):
        Webhook(hook_sync, "acme", URL, "s3cret")
