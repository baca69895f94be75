import pytest

from dagster_project.normalize import emails
from tests.normalize.frames import texts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (" Ann.Lee@Foo.com ", ("ann.lee@foo.com", "personal", "foo.com")),
        ("mailto:ann@shop.foo.co.uk?subject=hi", ("ann@shop.foo.co.uk", "personal", "foo.co.uk")),
        ("Ann Lee <ann@foo.com>", ("ann@foo.com", "personal", "foo.com")),
        ('"Lee, Ann" <ann@foo.com>', ("ann@foo.com", "personal", "foo.com")),
        ("'ann@foo.com'", ("ann@foo.com", "personal", "foo.com")),
        ("o'brien@foo.com", ("o'brien@foo.com", "personal", "foo.com")),
        ("a@foo.com; b@bar.com", ("a@foo.com", "personal", "foo.com")),
        ("a@foo.com.", ("a@foo.com", "personal", "foo.com")),
        ("a@bücher.de", ("a@xn--bcher-kva.de", "personal", "xn--bcher-kva.de")),
        ("a@foo.invalid", ("a@foo.invalid", "personal", None)),
        ("info@foo.com", ("info@foo.com", "role", "foo.com")),
        ("sales.chicago+x@foo.com", ("sales.chicago+x@foo.com", "role", "foo.com")),
        ("ann@gmail.com", ("ann@gmail.com", "generic", None)),
        ("info@yahoo.co.uk", ("info@yahoo.co.uk", "role", None)),
    ],
)
def test_an_address_is_read_and_typed(given, expected):
    assert emails.read(texts(given)).row(0) == expected


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "ann",
        "ann@foo",
        "a@b@c.com",
        "a..b@foo.com",
        "a.@foo.com",
        "ann at foo.com",
        "ann [at] foo.com",
        "a b@foo.com",
        "jamesd75collins.biz",
        "x@lee-taylor@.org",
        f"{'a' * 65}@foo.com",
    ],
)
def test_what_is_no_address_gives_nothing(given):
    assert emails.read(texts(given)).row(0) == (None, None, None)
