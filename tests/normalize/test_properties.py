"""Laws that hold for any text: nothing raises, and a normal form is its own normal form."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.contracts import FIELDS
from dagster_project.normalize import KINDS, addresses, domains, emails, names, normalize, phones, social
from tests.normalize.frames import extracted, texts

SHAPES = (
    r"[0-9()+\-. x/]{5,18}",
    r"(?:https?://)?(?:[a-z0-9-]{1,8}\.){1,3}(?:com|co\.uk|de|io)(?::80)?(?:/[a-z?=&#]*)?",
    r"[A-Za-z.' &,]{1,30}(?: (?:Inc\.?|LLC|The|Co|S\.A\.))*",
    r"[a-zA-Z.+]{1,8}@[a-z-]{1,8}\.(?:com|co\.uk)",
    r"[0-9]{1,4} [A-Za-z. ]{1,20}, [A-Z][a-z]{2,8}, (?:IL|NY|TX)(?: [0-9]{5})?",
)
TEXT = st.one_of(st.none(), st.text(max_size=30), *[st.from_regex(shape, fullmatch=True) for shape in SHAPES])
COLUMN = st.lists(TEXT, min_size=1, max_size=12).map(lambda values: texts(*values))
COUNTRY = st.sampled_from(["US", "CA", "DE", "GB", "FR", "BR", None])
many = settings(max_examples=60, deadline=None)


@many
@given(COLUMN, COUNTRY)
def test_a_normal_phone_stays(column, country):
    countries = texts(*[country] * len(column))
    once = phones.read(column, countries)["e164"]
    assert phones.read(once, countries)["e164"].to_list() == once.to_list()


@many
@given(COLUMN)
def test_a_normal_email_stays(column):
    once = emails.read(column)
    assert emails.read(once["email"]).rows() == once.rows()


@many
@given(COLUMN)
def test_a_normal_website_and_domain_stay(column):
    once = domains.read(column)
    assert domains.read(once["website"]).rows() == once.rows()
    assert domains.read(once["domain"])["domain"].to_list() == once["domain"].to_list()


@many
@given(COLUMN, st.sampled_from(list(names.Style)))
def test_a_normal_name_stays(column, style):
    shown, key, person = names.display(column, style), names.company_key(column), names.person_key(column)
    assert names.display(shown, style).to_list() == shown.to_list()
    assert names.company_key(key).to_list() == key.to_list()
    assert names.person_key(person).to_list() == person.to_list()


@many
@given(COLUMN)
def test_a_normal_street_and_profile_stay(column):
    street, profile = addresses.street_key(column), social.read(column, "facebook")
    assert addresses.street_key(street).to_list() == street.to_list()
    assert social.read(profile, "facebook").to_list() == profile.to_list()


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(list(KINDS)))
def test_no_text_in_any_field_breaks_a_kind(data, kind):
    chosen = st.dictionaries(st.sampled_from(list(FIELDS[kind])), TEXT, max_size=12)
    rows = data.draw(st.lists(chosen, min_size=1, max_size=4))
    result = normalize(extracted(kind, rows), kind)
    assert result.frame.height <= len(rows)
    assert list(KINDS[kind].table.violations(result.frame.lazy())) == []
