"""What a waterfall's YAML may say, what it answers when it says something else, and which file holds for a lead."""

from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.enrichment.subject import FIELDS
from dagster_project.enrichment.waterfall import Chosen, fills_of, load_waterfall, warnings, waterfall_for, waterfalls
from dagster_project.settings import PROJECT_ROOT
from dagster_project.user_yaml import UnknownName, YamlMistake
from tests.enrichment.fakes import FILLS, fake_providers

SHIPPED = [PROJECT_ROOT / "data" / "waterfalls"]
SMALL = "description: Small.\nfields: {email: {providers: [apollo, hunter]}}\n"


def written(folder: Path, text: str, name: str = "mine") -> Path:
    (folder / f"{name}.yaml").write_text(text)
    return folder


def with_email(settings: str) -> str:
    return f"description: Small.\nfields: {{email: {{providers: [apollo], {settings}}}}}\n"


def test_the_shipped_waterfalls_are_valid_and_ask_in_the_documented_order():
    found, mistakes = waterfalls(SHIPPED, FILLS)
    assert mistakes == {}
    assert {name: list(settings.providers) for name, settings in found["default"].fields.items()} == {
        "email": ["clearbit", "apollo", "hunter"],
        "phone": ["zoominfo", "lusha", "rocketreach"],
        "title": ["apollo", "pdl", "rocketreach"],
        "company": ["clearbit", "zoominfo", "apollo", "pdl"],
        "tech": ["builtwith", "wappalyzer"],
        "domain": ["clearbit", "apollo", "hunter"],
        "social": ["clearbit", "pdl", "apollo"],
    }


def test_the_default_names_every_field_and_leaves_no_provider_unasked():
    default = load_waterfall("default", SHIPPED, FILLS)
    assert set(default.fields) == set(FIELDS)
    assert all(len(settings.providers) <= settings.max_attempts for settings in default.fields.values())
    assert default.order == "fixed"


def test_what_a_file_does_not_say_has_the_documented_defaults(tmp_path: Path):
    found = load_waterfall("mine", [written(tmp_path, SMALL)], FILLS)
    settings = found.fields["email"]
    assert (found.order, found.batch_size, found.vertical) == ("fixed", 100, None)
    assert (settings.max_attempts, settings.timeout_ms, settings.min_confidence) == (3, 5_000, 0.5)
    assert (settings.cache_days, settings.negative_cache_days, settings.stop_at_first_hit) == (7, 7, True)
    assert settings.max_cost_usd is None


