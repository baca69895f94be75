"""Providers turned off and on again by a person, each tenant for itself."""

import pytest

from dagster_project.enrichment.switches import Switches
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration


@pytest.fixture
def switches(clean_warehouse: Warehouse) -> Switches:
    return Switches(clean_warehouse.app, "acme")


def test_a_provider_that_was_never_switched_is_on(switches: Switches):
    assert (switches.disabled(), switches.rows()) == (frozenset(), [])
    assert not switches.enable("apollo", "ann")
    assert switches.rows() == []


def test_a_provider_is_off_until_it_is_turned_on_again(switches: Switches):
    assert switches.disable("apollo", "ann", "wrong titles")
    assert switches.disable("hunter", "ann")
    assert switches.disabled() == {"apollo", "hunter"}
    assert switches.enable("apollo", "bob", "repaired")
    assert switches.disabled() == {"hunter"}
    told = {row["provider"]: (row["is_enabled"], row["changed_by"], row["reason"]) for row in switches.rows()}
    assert told == {"apollo": (True, "bob", "repaired"), "hunter": (False, "ann", None)}


def test_what_is_off_already_keeps_who_turned_it_off_and_why(switches: Switches):
    switches.disable("apollo", "ann", "wrong titles")
    before = switches.rows()
    assert not switches.disable("apollo", "bob", "too dear")
    assert switches.rows() == before


def test_tenants_do_not_share_switches(switches: Switches, clean_warehouse: Warehouse):
    switches.disable("apollo", "ann")
    other = Switches(clean_warehouse.app, "other")
    assert other.disabled() == frozenset()
    assert not other.enable("apollo", "eve")
    assert switches.disabled() == {"apollo"}
