"""Cached answers forgotten before their time: only those that are meant, and counted before they are."""

import uuid

import pytest

from dagster_project.enrichment.cache_invalidation import invalidate
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration

ANN, BOB = (str(uuid.uuid5(uuid.NAMESPACE_OID, name)) for name in ("ann", "bob"))
ANSWER = """
insert into ops.enrichment_answers
  (org_id, answer_id, call_id, provider, lookup, cache_key, kind, subject_id, lead_id, inputs, outcome, cost_usd)
values (%(org)s, %(id)s, %(id)s, %(provider)s, %(lookup)s, %(key)s, 'person', %(lead)s, %(lead)s, '{}', 'ok', 0)
"""
CACHED = """
insert into ops.enrichment_cache values (%(org)s, %(key)s, %(id)s, 'ok', now(), now() + interval '1 day')
"""


@pytest.fixture
def cache(clean_warehouse: Warehouse) -> Warehouse:
    """Four answers of tenant a, of two providers about two leads, and one of tenant b."""
    entries = (
        ("a", "apollo", "people_match", ANN),
        ("a", "apollo", "people_match", BOB),
        ("a", "apollo", "organizations_enrich", ANN),
        ("a", "pdl", "person_enrich", ANN),
        ("b", "apollo", "people_match", ANN),
    )
    with clean_warehouse.connect() as connection:
        for number, (org, provider, lookup, lead) in enumerate(entries):
            row = {"org": org, "provider": provider, "lookup": lookup, "lead": lead, "id": str(uuid.uuid4())}
            row |= {"key": f"{provider}.{lookup}.{number:032x}"}
            connection.execute(ANSWER, row)
            connection.execute(CACHED, row)
    return clean_warehouse


def left(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Tenant and provider.lookup of what is still cached."""
    with warehouse.connect() as connection:
        rows = connection.execute("select org_id, cache_key from ops.enrichment_cache order by 1, 2").fetchall()
    return [(org, key.rpartition(".")[0]) for org, key in rows]


@pytest.mark.parametrize(
    ("chosen", "many"),
    [
        ({}, 4),
        ({"provider": "apollo"}, 3),
        ({"provider": "apollo", "lookup": "people_match"}, 2),
        ({"lookup": "person_enrich"}, 1),
        ({"lead_id": ANN}, 3),
        ({"lead_id": BOB, "provider": "apollo"}, 1),
        ({"provider": "apol"}, 0),
        ({"provider": "apollo%"}, 0),
    ],
)
def test_only_answers_that_fit_everything_given_are_forgotten(cache: Warehouse, chosen: dict[str, str], many: int):
    assert invalidate(cache.app, "a", dry_run=True, **chosen) == many
    assert len(left(cache)) == 5
    assert invalidate(cache.app, "a", **chosen) == many
    assert len(left(cache)) == 5 - many
    assert ("b", "apollo.people_match") in left(cache)


def test_what_was_answered_stays_when_the_cache_forgets_it(cache: Warehouse):
    invalidate(cache.app, "a")
    with cache.connect() as connection:
        assert connection.execute("select count(*) from ops.enrichment_answers").fetchone() == (5,)
