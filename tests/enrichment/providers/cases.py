"""What an enrichment provider is held against: our own small fixtures, and how the team's payload files are read.

A fixture is invented data, `fixtures/NAME.json`:

    answers     answers to a `lookup` about `inputs`, with the `readings` that they must give, one per input
    polls       answers to a poll, with their `reading`
    deliveries  bodies that a webhook gets, with the `readings` in them by request id
    errors      answers with the `outcome` and `retry_after` that they must be given
    payloads    the team's payload files by pattern: which `lookup` the records `at` a path belong to, and the `values`
                that the first one fills

Of a reading only what it says is compared; `key`, `values` and `confidence` are what its lookup makes of its record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.enrichment.providers import provider, providers
from dagster_project.transport.messages import Answer
from dagster_project.transport.paths import Path as FieldPath
from dagster_project.transport.shapes import alternatives

FIXTURES = Path(__file__).with_name("fixtures")
IDENTITY = {
    "person": {
        "first_name": "Ada",
        "last_name": "Quill",
        "title": "Owner",
        "email": "ada.quill@larkmoor.example",
        "phone": "+12025550117",
        "linkedin": "https://www.linkedin.com/in/ada-quill",
        "company_name": "Larkmoor Joinery",
        "company_domain": "larkmoor.example",
        "city": "Minneapolis",
        "region": "MN",
        "country": "US",
    },
    "business": {
        "name": "Larkmoor Joinery",
        "domain": "larkmoor.example",
        "phone": "+12025550118",
        "linkedin": "https://www.linkedin.com/company/larkmoor",
        "city": "Minneapolis",
        "region": "MN",
        "country": "US",
    },
}


@dataclass(frozen=True)
class Case:
    """One provider and its fixture."""

    provider: Provider
    content: dict[str, Any]

    def entries(self, part: str) -> Iterator[tuple[Lookup, dict[str, Any]]]:
        """The lookup and the entry of everything in a part of the fixture."""
        for entry in self.content.get(part, []):
            yield self.provider.endpoint(entry["lookup"]), entry

    def records(self) -> Iterator[tuple[Lookup, Mapping[str, Any]]]:
        """Every record that the fixture's answers, polls and deliveries hold."""
        for lookup, reading, _ in self.readings():
            if reading.record is not None:
                yield lookup, reading.record

    def readings(self) -> Iterator[tuple[Lookup, Reading, dict[str, Any]]]:
        """Every reading that is made of the fixture, with what it must be."""
        for lookup, entry in self.entries("answers"):
            found = lookup.read(answer_of(entry), entry["inputs"])
            assert len(found) == len(entry["inputs"]) == len(entry["readings"])
            yield from ((lookup, *pair) for pair in zip(found, entry["readings"], strict=True))
        for lookup, entry in self.entries("polls"):
            yield lookup, lookup.read_poll(answer_of(entry)), entry["reading"]
        for lookup, entry in self.entries("deliveries"):
            delivered = dict(lookup.read_delivery(entry["body"]))
            assert delivered.keys() == entry["readings"].keys()
            yield from ((lookup, delivered[name], wanted) for name, wanted in entry["readings"].items())


def fixtures() -> list[str]:
    """Names of the providers that have a fixture."""
    return [name for name in providers() if (FIXTURES / f"{name}.json").exists()]


@cache
def case_of(name: str) -> Case:
    return Case(provider(name), orjson.loads((FIXTURES / f"{name}.json").read_bytes()))


def lookups() -> list[tuple[Provider, Lookup]]:
    """Every lookup of every provider."""
    return [(found, lookup) for found in providers().values() for lookup in found.endpoints]


def inputs_of(lookup: Lookup, count: int = 1) -> list[Inputs]:
    """What a lookup sends of some subjects of whom everything is known."""
    identity = IDENTITY[lookup.kind]
    several = [{name: f"{value}{n or ''}" for name, value in identity.items()} for n in range(count)]
    return [lookup.identify(one) for one in several]


def answer_of(content: Mapping[str, Any]) -> Answer:
    """An answer with a JSON `body` or a `text`."""
    body = content["text"].encode() if "text" in content else orjson.dumps(content["body"])
    return Answer(content.get("status", 200), content.get("headers", {}), body)


def declared(lookup: Lookup) -> list[str]:
    """Every path that a lookup names."""
    specs = [spec for several in lookup.fields.values() for spec in alternatives(several)]
    specs += [lookup.key, *((lookup.url,) if lookup.url else ())]
    return [*(spec if isinstance(spec, str) else spec[0] for spec in specs), *lookup.ignored, *lookup.volatile]


def payload_for(case: Case, file: str) -> dict[str, Any] | None:
    """How a payload file is read."""
    payloads = case.content.get("payloads", {})
    return next((how for pattern, how in payloads.items() if fnmatch(file, pattern)), None)


def records_at(content: Any, path: str) -> list[dict[str, Any]]:
    """The records at a path of a payload."""
    found = FieldPath(path).value(content)
    return found if isinstance(found, list) else [found]
