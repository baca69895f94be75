"""Leads and contacts of the marts as subjects: whom they are looked up by, and what is known of them how surely."""

import pytest

from dagster_project.enrichment.selection import size_band, subjects
from dagster_project.enrichment.subject import FIELDS, Subject
from dagster_project.resources.warehouse import Warehouse
from tests.dbt.world import identifier

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("dbt")]

ORG = "default"
EVERY = tuple(FIELDS)


def found(built: Warehouse, *fields: str, **which: object) -> dict[str, Subject]:
    return {s.subject_id: s for s in subjects(built.app, ORG, fields or EVERY, **which)}


def test_a_contact_is_looked_up_by_name_employer_and_channels(built: Warehouse):
    ann = found(built)[identifier("ann")]
    assert (ann.kind, ann.lead_id, ann.vertical) == ("person", identifier("acme crm"), "b2b_saas")
    assert ann.identity["first_name"] == "Ann"
    assert ann.identity["email"] == "ann@acme.com"
    assert ann.identity["company_domain"] == "acme.com"


def test_what_is_known_comes_with_its_confidence_provider_and_verification(built: Warehouse):
    ann = found(built)[identifier("ann")]
    assert set(ann.known) == {"email", "phone", "title"}
    email, title = ann.known["email"], ann.known["title"]
    assert (email.value, email.is_verified, email.confidence) == ("ann@acme.com", True, 0.95)
    assert (title.value, title.provider, title.is_verified) == ("VP Sales", "apollo", False)


def test_a_lead_has_the_fields_of_a_business_and_the_segment_of_its_size(built: Warehouse):
    acme = found(built)[identifier("acme crm")]
    assert (acme.kind, acme.subject_id, acme.lead_id) == ("business", *[identifier("acme crm")] * 2)
    assert acme.known["company"].value == "11-50"
    assert acme.known["domain"].value == "acme.com"
    assert "email" not in acme.known
    assert "b2b_saas" in acme.segment
    assert "smb" in acme.segment


@pytest.mark.parametrize(("field", "kinds"), [("email", {"person"}), ("tech", {"business"})])
def test_only_those_are_selected_whom_a_field_is_of(built: Warehouse, field: str, kinds: set[str]):
    assert {subject.kind for subject in found(built, field).values()} == kinds


def test_who_denied_consent_and_other_tenants_are_left_out(built: Warehouse):
    ids = found(built).keys()
    assert identifier("zoe") not in ids
    assert identifier("other tenant") not in ids


def test_a_lead_brings_its_contacts_and_a_contact_only_itself(built: Warehouse):
    assert set(found(built, leads=[identifier("acme crm")])) == {identifier("acme crm"), identifier("ann")}
    assert set(found(built, leads=[identifier("ann")])) == {identifier("ann")}


def test_a_campaigns_leads_and_the_best_of_all_can_be_asked_for(built: Warehouse):
    assert set(found(built, "company", campaign="austin")) == {identifier(name) for name in ("elm", "fir", "gum")}
    assert len(found(built, "company", most=2)) == 2


@pytest.mark.parametrize(
    ("employees", "band"),
    [
        (None, None),
        ("51-200", "smb"),
        ("201-500", "mid_market"),
        ("501-1000", "mid_market"),
        ("1001-5000", "enterprise"),
    ],
)
def test_sizes_are_the_bands_of_the_dictionary(employees: str | None, band: str | None):
    assert size_band(employees) == band
