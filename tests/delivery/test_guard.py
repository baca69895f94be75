"""Where a webhook may go: a table of URLs and addresses."""

import pytest

from dagster_project.delivery.guard import UrlRefused, check_url, is_public

PUBLIC = "93.184.215.14"


def resolve_to(*addresses: str):
    return lambda host, port: list(addresses)


def test_a_public_https_url_becomes_a_target_at_the_address_that_was_checked():
    target = check_url("https://hooks.example.com/in?token=t", resolve=resolve_to(PUBLIC))
    assert (target.host, target.port, target.address) == ("hooks.example.com", 443, PUBLIC)


@pytest.mark.parametrize(
    ("url", "addresses", "reason"),
    [
        ("http://hooks.example.com/", [PUBLIC], "only https"),
        ("ftp://hooks.example.com/", [PUBLIC], "only https"),
        ("file:///etc/passwd", [], "no host"),
        ("https://", [], "no host"),
        ("not a url", [], "no host"),
        ("https://[::1", [], "cannot be read"),
        ("https://host:port/", [], "cannot be read"),
        ("https://user@hooks.example.com/", [PUBLIC], "user or password"),
        ("https://user:pw@hooks.example.com/", [PUBLIC], "user or password"),
        ("https://hooks.example.com@evil.example/", [PUBLIC], "user or password"),
        ("https://nowhere.example/", [], "not a public address"),
        ("https://localhost/", ["127.0.0.1"], "not a public address"),
        ("https://rebound.example/", [PUBLIC, "10.0.0.1"], "not a public address"),
    ],
)
def test_a_url_is_refused_with_its_reason(url: str, addresses: list[str], reason: str):
    def resolve(host: str, port: int) -> list[str]:
        if not addresses:
            raise OSError("no such host")
        return addresses

    expected = "has no address" if url == "https://nowhere.example/" else reason
    with pytest.raises(UrlRefused, match=expected):
        check_url(url, resolve=resolve)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]"])
def test_every_way_of_writing_loopback_is_refused_by_the_real_resolver(host: str):
    with pytest.raises(UrlRefused):
        check_url(f"https://{host}/")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "168.63.129.16", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::"),
    ],
)
def test_an_address_inside_is_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "::ffff:8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_an_address_outside_is_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:8080"])
def test_an_allow_listed_host_may_be_private_and_plain_http(allowed: str):
    assert check_url("http://127.0.0.1:8080/x", [allowed]).address == "127.0.0.1"


@pytest.mark.parametrize("allowed", ["127.0.0.1:9090", "localhost", "27.0.0.1", ""])
def test_the_allow_list_names_exact_hosts(allowed: str):
    with pytest.raises(UrlRefused):
        check_url("http://127.0.0.1:8080/x", [allowed])


def test_an_allow_listed_host_still_needs_http_and_no_user():
    for url in ("ftp://127.0.0.1/", "http://user@127.0.0.1/"):
        with pytest.raises(UrlRefused):
            check_url(url, ["127.0.0.1"])


def test_a_refusal_never_shows_the_path_or_the_password():
    with pytest.raises(UrlRefused) as caught:
        check_url("http://u:hunter2@hooks.example.com/T0KEN?key=k3y")
    assert not any(secret in str(caught.value) for secret in ("hunter2", "T0KEN", "k3y"))
