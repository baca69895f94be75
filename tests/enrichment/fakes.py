"""Enrichment providers that send nothing, with the names of the real ones: a lookup of people, one of companies."""

from dagster_project.enrichment.lookup import Lookup, Provider
from dagster_project.enrichment.subject import FIELDS
from dagster_project.transport.messages import Auth, Request
from dagster_project.transport.shapes import Terms

FILLS = {
    "clearbit": {"email", "title", "company", "domain", "social"},
    "apollo": {"email", "phone", "title", "company", "domain", "social"},
    "hunter": {"email", "domain"},
    "zoominfo": {"email", "phone", "title", "company"},
    "lusha": {"email", "phone"},
    "rocketreach": {"email", "phone", "title"},
    "pdl": {"email", "title", "company", "social"},
    "builtwith": {"tech"},
    "wappalyzer": {"tech"},
}


def fake_providers() -> dict[str, Provider]:
    """A provider for each name in `FILLS`, in order of name."""
    return {name: _provider(name) for name in sorted(FILLS)}


def _provider(name: str) -> Provider:
    by_kind = {kind: tuple(sorted(f for f in FILLS[name] if FIELDS[f].kind == kind)) for kind in ("person", "business")}
    return Provider(
        name=name,
        title=name.title(),
        base_url=f"https://{name}.example",
        auth=Auth.header("x-key"),
        endpoints=tuple(_lookup(kind, fills) for kind, fills in by_kind.items() if fills),
        terms=Terms(name, {}, None, "none", "made up"),
    )


def _lookup(kind: str, fills: tuple[str, ...]) -> Lookup:
    return Lookup(
        name=f"{kind}_lookup",
        kind=kind,
        fills=fills,
        identify=lambda identity: identity,
        request=lambda inputs: Request("GET", "/"),
        read=lambda answer, inputs: [],
    )