@pytest.mark.parametrize(
    "settings",
    [
        *("max_attempts: 1", "max_attempts: 10", "timeout_ms: 100", "timeout_ms: 30000", "min_confidence: 0"),
        *("min_confidence: 1", "cache_days: 0", "cache_days: 365", "negative_cache_days: 0"),
        *("negative_cache_days: 365", "max_cost_usd: 0"),
    ],
)
def test_both_ends_of_a_range_are_allowed(tmp_path: Path, settings: str):
    name, value = settings.split(": ")
    found = load_waterfall("mine", [written(tmp_path, with_email(settings))], FILLS)
    assert float(getattr(found.fields["email"], name)) == float(value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("max_attempts: 0", "max_attempts: 0 is not between 1 and 10"),
        ("max_attempts: 11", "max_attempts: 11 is not between 1 and 10"),
        ("timeout_ms: 99", "timeout_ms: 99 is not between 100 and 30,000"),
        ("timeout_ms: 30001", "timeout_ms: 30001 is not between 100 and 30,000"),
        ("min_confidence: -0.1", "min_confidence: -0.1 is not between 0 and 1"),
        ("min_confidence: 1.1", "min_confidence: 1.1 is not between 0 and 1"),
        ("cache_days: 366", "cache_days: 366 is not between 0 and 365"),
        ("negative_cache_days: -1", "negative_cache_days: -1 is not between 0 and 365"),
        ("max_cost_usd: -1", "max_cost_usd: -1 is not between 0 and 1,000,000"),
        ("max_cost_usd: .nan", '"fields.email.max_cost_usd": Input should be a finite number'),
        ("min_confidence: .nan", "min_confidence: nan is not between 0 and 1"),
    ],
)
def test_a_number_out_of_its_range_is_told_with_both_ends(tmp_path: Path, settings: str, sentence: str):
    with pytest.raises(YamlMistake) as told:
        load_waterfall("mine", [written(tmp_path, with_email(settings))], FILLS)
    assert str(told.value).startswith("mine.yaml: ")
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SMALL + "batch_size: 101", "mine.yaml: batch_size: 101 is not between 1 and 100"),
        (SMALL + "batch_size: 0", "mine.yaml: batch_size: 0 is not between 1 and 100"),
        (SMALL + "ordre: fixed", 'mine.yaml: unknown key "ordre" (did you mean "order"?)'),
        (SMALL + "order: learnt", "mine.yaml: \"order\": Input should be 'fixed' or 'learned'"),
        ("description: Small.\nfields: {}\n", "mine.yaml: fields: name at least one field"),
        (with_email("max_attempt: 2"), 'unknown key "fields.email.max_attempt" (did you mean "max_attempts"?)'),
        (
            "description: Small.\nfields: {emial: {providers: [apollo]}}\n",
            'mine.yaml: fields: no field "emial" (did you mean "email"?). Known: email, phone, title, company, tech',
        ),
        (
            "description: Small.\nfields: {email: {providers: []}}\n",
            "mine.yaml: fields.email.providers: name at least one provider",
        ),
        (
            "description: Small.\nfields: {email: {providers: [apollo, hunter, apollo]}}\n",
            "mine.yaml: fields.email.providers: written twice: apollo",
        ),
        (
            "description: Small.\nfields: {email: {providers: [apolo]}}\n",
            'mine.yaml: fields.email.providers: no provider "apolo" (did you mean "apollo"?). Known: apollo, builtwith',
        ),
        (
            "description: Small.\nfields: {tech: {providers: [builtwith, hunter]}}\n",
            "mine.yaml: fields.tech.providers: hunter has no lookup that fills tech. "
            "Those that do: builtwith, wappalyzer",
        ),
        (
            SMALL + "budget: {max_cost_per_provider_day_usd: {huntr: 5}}",
            'budget.max_cost_per_provider_day_usd: "huntr" is not among the providers (did you mean "hunter"?)',
        ),
        (
            SMALL + "budget: {max_cost_per_led_usd: 5}",
            'unknown key "budget.max_cost_per_led_usd" (did you mean "max_cost_per_lead_usd"?)',
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_word(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(YamlMistake) as told:
        load_waterfall("mine", [written(tmp_path, text)], FILLS)
    assert sentence in str(told.value)


def test_every_unfit_provider_is_told_at_once(tmp_path: Path):
    text = "description: Small.\nfields: {email: {providers: [apolo, builtwith]}, tech: {providers: [hunter]}}\n"
    with pytest.raises(YamlMistake) as told:
        load_waterfall("mine", [written(tmp_path, text)], FILLS)
    assert len(told.value.sentences) == 3


def test_a_waterfall_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(UnknownName, match=r'no waterfall "defualt" \(did you mean "default"\?\)'):
        load_waterfall("defualt", SHIPPED, FILLS)


def test_one_mistake_stops_no_other_waterfall(tmp_path: Path):
    written(tmp_path, "description: Broken.\n", "broken")
    found, mistakes = waterfalls([written(tmp_path, SMALL)], FILLS)
    assert list(found) == ["mine"]
    assert mistakes["broken"].sentences == ('broken.yaml: missing key "fields"',)


def test_two_files_for_the_same_leads_are_a_mistake_of_the_second(tmp_path: Path):
    written(tmp_path, SMALL, "a")
    written(tmp_path, SMALL + "vertical: dentists\n", "b")
    written(tmp_path, SMALL, "c")
    found, mistakes = waterfalls([written(tmp_path, SMALL + "vertical: dentists\n", "d")], FILLS)
    assert list(found) == ["a", "b"]
    assert str(mistakes["c"]) == 'c.yaml: the waterfall "a" holds for leads of any vertical already'
    assert str(mistakes["d"]) == 'd.yaml: the waterfall "b" holds for the leads of vertical "dentists" already'


def test_ones_own_file_stands_in_for_the_shipped_one_of_its_name(tmp_path: Path):
    found, mistakes = waterfalls([written(tmp_path, SMALL, "default"), *SHIPPED], FILLS)
    assert (list(found["default"].fields), mistakes) == (["email"], {})


def test_a_verticals_file_holds_for_its_fields_and_the_default_for_the_others():
    found, _ = waterfalls(SHIPPED, FILLS)
    chosen = waterfall_for("b2b_saas", found)
    assert chosen.vertical == "b2b_saas"
    assert set(chosen.fields) == set(FIELDS)
    assert {name for name, field in chosen.fields.items() if field.waterfall == "b2b_saas"} == {"email", "tech"}
    assert chosen.fields["email"].settings.providers[0] == "apollo"


def test_caps_that_a_verticals_file_does_not_state_are_the_defaults():
    found, _ = waterfalls(SHIPPED, FILLS)
    default, own = waterfall_for(None, found).budget, waterfall_for("b2b_saas", found).budget
    assert own == default.model_copy(update={"max_cost_per_lead_usd": Decimal("3.0000")})
    assert default.max_cost_per_lead_usd == Decimal("2.0000")


def test_caps_of_single_providers_are_put_together(tmp_path: Path):
    written(tmp_path, SMALL + "budget: {max_cost_per_provider_day_usd: {apollo: 5, hunter: 6}}\n", "all")
    text = SMALL + "vertical: dentists\nbudget: {max_cost_per_provider_day_usd: {apollo: 1}}\n"
    found, _ = waterfalls([written(tmp_path, text, "dentists")], FILLS)
    caps = waterfall_for("dentists", found).budget.max_cost_per_provider_day_usd
    assert caps == {"apollo": 1, "hunter": 6}


def test_leads_of_any_other_vertical_and_of_none_get_the_default():
    found, _ = waterfalls(SHIPPED, FILLS)
    assert waterfall_for("dentists", found) == waterfall_for(None, found)
    assert {field.waterfall for field in waterfall_for(None, found).fields.values()} == {"default"}


def test_without_any_file_nothing_is_filled():
    assert waterfall_for("dentists", {}) == Chosen()


def test_what_providers_fill_is_read_off_their_lookups():
    assert fills_of(fake_providers()) == FILLS


def test_what_a_person_should_know_of_a_waterfall_is_told(tmp_path: Path):
    text = "vertical: b2b_sas\ndescription: Small.\nfields: {email: {providers: [apollo, hunter], max_attempts: 1}}\n"
    found = load_waterfall("mine", [written(tmp_path, text)], FILLS)
    assert warnings(found, ("b2b_saas", "healthcare")) == [
        'vertical: no lead carries "b2b_sas" (did you mean "b2b_saas"?). Leads carry: b2b_saas, healthcare',
        "fields.email: hunter can be asked only where others are skipped (max_attempts is 1)",
    ]
    assert warnings(load_waterfall("b2b_saas", SHIPPED, FILLS), ("b2b_saas",)) == []
