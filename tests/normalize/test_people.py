from datetime import date

import pytest

from dagster_project.contracts import STAGED_CONTACTS
from dagster_project.normalize import people
from tests.normalize.frames import one, reasons, run, texts


def test_a_full_contact_is_canonical():
    row = one(
        "person",
        full_name="DR. ANN B. O'NEILL, PhD",
        title="VP of Sales",
        email="Ann@Oak.com",
        phone="312-226-2649 ext. 5",
        mobile="312-226-2650",
        linkedin="ann-oneill",
        date_of_birth="19710624",
        company_name="OAK DENTAL LLC",
        company_website="www.oak.com",
        country="US",
        consent="opt-in",
    )
    assert (
        row
        | {
            "first_name": "Ann",
            "last_name": "O'Neill",
            "name_key": "ann oneill",
            "seniority": "vp",
            "email": "ann@oak.com",
            "email_type": "personal",
            "phone": "+13122262649",
            "phone_type": "main",
            "phone_key": "3122262649",
            "mobile": "+13122262650",
            "linkedin": "https://www.linkedin.com/in/ann-oneill",
            "date_of_birth": date(1971, 6, 24),
            "company_name": "Oak Dental LLC",
            "company_domain": "oak.com",
            "consent": "granted",
        }
        == row
    )


def test_contacts_keep_the_contract():
    result = run("person", {"first_name": "Ann"}, {"email": "x"}, {})
    assert list(STAGED_CONTACTS.violations(result.frame.lazy())) == []


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("CEO", "c_suite"),
        ("C.E.O. & Founder", "c_suite"),
        ("Chief Revenue Officer", "c_suite"),
        ("President", "c_suite"),
        ("Vice President, Sales", "vp"),
        ("SVP Marketing", "vp"),
        ("Vice-President", "vp"),
        ("Managing Director", "c_suite"),
        ("Director of Ops", "director"),
        ("Head of Growth", "director"),
        ("Account Manager", "manager"),
        ("Executive Assistant to the CEO", "staff"),
        ("Baker", "staff"),
        (None, "unknown"),
    ],
)
def test_the_title_tells_the_seniority(title, level):
    assert people.seniority(texts(title)).item() == level


@pytest.mark.parametrize("name", ["Null", "Na", "None"])
def test_family_names_that_look_like_placeholders_are_names(name):
    assert one("person", first_name="Ann", last_name=name)["last_name"] == name


def test_the_whole_name_speaks_only_when_both_parts_are_absent():
    assert one("person", first_name="Ann", full_name="Bob Lee")["last_name"] is None


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"phone": "312-226-2649"}, "direct"),
        ({"phone": "800-226-2649"}, "main"),
        ({"mobile": "312-226-2649"}, "mobile"),
        ({"phone": "+49 151 23456789"}, "mobile"),
        ({}, None),
    ],
)
def test_the_phone_type_of_a_person(fields, kind):
    assert one("person", country="US", **fields)["phone_type"] == kind


def test_consent_is_unknown_unless_somebody_says_so():
    assert [one("person", consent=c)["consent"] for c in (None, "No", "granted", "call her")] == [
        "unknown",
        "denied",
        "granted",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"date_of_birth": "19721332"}, ("date_of_birth", "invalid_date")),
        ({"date_of_birth": "1066-10-14"}, ("date_of_birth", "invalid_date")),
        ({"company_website": "Yes"}, ("company_website", "invalid_website")),
        ({"linkedin": "https://joe.com"}, ("linkedin", "invalid_profile")),
        ({"consent": "call her"}, ("consent", "unknown_consent")),
        ({"mobile": "12"}, ("mobile", "invalid_phone")),
    ],
)
def test_each_field_of_a_person_has_its_reason(fields, reason):
    assert [found[:2] for found in reasons(run("person", fields))] == [reason]
