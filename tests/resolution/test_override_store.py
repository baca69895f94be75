"""Where decisions are kept: once each, withdrawn but never deleted, out of other tenants' sight."""

import uuid

import psycopg
import pytest

from dagster_project.resolution.override_store import Contradiction, Overrides, Side
from dagster_project.resolution.overrides import Verdict
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration


def side(letters: str) -> Side:
    """A record, or a lead of several, each named by a letter."""
    ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, letter)) for letter in letters]
    return Side(ids[0] if len(ids) == 1 else str(uuid.uuid5(uuid.NAMESPACE_OID, letters)), ids)


@pytest.fixture
def store(clean_warehouse: Warehouse) -> Overrides:
    return Overrides(clean_warehouse.app, "acme")


def link(store: Overrides, left: str, right: str, by: str = "ann", **options):
    return store.decide("business", Verdict.MUST_LINK, (side(left), side(right)), by, "same owner", **options)


def unlink(store: Overrides, left: str, right: str, **options):
    return store.decide("business", Verdict.CANNOT_LINK, (side(left), side(right)), "bob", "two sites", **options)


def test_a_decision_is_kept_with_who_when_and_why(store: Overrides):
    made, is_new = link(store, "ab", "c")
    assert is_new
    assert store.active("business") == [made]
    assert {*made.left_records, *made.right_records} == {*side("ab").records, *side("c").records}
    assert (made.decided_by, made.why, made.decided_at.tzinfo is not None) == ("ann", "same owner", True)
    assert store.active("person") == []


def test_the_same_decision_is_made_once_whichever_is_named_first(store: Overrides):
    made, _ = link(store, "a", "b")
    assert link(store, "b", "a", by="bob") == (made, False)
    assert len(store.active("business")) == 1


def test_a_decision_that_contradicts_one_in_force_is_refused_and_the_other_named(store: Overrides):
    made, _ = link(store, "a", "b")
    with pytest.raises(Contradiction, match=rf"must_link {made.override_id} \(ann, .*: same owner\) says otherwise"):
        unlink(store, "a", "b")
    link(store, "b", "c")
    with pytest.raises(Contradiction):
        unlink(store, "a", "c")


def test_the_opposite_about_the_same_two_can_overrule(store: Overrides):
    link(store, "a", "b")
    made, is_new = unlink(store, "a", "b", overrule=True)
    assert is_new
    assert store.active("business") == [made]
    told = {row["verdict"]: row["withdrawn_why"] for row in store.rows(withdrawn=True)}
    assert told == {"must_link": "decided otherwise: two sites", "cannot_link": None}


def test_a_withdrawn_decision_binds_nobody_but_stays_to_be_read(store: Overrides):
    made, _ = link(store, "a", "b")
    assert store.withdraw(made.override_id, "bob", "a mistake")
    assert not store.withdraw(made.override_id, "bob", "again")
    assert store.active("business") == []
    assert store.rows() == []
    (row,) = store.rows(withdrawn=True)
    assert (row["withdrawn_by"], row["withdrawn_why"]) == ("bob", "a mistake")
    assert unlink(store, "a", "b")[1]


def test_a_tenant_neither_sees_nor_withdraws_anothers_decisions(store: Overrides, clean_warehouse: Warehouse):
    made, _ = link(store, "a", "b")
    other = Overrides(clean_warehouse.app, "tenant")
    assert other.rows(withdrawn=True) == []
    assert not other.withdraw(made.override_id, "eve", "mine now")
    assert unlink(other, "a", "b")[1]


def test_nobody_but_the_owner_deletes_a_decision(store: Overrides, clean_warehouse: Warehouse):
    link(store, "a", "b")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), clean_warehouse.app("acme") as connection:
        connection.execute("delete from ops.link_overrides")
