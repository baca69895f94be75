"""Posting to an endpoint that was checked: at its address and no other, without redirects, reading a bounded answer."""

import logging
import time
from collections.abc import Collection

import httpx

from dagster_project.delivery.guard import Target, UrlRefused, check_url

# At INFO httpx logs each request's URL, and a webhook's path is often its password.
logging.getLogger("httpx").setLevel(logging.WARNING)

LARGEST_ANSWER = 1_000_000


class AnswerTooLong(httpx.HTTPError):
    """The endpoint's answer takes more bytes or more time than any real one needs."""


class Endpoint:
    """One endpoint. Raises `UrlRefused` when it must not be reached."""

    def __init__(
        self,
        url: str,
        timeout: float,
        *,
        allow_hosts: Collection[str] = (),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.target = check_url(url, allow_hosts)
        self.url, self.timeout = _parsed(self.target), timeout
        # trust_env off: a proxy would resolve the name again, past the guard
        self.client = httpx.Client(
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            verify=httpx.create_ssl_context(),
        )

    def close(self) -> None:
        self.client.close()

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and body of the answer. Raises `httpx.HTTPError`, whose text may hold the URL."""
        always = {
            "Host": self.url.netloc.decode(),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "leadhouse",
        }
        address = self.url.copy_with(host=self.target.address)
        request = self.client.build_request(
            "POST", address, content=body, headers=always | headers, extensions={"sni_hostname": self.target.host}
        )
        return self._exchange(request)

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
