"""The webhook destination: signed JSON, posted in batches.

    {"delivery_id": "…", "org_id": "…", "sync": "…", "sent_at": "…",
     "records": [{"idempotency_key": "…", "lead_id": "…", "revision": 3, "name": "…", …}]}

Delivery is at least once: a record may come again under the same `idempotency_key`. A receiver that drops known keys,
and revisions not above the one it has, ends up with each change once. `Idempotency-Key` (also the `delivery_id`) is the
hash of the records' keys, so the same records carry the same one. The signature is explained in `signing.py`.

An answer of 2xx takes all records, unless its body says per record
`{"results": [{"idempotency_key": "…", "status": "delivered|retry|rejected|suppressed", "reason": "…"}]}`.
When an endpoint calls a whole batch bad, it is halved until the bad records stand alone.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import httpx

from dagster_project.delivery import answers, signing
from dagster_project.delivery.guard import Target, UrlRefused, check_url
from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result
from dagster_project.delivery.sync import KEY, Sync

# At INFO httpx logs each request's URL, and a webhook's path is often its password.
logging.getLogger("httpx").setLevel(logging.WARNING)

LARGEST_ANSWER = 1_000_000


class AnswerTooLong(httpx.HTTPError):
    """The endpoint's answer takes more bytes or more time than any real one needs."""


class Webhook:
    """One endpoint. Raises `UrlRefused` when it must not be reached; every later trouble is a result."""

    def __init__(
        self,
        sync: Sync,
        org_id: str,
        url: str,
        secret: str,
        *,
        allow_hosts: Collection[str] = (),
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.sync, self.org_id, self.secret, self.clock = sync, org_id, secret, clock
        self.target = check_url(url, allow_hosts)
        self.url = _parsed(self.target)
        self.timeout = sync.destination.timeout_seconds
        # trust_env off: a proxy would resolve the name again, past the guard
        self.client = httpx.Client(
            transport=transport,
            timeout=self.timeout,
            follow_redirects=False,
            trust_env=False,
            verify=httpx.create_ssl_context(),
        )

    def is_lost(self) -> bool:
        """Never: what a receiver does with its records is its own affair."""
        return False

    def remove(self, natural_keys: Sequence[str]) -> bool:
        """An upsert takes nothing back."""
        return False

    def close(self) -> None:
        self.client.close()

    def send(self, rows: Sequence[OutboxRow]) -> list[Result]:
        """Post rows in one call; in more, when the endpoint refuses the batch for what some record holds."""
        results = self._post(rows)
        refused = len(rows) > 1 and all(r.status_code in answers.ABOUT_THE_RECORDS for r in results)
        if not refused:
            return results
        middle = len(rows) // 2
        return self.send(rows[:middle]) + self.send(rows[middle:])

    def _post(self, rows: Sequence[OutboxRow]) -> list[Result]:
        request = self._request(rows)
        try:
            status, headers, body = self._exchange(request)
        except httpx.HTTPError as error:
            # the exception's text may hold the URL, and that a token
            return [Result(Outcome.TRANSIENT, f"{type(error).__name__} from {self.target.host}")] * len(rows)
        return answers.classify(rows, status, headers.get("retry-after"), body, self.clock())

    def _request(self, rows: Sequence[OutboxRow]) -> httpx.Request:
        """A signed POST to the address that was checked, under the name that TLS and the server expect."""
        now = self.clock()
        key = hashlib.sha256("\n".join(row.idempotency_key for row in rows).encode()).hexdigest()
        body = self._body(rows, key, now)
        headers = {
            "Host": self.url.netloc.decode(),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "leadhouse",
            "Idempotency-Key": key,
            signing.TIMESTAMP: str(int(now)),
            signing.SIGNATURE: signing.sign(self.secret, int(now), body),
        }
        address = self.url.copy_with(host=self.target.address)
        return self.client.build_request(
            "POST", address, content=body, headers=headers, extensions={"sni_hostname": self.target.host}
        )

    def _body(self, rows: Sequence[OutboxRow], key: str, now: float) -> bytes:
        records = [
            {"idempotency_key": row.idempotency_key, KEY: row.natural_key, "revision": row.revision}
            | json.loads(row.payload)
            for row in rows
        ]
        sent_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        envelope = {"delivery_id": key, "org_id": self.org_id, "sync": self.sync.name, "sent_at": sent_at}
        return json.dumps(envelope | {"records": records}, ensure_ascii=False, separators=(",", ":")).encode()

    def _exchange(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        """Send and read at most `LARGEST_ANSWER` bytes. httpx times each read, so a drip of bytes needs a deadline."""
        deadline = time.monotonic() + 2 * self.timeout
        response = self.client.send(request, stream=True)
        try:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST_ANSWER or time.monotonic() > deadline:
                    raise AnswerTooLong("answer too long")
            return response.status_code, response.headers, body
        finally:
            response.close()


def _parsed(target: Target) -> httpx.URL:
    try:
        return httpx.URL(target.url)
    except httpx.InvalidURL as error:
        raise UrlRefused("the webhook URL cannot be read") from error
