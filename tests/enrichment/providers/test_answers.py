"""How answers are read, by each provider's fixture and by the team's payload files."""

import copy
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.contracts.fields import FIELDS as CANONICAL
from dagster_project.enrichment.lookup import Lookup, Reading
from dagster_project.enrichment.offers import offer
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome
from dagster_project.transport.paths import covers, leaves
from tests.adapters.cases import payload, payload_files
from tests.enrichment.providers.cases import (
    Case,
    answer_of,
    case_of,
    declared,
    fixtures,
    payload_for,
    records_at,
)

EVERY_CASE = pytest.mark.parametrize("case", [pytest.param(case_of(name), id=name) for name in fixtures()])
ODD_TEXTS = ("🦊🍕", "مرحبا بالعالم", "naïve Ångström\u200b", " ", "0", "-")


# Fixtures


@EVERY_CASE
def test_every_lookup_has_an_answer(case: Case) -> None:
    assert {lookup.name for lookup, _ in case.entries("answers")} == {lookup.name for lookup in case.provider.endpoints}


@EVERY_CASE
def test_whatever_is_promised_can_be_polled_for_in_a_fixture(case: Case) -> None:
    polled = {lookup.name for lookup, _ in case.entries("polls")}
    assert polled == {lookup.name for lookup in case.provider.endpoints if lookup.poll}
    delivered = {lookup.name for lookup, _ in case.entries("deliveries")}
    assert delivered == {lookup.name for lookup in case.provider.endpoints if lookup.read_delivery}


@EVERY_CASE
def test_answers_polls_and_deliveries_give_the_expected_readings(case: Case) -> None:
    for lookup, reading, wanted in case.readings():
        assert {name: said(lookup, reading, name, wanted) for name in wanted} == wanted


def said(lookup: Lookup, reading: Reading, name: str, wanted: Mapping[str, Any]) -> Any:
    """One part of a reading, as fixtures write it."""
    if name == "key":
        return lookup.provider_key(reading.record)
    if name == "values":
        return lookup.values(reading.record)
    if name == "confidence":
        return {field: lookup.confidence(reading.record, field) for field in wanted["confidence"]}
    return list(reading.extras) if name == "extras" else getattr(reading, name)


@EVERY_CASE
def test_what_is_answered_is_read_only_where_the_verdict_allows_it(case: Case) -> None:
    for _, entry in case.entries("answers"):
        assert case.provider.verdict(answer_of(entry)).outcome is Outcome.OK


@EVERY_CASE
def test_a_poll_is_made_from_the_request_id_alone(case: Case) -> None:
    for lookup, entry in case.entries("polls"):
        request = lookup.poll(entry["request_id"])
        assert request == lookup.poll(entry["request_id"])
        assert request.path.startswith("/")


@EVERY_CASE
def test_every_error_has_its_class_and_wait(case: Case) -> None:
    for content in case.content["errors"]:
        verdict = case.provider.verdict(answer_of(content))
        assert (verdict.outcome, verdict.retry_after) == (content["outcome"], content["retry_after"]), content


@EVERY_CASE
def test_a_reading_costs_what_the_price_list_says_and_no_more_than_is_reserved(case: Case) -> None:
    for lookup, reading, _ in case.readings():
        own = offer(case.provider.name, lookup.name)
        assert 0 <= own.cost(reading) <= own.most
        assert reading.outcome in (Outcome.OK, Outcome.NO_MATCH) or own.cost(reading) == 0
        assert set(reading.extras) <= own.extras.keys()


@EVERY_CASE
def test_a_confidence_is_between_nothing_and_one(case: Case) -> None:
    for lookup, record in case.records():
        found = [lookup.confidence(record, name) for name in lookup.fills]
        assert all(value is None or 0 <= value <= 1 for value in found)


@EVERY_CASE
def test_a_reason_holds_nothing_of_the_person(case: Case) -> None:
    for _, reading, _ in case.readings():
        assert not any(text in reading.reason.lower() for text in ("@", "quill", "larkmoor", "+1"))


