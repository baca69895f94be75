import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.contracts.identity import NAMESPACE, record_ids

TEXT = st.text(st.characters(codec="utf-8"))


@given(TEXT, TEXT, TEXT)
def test_record_ids_are_what_uuid5_gives(org: str, provider: str, key: str):
    assert record_ids(org, [provider], [key]) == [str(uuid.uuid5(NAMESPACE, f"{org}\x1f{provider}\x1f{key}"))]


def test_the_namespace_never_changes():
    assert str(NAMESPACE) == str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:leadhouse:record"))
    assert record_ids("default", ["a", "b"], ["1", "1"]) == [
        "f5e8a090-2dce-5b6b-88a9-0506b8a66fc4",
        "29c7b9e1-042d-5289-bb66-c9033f2a5f96",
    ]


def test_providers_and_keys_must_pair_up():
    with pytest.raises(ValueError, match="shorter"):
        record_ids("default", ["a", "b"], ["1"])
