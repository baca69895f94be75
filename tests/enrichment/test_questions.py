"""Naming a subject to a provider, and ids that bring a question back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.enrichment.questions import EMPLOYED, named_by, question_id, question_of

IDENTIFY = named_by(("email",), *EMPLOYED)


@pytest.mark.parametrize(
    ("identity", "sent"),
    [
        ({}, None),
        ({"first_name": "Ada", "last_name": "Quill"}, None),
        ({"email": "a@larkmoor.example", "first_name": "Ada", "title": "Owner"}, {"email": "a@larkmoor.example"}),
        (
            {"first_name": "Ada", "last_name": "Quill", "company_name": "Larkmoor", "email": ""},
            {"first_name": "Ada", "last_name": "Quill", "company_name": "Larkmoor"},
        ),
    ],
)
def test_the_first_way_of_which_every_part_is_known_is_sent(
    identity: dict[str, str], sent: dict[str, str] | None
) -> None:
    assert IDENTIFY(identity) == sent


@given(st.dictionaries(st.sampled_from(["email", "first_name", "domain"]), st.text()))
def test_an_id_brings_its_question_back(inputs: dict[str, str]) -> None:
    request_id = question_id("person_find", inputs)
    assert question_of(request_id) == ("person_find", inputs)
    assert request_id.replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("text", ["", "person_find", "person_find.", "person_find.!!", "person_find.WzFd"])
def test_another_text_is_no_question(text: str) -> None:
    with pytest.raises(ValueError, match="names no question"):
        question_of(text)
