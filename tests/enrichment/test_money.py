"""Reservations: what fits is set aside in every scope, what does not is set aside in none."""

from datetime import date
from decimal import Decimal

import pytest

from dagster_project.enrichment.money import Caps, Settled, reserve, settle, shares, spent
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration

DAY, TEN, TWENTY = date(2026, 11, 25), Decimal("0.1000"), Decimal("0.2000")


def wanted(caps: Caps, **questions: tuple[str, str]) -> dict:
    """Questions by name, of 0.10 USD each: whom they ask, and which lead they are about."""
    return {name: (TEN, shares(caps, DAY, who, "r", lead, None)) for name, (who, lead) in questions.items()}


def test_a_full_scope_refuses_a_question_and_leaves_room_in_the_others(clean_warehouse: Warehouse):
    asked = wanted(Caps(lead=TEN, request=TWENTY), a=("x", "l1"), b=("y", "l1"), c=("y", "l2"), d=("x", "l3"))
    with clean_warehouse.app("a") as connection:
        assert reserve(connection, "a", asked) == {"a": None, "b": "lead", "c": None, "d": "request"}
        found = spent(connection, "a", DAY)
    assert {key: reserved for key, (_, reserved) in found.items()} == {
        ("day", "all"): TWENTY,
        ("request", "r"): TWENTY,
        ("provider", "x"): TEN,
        ("provider", "y"): TEN,
        ("lead", "l1"): TEN,
        ("lead", "l2"): TEN,
        ("lead", "l3"): 0,
    }


def test_what_was_spent_before_counts_against_the_cap(clean_warehouse: Warehouse):
    asked = wanted(Caps(providers={"x": TWENTY}), a=("x", "l1"), b=("x", "l2"))
    with clean_warehouse.app("a") as connection:
        reserve(connection, "a", asked)
        settle(connection, "a", [Settled(TEN, TEN, asked["a"][1]), Settled(TEN, Decimal(0), asked["b"][1])])
    with clean_warehouse.app("a") as connection:
        later = wanted(Caps(providers={"x": TWENTY}), c=("x", "l3"), d=("x", "l4"))
        assert reserve(connection, "a", later) == {"c": None, "d": "provider"}
        assert spent(connection, "a", DAY)["provider", "x"] == (TEN, TEN)
