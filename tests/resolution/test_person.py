"""Which evidence makes two person records one contact, with the shipped model."""

from datetime import date

import pytest

ADA = {
    "first_name": "Adaeze",
    "last_name": "Okonkwo",
    "name_key": "adaeze okonkwo",
    "email": "adaeze.okonkwo@blueheron.com",
    "email_domain": "blueheron.com",
    "phone_key": "5035550142",
    "date_of_birth": date(1984, 3, 9),
    "company_domain": "blueheron.com",
    "company_name": "Blue Heron",
    "linkedin": "https://www.linkedin.com/in/adaeze-okonkwo-71",
    "national_id": "4433221",
}
NAME = ("first_name", "last_name", "name_key")


def only(*columns: str) -> dict:
    return {column: ADA[column] for column in columns}


@pytest.mark.parametrize(
    "other",
    [
        only(*NAME, "email"),
        only(*NAME, "date_of_birth"),
        only(*NAME, "company_domain"),
        only(*NAME, "linkedin"),
        only("last_name", "name_key", "national_id", "date_of_birth"),
        ADA | {"first_name": "Ada", "name_key": "ada okonkwo", "email": None, "linkedin": None},
        ADA | {"first_name": "Okonkwo", "last_name": "Adaeze", "name_key": "okonkwo adaeze", "phone_key": None},
    ],
    ids=["email", "birth", "company", "linkedin", "national id", "short first name", "names swapped"],
)
def test_enough_evidence_makes_one_contact(pair, other):
    assert pair(ADA, other, "person")


@pytest.mark.parametrize(
    "other",
    [
        only("first_name") | {"last_name": "Bello", "name_key": "adaeze bello"} | only("company_domain"),
        {"first_name": "Femi", "last_name": "Okonkwo", "name_key": "femi okonkwo"} | only("company_domain"),
        only(*NAME) | {"date_of_birth": date(1951, 12, 30), "company_domain": "harbor.com"},
        {"first_name": "Tom", "last_name": "Reed", "name_key": "tom reed"} | only("phone_key", "company_domain"),
    ],
    ids=["colleague with the first name", "colleague with the last name", "namesake", "colleague on the phone"],
)
def test_contradicting_evidence_keeps_two_contacts(pair, other):
    assert not pair(ADA, other, "person")
