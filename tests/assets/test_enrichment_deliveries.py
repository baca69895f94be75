"""Answers that providers deliver: taken once from the inbox, however often they come; what is none is set aside."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dagster_project.assets.enrichment_deliveries import take_deliveries, waiting
from tests.enrichment.conftest import ORG, Bench, bench, subject
from tests.enrichment.shops import Shop

__all__ = ["bench"]
pytestmark = pytest.mark.integration


def dropped(inbox: Path, folder: str, name: str, content: object) -> Path:
    """A finished file in the inbox."""
    path = inbox / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def test_a_delivery_that_comes_twice_is_one_answer(bench: Callable[..., Bench], tmp_path: Path):
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run(patience=0.0)
    work = SimpleNamespace(all={"shop": shop.provider()}, connect=found.warehouse.app, org_id=ORG)
    body = {"id": "shop-0", "found": {"state": "ok", "record": shop.record("a.com")}}
    for name in ("1.json", "2.json"):
        dropped(tmp_path, "enrichment.shop", name, body)
    told = take_deliveries(work, tmp_path)
    assert (told.taken, told.known, told.refused) == (1, 1, {})
    assert not list(waiting(tmp_path, time.time()))
    found.due()
    assert found.run(patience=10.0).state == "completed"
    assert shop.polls == 0


def test_what_is_no_delivery_is_set_aside_with_its_reason(bench: Callable[..., Bench], tmp_path: Path):
    shop = Shop("shop", ("email",))
    found = bench(shop)
    work = SimpleNamespace(all={"shop": shop.provider()}, connect=found.warehouse.app, org_id=ORG)
    dropped(tmp_path, "enrichment.shop", "torn.json", '{"id": ')
    dropped(tmp_path, "enrichment.nobody", "x.json", {})
    told = take_deliveries(work, tmp_path)
    assert sorted(told.refused) == ["enrichment.nobody/x.json", "enrichment.shop/torn.json"]
    assert (tmp_path / "enrichment.shop" / ".refused-torn.json").exists()
    assert not list(waiting(tmp_path, time.time()))


def test_a_file_that_is_still_being_written_is_left_for_later(tmp_path: Path):
    path = dropped(tmp_path, "enrichment.shop", "x.json", {})
    os.utime(path)
    assert not list(waiting(tmp_path, time.time()))
    assert list(waiting(tmp_path, time.time() + 60)) == [path]
