"""How a provider is reached: its key, address, limits and cap, as its adapter documents them and the environment says.

The variables are declared in `settings.ProviderSettings`. A key is shown nowhere: not in a repr, not in an error.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from dagster_project.settings import InvalidSettings, ProviderSettings, load_provider, provider_variable
from dagster_project.transport.windows import Window, parse_windows
from dagster_project.user_yaml import nearest

OFF = "off"


class Limited(Protocol):
    """What an endpoint says of its own calls; `cap` is the most results that it gives for one question."""

    name: str
    windows: tuple[Window, ...]
    cap: int | None


class Documented(Protocol):
    """What an adapter says of its provider."""

    name: str
    base_url: str
    windows: tuple[Window, ...]
    endpoints: tuple[Any, ...]


@dataclass(frozen=True)
class ProviderConfig:
    """One provider as it is configured; without a `key` it is not configured and is never asked.

    `windows` hold for all its calls together, `endpoint_windows` for those of one endpoint besides. `caps` has the
    provider's own name when the environment says how many results one question gives, None for any number.
    """

    name: str
    base_url: str
    key: SecretStr | None = None
    windows: tuple[Window, ...] = ()
    endpoint_windows: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    caps: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def is_configured(self) -> bool:
        return self.key is not None

    def cap(self, endpoint: Limited) -> int | None:
        """Most results of one question to an endpoint; None for any number."""
        return self.caps.get(self.name, endpoint.cap)


def provider_configs(adapters: Iterable[Documented]) -> dict[str, ProviderConfig]:
    """Every provider's configuration by name, as the environment has it now. Raises `InvalidSettings`."""
    return {adapter.name: provider_config(adapter, load_provider(adapter.name)) for adapter in adapters}


def provider_config(adapter: Documented, said: ProviderSettings) -> ProviderConfig:
    """The adapter's own values, replaced by what is said. Raises `InvalidSettings` naming each variable at fault."""
    own = {endpoint.name: endpoint.windows for endpoint in adapter.endpoints}
    config, mistakes = ProviderConfig(adapter.name, adapter.base_url, windows=adapter.windows, endpoint_windows=own), []
    for name, read in READERS.items():
        try:
            if (text := getattr(said, name)) is not None:
                config = replace(config, **read(text, config))
        except ValueError as mistake:
            mistakes.append(f"{provider_variable(adapter.name, name)}: {mistake}")
    if mistakes:
        raise InvalidSettings("; ".join(mistakes))
    return config


def _key(secret: SecretStr, config: ProviderConfig) -> dict[str, Any]:
    """A key that can be sent in a header; blank is none."""
    key = secret.get_secret_value().strip()
    if not all("!" <= character <= "~" for character in key):
        raise ValueError("a key has only printable ASCII characters and no space")
    return {"key": SecretStr(key) if key else None}


def _base_url(text: str, config: ProviderConfig) -> dict[str, Any]:
    """An address without a slash at its end. It is not repeated in an error: it may hold a password."""
    parts = urlsplit(text.strip())
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host:
        raise ValueError("write an address such as https://api.example.com")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("a key travels over https only; http is for this machine, such as http://127.0.0.1:8700")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("write host and path alone, without user, query or fragment")
    _ = parts.port  # raises for one that is no port
    return {"base_url": text.strip().rstrip("/")}


def _limits(text: str, config: ProviderConfig) -> dict[str, Any]:
    """`5/second company_search=10/minute`, or `off`; what is not named keeps its own limits."""
    if text.strip().lower() == OFF:
        return {"windows": (), "endpoint_windows": dict.fromkeys(config.endpoint_windows, ())}
    found: dict[str, list[Window]] = {}
    for part in text.replace(",", " ").split():
        endpoint, _, window = part.rpartition("=")
        if endpoint and endpoint not in config.endpoint_windows:
            known = ", ".join(config.endpoint_windows)
            raise ValueError(f'no endpoint "{endpoint}"{nearest(endpoint, config.endpoint_windows)}. Known: {known}')
        found.setdefault(endpoint, []).extend(parse_windows(window))
    windows = {name: tuple(several) for name, several in found.items()}
    return {"windows": windows.pop("", config.windows), "endpoint_windows": {**config.endpoint_windows, **windows}}


def _cap(text: str, config: ProviderConfig) -> dict[str, Any]:
    """A number of results, or `off` for any number."""
    said = text.strip().lower()
    if said != OFF and not (said.isascii() and said.isdigit() and int(said) > 0):
        raise ValueError(f'"{said}" is no number of results; write such as 240, or {OFF}')
    return {"caps": {config.name: None if said == OFF else int(said)}}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


READERS = {"api_key": _key, "base_url": _base_url, "limits": _limits, "result_cap": _cap}
