"""Every fault is seen by a client of the real server, at the rate and by the seed that it was set to."""

import time
from collections import Counter
from dataclasses import replace

import httpx
import numpy as np
import orjson
import pytest

from dagster_project.sandbox.api.faults import FAULTS, duplicated, reordered
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.api.services import SERVICES
from dagster_project.sources.adapter import Ask
from dagster_project.sources.area import Box
from dagster_project.sources.providers import adapter, adapters, google_geocoding
from dagster_project.transport.messages import Request
from tests.sandbox.served import NEEDS, client, first, send, walk

NAMES = sorted(adapters())
HOUSTON = Box(29.6, -95.5, 29.9, -95.2)


def request_of(name: str) -> Request:
    if name == "google_geocoding":
        return adapter(name).endpoint("geocode").request(google_geocoding.geocode_ask("Austin"), None, 1)
    return first(name)[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("fault", "outcomes"),
    [
        ("rate_limited", {"rate_limited", "quota_exhausted"}),
        ("rate_limited_silent", {"rate_limited", "quota_exhausted"}),
        ("quota", {"quota_exhausted", "rate_limited"}),
        ("server_error", {"transient"}),
        ("truncated", {"transient"}),
    ],
)
def test_a_refusal_is_the_providers_own_and_costs_nothing(
    sandbox: Sandbox, name: str, fault: str, outcomes: set[str]
) -> None:
    sandbox.faults({name: {fault: 1}, "times": {"retry_after": 7}})
    with client(sandbox, name) as http:
        answer = send(http, request_of(name))
    assert adapter(name).verdict(answer).outcome in outcomes
    if fault.startswith("rate_limited"):
        assert answer.headers.get("retry-after") == ("7" if fault == "rate_limited" else None)
    assert sandbox.bill()[name] | {"statuses": None} == {
        **dict.fromkeys(("answered", "records", "repeated"), 0),
        **dict.fromkeys(("charged", "charged_again"), "0"),
        **{"calls": 1, "statuses": None},
    }
    (line,) = sandbox.calls(name)
    assert (line["fault"], line["provider"]) == (fault, name)


def test_quota_and_speed_are_told_apart_where_the_provider_does(sandbox: Sandbox) -> None:
    sandbox.faults({"*": {"quota": 1}})
    told = {}
    for name in NAMES:
        with client(sandbox, name) as http:
            told[name] = str(adapter(name).verdict(send(http, request_of(name))).outcome)
    # Crunchbase and the newer Google have one answer for both
    assert {name for name, outcome in told.items() if outcome == "rate_limited"} == {"crunchbase", "google_places"}


@pytest.mark.parametrize("fault", ["cut", "cut_within"])
@pytest.mark.parametrize("name", NAMES)
def test_a_cut_connection_is_an_error_and_costs_nothing(sandbox: Sandbox, name: str, fault: str) -> None:
    sandbox.faults({name: {fault: 1}})
    with client(sandbox, name) as http, pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        send(http, request_of(name))
    assert sandbox.bill()[name]["charged"] == "0"
    assert [line["fault"] for line in sandbox.calls(name)] == [fault]


def test_a_call_may_be_charged_whose_connection_is_cut_and_is_found_by_its_id(sandbox: Sandbox) -> None:
    sandbox.faults({"yelp": {"cut_charged": 1}})
    request = request_of("yelp")
    named = replace(request, headers={**request.headers, "X-Request-Id": "call-7"})
    with client(sandbox, "yelp") as http, pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        send(http, named)
    (line,) = sandbox.calls("yelp")
    assert (line["fault"], line["request_id"]) == ("cut_charged", "call-7")
    assert sandbox.bill()["yelp"]["answered"] == 1


def test_a_connection_cut_within_the_body_had_begun_to_answer(sandbox: Sandbox) -> None:
    sandbox.faults({"crunchbase": {"cut_within": 1}})
    request, got = first("crunchbase")[1], bytearray()
    with client(sandbox, "crunchbase") as http, http.stream("POST", request.path, json=request.json) as response:
        assert response.status_code == 200
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            got.extend(part for piece in response.iter_bytes() for part in piece)
    assert len(got) < int(response.headers["content-length"])


def test_a_stall_outlasts_the_clients_patience_and_is_not_charged(sandbox: Sandbox) -> None:
    sandbox.faults({"google_places": {"stall": 1}, "times": {"stall": 20}})
    with client(sandbox, "google_places", timeout=0.2) as http, pytest.raises(httpx.ReadTimeout):
        send(http, first("google_places")[1])
    waited = time.monotonic() + 5
    while not sandbox.calls("google_places") and time.monotonic() < waited:
        time.sleep(0.02)
    assert [line["charged"] for line in sandbox.calls("google_places")] == ["0.000"]


def test_a_short_stall_is_answered_and_charged(sandbox: Sandbox) -> None:
    sandbox.faults({"google_places": {"stall": 1}, "times": {"stall": 0.05}})
    with client(sandbox, "google_places") as http:
        assert send(http, first("google_places")[1]).status == 200
    assert sandbox.bill()["google_places"]["charged"] == "0.035"