@EVERY_CASE
def test_every_part_of_a_record_is_mapped_or_left_out_on_purpose(case: Case) -> None:
    for lookup, record in case.records():
        assert uncovered(lookup, record) == set()
        assert lookup.provider_key(record)


@EVERY_CASE
def test_an_answer_without_one_of_its_parts_is_told_from_an_empty_one(case: Case) -> None:
    for lookup, entry in case.entries("answers"):
        for body in broken(entry.get("body")):
            answer = Answer(entry["status"], {}, orjson.dumps(body))
            try:
                found = lookup.read(answer, entry["inputs"])
            except (LookupError, TypeError, ValueError):
                continue
            assert len(found) == len(entry["inputs"])


def broken(body: Any) -> Iterator[dict[str, Any]]:
    """A body with each of its parts absent or of another type."""
    for name in body if isinstance(body, dict) else ():
        yield {key: value for key, value in body.items() if key != name}
        yield from ({**body, name: odd} for odd in (None, [], {}, "x", 5) if odd != body[name])


@EVERY_CASE
def test_any_record_gives_declared_fields_as_text(case: Case) -> None:
    for lookup, record in case.records():
        for changed in mutated(record):
            fields = lookup.canonical(changed)
            assert fields.keys() <= CANONICAL[lookup.kind].keys()
            assert all(isinstance(text, str) and text for text in fields.values())
            assert isinstance(lookup.provider_key(changed), str | None)
            assert isinstance(lookup.evidence(changed), str | None)
            assert all(isinstance(lookup.confidence(changed, name), float | None) for name in lookup.fills)


def mutated(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The record with each of its parts null, empty, absent, and in another script."""
    yield {}
    for name, value in record.items():
        texts = ODD_TEXTS if isinstance(value, str) else ()
        empty = ([],) if isinstance(value, list) else ({},) if isinstance(value, dict) else ()
        yield from ({**record, name: odd} for odd in (None, *empty, *texts))
        yield {other: copy.deepcopy(kept) for other, kept in record.items() if other != name}


def uncovered(lookup: Lookup, record: Mapping[str, Any]) -> set[str]:
    """The leaves of a record that a lookup does not know of."""
    return {leaf for leaf in leaves(record) if not any(covers(path, leaf) for path in declared(lookup))}


# Payload files


@pytest.mark.shared
@EVERY_CASE
def test_every_payload_of_a_lookup_gives_the_documented_values(case: Case, shared_dir: Path) -> None:
    folder = shared_dir / "data" / "providers" / case.provider.name
    for pattern, how in case.content["payloads"].items():
        lookup, files = case.provider.endpoint(how["lookup"]), sorted(folder.glob(pattern))
        assert files, pattern
        for file in files:
            records = records_at(orjson.loads(file.read_bytes()), how["at"])
            assert [uncovered(lookup, record) for record in records] == [set()] * len(records), file.name
            if not how.get("is_partial"):
                assert all(lookup.provider_key(record) for record in records)
                assert lookup.values(records[0]) == how["values"], file.name


@pytest.mark.shared
@EVERY_CASE
def test_every_payload_is_read_is_an_error_or_is_left_out_for_a_reason(case: Case, shared_dir: Path) -> None:
    for file in payload_files(shared_dir, case.provider.name):
        status, body = payload(file)
        is_left_out = any(fnmatch(file.name, pattern) for pattern in case.provider.not_called)
        if status >= 400:
            assert case.provider.verdict(Answer(status, {}, orjson.dumps(body))).outcome is not Outcome.OK, file.name
        elif payload_for(case, file.name) is None:
            assert is_left_out or status_of_error(body), file.name


def status_of_error(body: Any) -> bool:
    """Whether a body without a status in its name is an error by its content."""
    return isinstance(body, dict) and body.keys() <= {"error", "errors"}


@pytest.mark.shared
@EVERY_CASE
def test_every_reason_to_leave_out_payloads_is_about_some(case: Case, shared_dir: Path) -> None:
    files = [file.name for file in payload_files(shared_dir, case.provider.name)]
    unused = {pattern for pattern in case.provider.not_called if not any(fnmatch(file, pattern) for file in files)}
    assert unused == set()
