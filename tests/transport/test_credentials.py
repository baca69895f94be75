"""How the environment configures a provider, and that its key is shown nowhere."""

from pathlib import Path

import pytest

from dagster_project import settings
from dagster_project.settings import InvalidSettings, ProviderSettings
from dagster_project.sources.providers import adapter, adapters
from dagster_project.transport.credentials import ProviderConfig, provider_config, provider_configs
from dagster_project.transport.windows import Window

KEY = "k3y-that-nobody-may-see"


def configured(name: str = "yelp", **said: str) -> ProviderConfig:
    return provider_config(adapter(name), ProviderSettings(_env_file=None, **said))


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment and a `.env` that say nothing of any provider."""
    monkeypatch.setitem(ProviderSettings.model_config, "env_file", None)
    for name in adapters():
        for field in ProviderSettings.model_fields:
            monkeypatch.delenv(settings.provider_variable(name, field), raising=False)
    return monkeypatch


def test_a_provider_nothing_is_said_of_has_its_adapters_values_and_is_not_configured():
    found = configured("hunter")
    assert (found.base_url, found.key, found.is_configured) == ("https://api.hunter.io", None, False)
    assert found.windows == (Window(15, 1), Window(500, 60))
    assert found.endpoint_windows == {"discover": (Window(5, 1), Window(50, 60)), "domain_search": ()}
    assert found.cap(adapter("hunter").endpoint("discover")) == 10_000


def test_every_variable_is_read_from_the_environment(silent: pytest.MonkeyPatch):
    silent.setenv("LEADHOUSE_YELP_API_KEY", KEY)
    silent.setenv("LEADHOUSE_YELP_BASE_URL", "http://127.0.0.1:8700/yelp/")
    silent.setenv("LEADHOUSE_YELP_LIMITS", "10/second, 5000/day")
    silent.setenv("LEADHOUSE_YELP_RESULT_CAP", "1000")
    found = provider_configs(adapters().values())
    assert [name for name, config in found.items() if config.is_configured] == ["yelp"]
    yelp = found["yelp"]
    assert (yelp.key.get_secret_value(), yelp.base_url) == (KEY, "http://127.0.0.1:8700/yelp")
    assert yelp.windows == (Window(10, 1), Window(5000, 86_400))
    assert yelp.caps == {"yelp": 1000}
    assert yelp.cap(adapter("yelp").endpoints[0]) == 1000


def test_what_the_environment_lacks_is_read_from_the_env_file(silent: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text(f"LEADHOUSE_YELP_API_KEY={KEY}\nLEADHOUSE_YELP_RESULT_CAP=100\nOTHER=1\n")
    silent.setitem(ProviderSettings.model_config, "env_file", tmp_path / ".env")
    silent.setenv("LEADHOUSE_YELP_RESULT_CAP", "50")
    yelp = provider_config(adapter("yelp"), settings.load_provider("yelp"))
    assert (yelp.is_configured, yelp.caps) == (True, {"yelp": 50})


def test_an_empty_key_is_no_key(silent: pytest.MonkeyPatch):
    silent.setenv("LEADHOUSE_YELP_API_KEY", "")
    assert not provider_configs([adapter("yelp")])["yelp"].is_configured
    assert not configured(api_key="  ").is_configured


def test_limits_that_are_off_are_off_for_endpoints_too():
    found = configured("hunter", limits="OFF")
    assert (found.windows, found.endpoint_windows) == ((), {"discover": (), "domain_search": ()})


def test_one_endpoints_limits_can_be_said_and_the_others_stay():
    found = configured("hunter", limits="20/second discover=100/minute,discover=9/second")
    assert found.windows == (Window(20, 1),)
    assert found.endpoint_windows == {"discover": (Window(100, 60), Window(9, 1)), "domain_search": ()}
    assert configured("hunter", limits="discover=1/hour").windows == (Window(15, 1), Window(500, 60))


def test_a_cap_that_is_off_lets_any_number_through():
    found = configured(result_cap="off")
    assert (found.caps, found.cap(adapter("yelp").endpoints[0])) == ({"yelp": None}, None)


@pytest.mark.parametrize(
    "url",
    [
        *("https://api.example.com", "https://api.example.com:8443/v3", "http://localhost:8700"),
        *("http://127.0.0.2/x", "http://[::1]:80"),
    ],
)
def test_an_address_is_https_or_on_this_machine(url: str):
    assert configured(base_url=url).base_url == url


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("base_url", "http://api.example.com", "a key travels over https only"),
        ("base_url", "http://127.0.0.1.example.com", "a key travels over https only"),
        ("base_url", "http://10.0.0.5", "a key travels over https only"),
        ("base_url", "http://0.0.0.0:80", "a key travels over https only"),
        ("base_url", "api.example.com", "write an address such as"),
        ("base_url", "ftp://api.example.com", "write an address such as"),
        ("base_url", f"https://ann:{KEY}@api.example.com", "write host and path alone"),
        ("base_url", f"https://api.example.com?key={KEY}", "write host and path alone"),
        ("base_url", "https://api.example.com:port", "Port"),
        ("limits", "5/fortnight", '"5/fortnight" is no limit'),
        ("limits", "0/second", "a window needs a call"),
        ("limits", "business_serch=5/second", 'no endpoint "business_serch" (did you mean "business_search"?)'),
        ("result_cap", "0", '"0" is no number of results; write such as 240, or off'),
        ("result_cap", "many", '"many" is no number of results'),
        ("api_key", f"{KEY}\nX-Other: 1", "printable ASCII"),
        ("api_key", f"{KEY}…", "printable ASCII"),
    ],
)
def test_a_mistake_names_its_variable_and_never_what_may_be_secret(field: str, text: str, sentence: str):
    with pytest.raises(InvalidSettings) as mistake:
        configured(**{field: text})
    assert str(mistake.value).startswith(f"LEADHOUSE_YELP_{field.upper()}: ")
    assert sentence in str(mistake.value)
    assert KEY not in str(mistake.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(InvalidSettings, match=r"LEADHOUSE_YELP_LIMITS: .*; LEADHOUSE_YELP_RESULT_CAP: "):
        configured(limits="x", result_cap="x")


def test_a_key_is_not_shown():
    found = configured(api_key=KEY)
    assert KEY not in f"{found!r} {found} {ProviderSettings(_env_file=None, api_key=KEY)!r}"


def test_the_families_variables_are_in_the_example_file():
    text = (settings.PROJECT_ROOT / ".env.example").read_text()
    assert all(settings.provider_variable("yelp", field) in text for field in ProviderSettings.model_fields)
