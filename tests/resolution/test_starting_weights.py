"""The weights one would start with by hand, held against what the shipped model learned (the table in its README)."""

import pytest

from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.kinds import KINDS
from dagster_project.resolution.model import shipped_model
from dagster_project.resolution.weights import weigh
from tests.resolution.conftest import record_id, staged

NAME, ADDRESS = {"name_key": "amber heron bakery"}, {"house_number": "12", "street": "elm st", "postal": "97201"}

# What two records have in common, and nothing else, from the heaviest starting weight down.
CASES: dict[str, tuple[dict, dict]] = {
    "exact domain": ({"domain": "amberheron.com"}, {"domain": "amberheron.com"}),
    "phone": ({"phone_key": "5035550101"}, {"phone_key": "5035550101"}),
    "name and address": (NAME | ADDRESS, NAME | ADDRESS),
    "50 m and a similar name": (
        NAME | {"lat": 45.5, "lon": -122.6},
        {"name_key": "amber herron bakery", "lat": 45.5002, "lon": -122.6},
    ),
    "e-mail domain": (
        {"email": "ann@amberheron.com", "email_domain": "amberheron.com"},
        {"email": "bob@amberheron.com", "email_domain": "amberheron.com"},
    ),
    "Jaro-Winkler over .92": (NAME, {"name_key": "amber heron bagels"}),
}


@pytest.fixture(scope="module")
def learned() -> dict[str, float]:
    """Bits of evidence of each case."""
    rows = [
        {"key": f"{case} {side}", "name_key": None} | columns
        for case, sides in CASES.items()
        for side, columns in enumerate(sides)
    ]
    kind = KINDS["business"]
    with connect("1GB", 1, None) as con:
        load(con, staged("business", *rows).lazy(), kind)
        number = dict(con.execute("select record_id, id from records").fetchall())
        ends = {case: sorted(number[record_id(f"{case} {side}")] for side in (0, 1)) for case in CASES}
        con.execute("create table pairs (id_l int, id_r int, rule tinyint)")
        con.executemany("insert into pairs values (?, ?, 0)", list(ends.values()))
        query = f"select id_l, evidence from ({weigh(shipped_model(kind))})"
        evidence = dict(con.execute(query).fetchall())
    return {case: evidence[left] for case, (left, _) in ends.items()}


def test_one_piece_of_evidence_weighs_in_the_order_one_would_start_with(learned):
    single = [learned[c] for c in ("phone", "exact domain", "e-mail domain", "Jaro-Winkler over .92")]
    assert single == sorted(single, reverse=True)
    assert learned["phone"] - learned["exact domain"] < 2


def test_two_pieces_weigh_in_that_order_too_but_more_than_one(learned):
    both = [learned["name and address"], learned["50 m and a similar name"]]
    assert both == sorted(both, reverse=True)
    assert min(both) > max(learned["phone"], learned["exact domain"])


def test_the_readme_has_what_was_learned(learned):
    readme = KINDS["business"].model_path.with_name("README.md").read_text()
    for case, bits in learned.items():
        row = next(line for line in readme.splitlines() if line.startswith(f"| {case} |"))
        assert float(row.split("|")[3]) == pytest.approx(bits, abs=0.05)
