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
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import httpx

from dagster_project.delivery import answers, signing
from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result
from dagster_project.delivery.posting import Endpoint
from dagster_project.delivery.sync import KEY, Sync


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
        self.endpoint = Endpoint(url, sync.destination.timeout_seconds, allow_hosts=allow_hosts, transport=transport)

    def is_lost(self) -> bool:
        """Never: what a receiver does with its records is its own affair."""
        return False

    def remove(self, natural_keys: Sequence[str]) -> bool:
        """An upsert takes nothing back."""
        return False

    def close(self) -> None:
        self.endpoint.close()

    def send(self, rows: Sequence[OutboxRow]) -> list[Result]:
        """Post rows in one call; in more, when the endpoint refuses the batch for what some record holds."""
        results = self._post(rows)
        refused = len(rows) > 1 and all(r.status_code in answers.ABOUT_THE_RECORDS for r in results)
        if not refused:
            return results
        middle = len(rows) // 2
        return self.send(rows[:middle]) + self.send(rows[middle:])

    def _post(self, rows: Sequence[OutboxRow]) -> list[Result]:
        now = self.clock()
        key = hashlib.sha256("\n".join(row.idempotency_key for row in rows).encode()).hexdigest()
        body = self._body(rows, key, now)
        headers = {
            "Idempotency-Key": key,
            signing.TIMESTAMP: str(int(now)),
            signing.SIGNATURE: signing.sign(self.secret, int(now), body),
        }
        try:
            status, answered, text = self.endpoint.post(body, headers)
        except httpx.HTTPError as error:
            # the exception's text may hold the URL, and that a token
            return [Result(Outcome.TRANSIENT, f"{type(error).__name__} from {self.endpoint.target.host}")] * len(rows)
        return answers.classify(rows, status, answered.get("retry-after"), text, self.clock())

    def _body(self, rows: Sequence[OutboxRow], key: str, now: float) -> bytes:
        records = [
            {"idempotency_key": row.idempotency_key, KEY: row.natural_key, "revision": row.revision}
            | json.loads(row.payload)
            for row in rows
        ]
        sent_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        envelope = {"delivery_id": key, "org_id": self.org_id, "sync": self.sync.name, "sent_at": sent_at}
        return json.dumps(envelope | {"records": records}, ensure_ascii=False, separators=(",", ":")).encode()
