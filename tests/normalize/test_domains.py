import polars as pl
import pytest

from dagster_project.normalize import domains, social
from tests.normalize.frames import texts


@pytest.mark.parametrize(
    ("given", "website", "domain"),
    [
        ("foo.com", "http://foo.com", "foo.com"),
        ("https://www.Foo.co.uk/", "https://www.foo.co.uk", "foo.co.uk"),
        ("HTTP://WWW.FOO.COM:80/a/?utm_source=x&b=1#top", "http://www.foo.com/a?b=1", "foo.com"),
        ("http://foo.com:8080", "http://foo.com:8080", "foo.com"),
        ("http://http://bar.com/", "http://bar.com", "bar.com"),
        ("http//baz.org", "http://baz.org", "baz.org"),
        ("//x.de", "http://x.de", "x.de"),
        ("https://user:secret@foo.com/", "https://foo.com", "foo.com"),
        ("foo.com, bar.com", "http://foo.com", "foo.com"),
        ("foo.com.", "http://foo.com", "foo.com"),
        ("http://bücher.de", "http://xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("пример.рф", "http://xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"),
        ("me.github.io", "http://me.github.io", "me.github.io"),
        ("github.io", "http://github.io", None),
        ("www.city.kawasaki.jp", "http://www.city.kawasaki.jp", "city.kawasaki.jp"),
        ("10.0.0.1/x", "http://10.0.0.1/x", None),
    ],
)
def test_a_website_becomes_a_url_and_a_registrable_domain(given, website, domain):
    assert domains.read(texts(given)).select("website", "domain").row(0) == (website, domain)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Yes",
        "localhost",
        "foo.invalid",
        "foo..com",
        "-foo.com",
        "info@foo.com",
        "http://tbd",
        "http://whiner beer.com",
    ],
)
def test_what_is_no_website_gives_nothing(given):
    assert domains.read(texts(given)).row(0) == (None, None, None, None)


@pytest.mark.parametrize(
    "given",
    [
        "facebook.com/joe",
        "https://www.yelp.com/biz/joe",
        "linktr.ee/joe",
        "https://sites.google.com/site/joe",
        "gmail.com",
    ],
)
def test_a_page_on_a_shared_host_is_a_website_without_a_domain(given):
    read = domains.read(texts(given)).row(0, named=True)
    assert read["website"].startswith("http")
    assert (read["domain"], read["is_shared"]) == (None, True)


def test_the_fast_path_agrees_with_the_library_on_every_rule_of_the_list():
    extract = domains._extractor()
    rules = [rule.lstrip("!").replace("*", "wild").encode("idna").decode() for rule in extract.tlds]
    hosts = pl.Series(
        [prefix + rule for rule in rules for prefix in ("", "a.", "b.a.", "c.b.a.")] + ["a.invalid", "invalid"]
    )
    theirs = [extract.extract_str(host).top_domain_under_public_suffix or None for host in hosts]
    assert domains.registrable(hosts).to_list() == theirs


@pytest.mark.parametrize(
    ("network", "given", "url"),
    [
        ("facebook", "@joe", "https://www.facebook.com/joe"),
        ("facebook", "https://m.facebook.com/joe/?ref=1", "https://www.facebook.com/joe"),
        ("facebook", "facebook.com/profile.php?id=123&x=1", "https://www.facebook.com/profile.php?id=123"),
        ("twitter", "https://twitter.com/Joe", "https://x.com/Joe"),
        ("linkedin", "linkedin.com/company/joe/", "https://www.linkedin.com/company/joe"),
        ("instagram", "joe.bar", "https://www.instagram.com/joe.bar"),
        ("facebook", "https://www.facebook.com/", None),
        ("facebook", "https://joe.com/x", None),
        ("twitter", "not a handle", None),
    ],
)
def test_a_profile_is_a_url_of_its_network(network, given, url):
    assert social.read(texts(given), network).item() == url
