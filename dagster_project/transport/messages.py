"""What is sent and what comes back, apart from any HTTP library, so that adapters are tested without one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson


@dataclass(frozen=True)
class Request:
    """One call, without base URL and credentials: those are put on when it is sent, and are never stored."""

    method: str
    path: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A complete answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The parsed body. Raises ValueError when it is no JSON (a torn body, a proxy's page)."""
        return orjson.loads(self.body)

    @cached_property
    def content(self) -> dict[str, Any]:
        """The parsed body when it is an object, else empty: for reading error bodies of any shape."""
        try:
            return self.json if isinstance(self.json, dict) else {}
        except ValueError:
            return {}


@dataclass(frozen=True)
class Auth:
    """Where the credential goes: a header or a query parameter, `{}` in the template standing for the key."""

    place: str
    name: str
    template: str = "{}"

    @classmethod
    def header(cls, name: str, template: str = "{}") -> "Auth":
        return cls("header", name, template)

    @classmethod
    def param(cls, name: str) -> "Auth":
        return cls("param", name)

    def headers(self, key: str) -> dict[str, str]:
        return {self.name: self.template.format(key)} if self.place == "header" else {}

    def params(self, key: str) -> dict[str, str]:
        return {self.name: key} if self.place == "param" else {}