def test_a_body_that_drips_comes_whole_but_slowly(sandbox: Sandbox) -> None:
    request = first("google_places")[1]
    sandbox.faults({"google_places": {"drip": 1}, "times": {"drip": 0.02}})
    began = time.monotonic()
    with client(sandbox, "google_places") as http:
        dripped = send(http, request)
        assert time.monotonic() - began > 0.3
        sandbox.faults({})
        assert dripped.json["places"] == send(http, request).json["places"]
    assert sandbox.bill()["google_places"]["charged"] == "0.070"


@pytest.mark.parametrize("name", NAMES)
def test_drift_changes_the_shape_of_a_page(sandbox: Sandbox, name: str) -> None:
    request = request_of(name)
    with client(sandbox, name) as http:
        straight = send(http, request).json
        bodies = {}
        for fault in ("field_renamed", "field_missing", "field_extra", "list_missing"):
            sandbox.faults({name: {fault: 1}})
            bodies[fault] = send(http, request).json
    texts = {fault: orjson.dumps(body).decode() for fault, body in bodies.items()}
    assert "_v2" in texts["field_renamed"]
    assert "sandbox_extra" in texts["field_extra"]
    assert len(texts["field_missing"]) < len(orjson.dumps(straight))
    route = next(iter(SERVICES[name].routes.values()))
    without = bodies["list_missing"]
    for step in route.listed[:-1]:
        without = without[step]
    assert route.listed[-1] not in without


def test_a_page_without_its_list_cannot_be_read(sandbox: Sandbox) -> None:
    for name in ("apollo", "crunchbase", "pdl", "yelp"):
        sandbox.faults({name: {"list_missing": 1}})
        ask, request = first(name)
        with client(sandbox, name) as http:
            answer = send(http, request)
        with pytest.raises(LookupError):
            adapter(name).endpoint(ask.endpoint).page(ask, None, answer)


def test_a_token_is_too_early_when_it_is_wished(sandbox: Sandbox) -> None:
    name = "google_places_legacy"
    endpoint, ask = adapter(name).endpoint("nearby_search"), Ask("nearby_search", {}, HOUSTON)
    sandbox.faults({name: {"token_early": 1}})
    with client(sandbox, name) as http:
        page = send(http, endpoint.request(ask, None, 20)).json
        early = send(http, endpoint.request(ask, page["next_page_token"], 20))
    assert page["status"] == "OK"
    assert adapter(name).verdict(early).outcome == "transient"


def test_errors_come_in_bursts(sandbox: Sandbox) -> None:
    sandbox.faults({"yelp": {"server_error": 0.1}, "times": {"burst": 4}, "seed": 3})
    with client(sandbox, "yelp") as http:
        statuses = [send(http, first("yelp")[1]).status for _ in range(120)]
    runs = "".join("x" if status == 500 else "." for status in statuses).replace(".", " ").split()
    assert runs
    assert min(len(run) for run in runs[:-1] or runs) >= 4


def test_a_seed_decides_which_calls_are_hit(sandbox: Sandbox) -> None:
    request, met = first("yelp")[1], []
    with client(sandbox, "yelp") as http:
        for seed in (1, 1, 2):
            sandbox.faults({"yelp": {"rate_limited": 0.2, "truncated": 0.2}, "seed": seed})
            met.append([(send(http, request).status, len(send(http, request).body)) for _ in range(40)])
    assert met[0] == met[1] != met[2]
    assert 15 < sum(line["fault"] is not None for line in sandbox.calls("yelp")[:80]) < 50


def test_faults_of_all_providers_are_overruled_by_ones_own(sandbox: Sandbox) -> None:
    sandbox.faults({"*": {"server_error": 1}, "yelp": {"server_error": 0}})
    with client(sandbox, "yelp") as http:
        assert send(http, first("yelp")[1]).status == 200
    with client(sandbox, "apollo") as http:
        assert send(http, first("apollo")[1]).status == 500


@pytest.mark.parametrize("fault", ["duplicated", "reordered"])
@pytest.mark.parametrize("name", ["apollo", "crunchbase", "hunter", "opencorporates", "pdl", "yelp"])
def test_no_record_is_lost_by_disorder(sandbox: Sandbox, name: str, fault: str) -> None:
    asks = adapter(name).asks(NEEDS[name])[:1]
    with client(sandbox, name) as http:
        straight = walk(http, name, asks)
        sandbox.faults({name: {fault: 1}})
        crooked = walk(http, name, asks)
    assert set(crooked.keys) == set(straight.keys)
    assert crooked.keys != straight.keys
    if fault == "duplicated":
        assert len(crooked.keys) > len(straight.keys)
    else:
        assert Counter(crooked.keys) == Counter(straight.keys)


def test_disorder_keeps_every_record_whatever_the_sizes() -> None:
    for count in range(60):
        rows = np.arange(count)
        for size in (1, 2, 7, 20):
            assert set(duplicated(rows, size)) == set(rows)
            assert sorted(reordered(rows, size, np.random.default_rng(count))) == list(rows)


def test_every_fault_can_be_set_and_is_explained(sandbox: Sandbox) -> None:
    sandbox.faults({"yelp": dict.fromkeys(FAULTS, 0.01)})
    with client(sandbox, "yelp") as http:
        told = http.get(f"{sandbox.url}/sandbox/faults").json()
    assert set(told["rates"]["yelp"]) == set(told["known"]) == set(FAULTS)
