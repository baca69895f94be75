"""How two records of people are compared: features, blocking rules, comparisons and threshold, as data.

`resolve` runs this with the probabilities in `models/person.json`; nothing here executes.
"""

from dagster_project.resolution.levels import Block, Hub, alike, comparison, differs, level, missing, same

# How many times recall counts as much as precision in the F measure that sets the threshold.
RECALL_WEIGHT = 1.0

# No merge is less probable than an even bet, whatever the F measure says of a small file.
LEAST_SURE = 0.5

# What a contradiction counts beside an edge when clusters are formed: people move, marry and change their jobs.
CONTRADICTION = 0.5

# What each record is reduced to; expressions over the columns of contracts.STAGED_CONTACTS.
FEATURES = {
    "name_key": "name_key",
    "first_name": "lower(strip_accents(first_name))",
    "last_name": "lower(strip_accents(last_name))",
    "birth": "strftime(date_of_birth, '%Y%m%d')",
    "birth_day": "date_diff('day', date '1900-01-01', date_of_birth)",
    "email": "email",
    "phone_key": "phone_key",
    "national_id": "upper(regexp_replace(national_id, '[^A-Za-z0-9]', '', 'g'))",
    "linkedin": "lower(rtrim(linkedin, '/'))",
    "house_number": "lower(house_number)",
    "street": "street",
    "city": "lower(city)",
    "postal": "upper(postal)",
    "company_domain": "company_domain",
    "email_domain": "email_domain",
    "company_name": "lower(strip_accents(company_name))",
}

# Features made of other features.
DERIVED = {
    "name_set": "name_key",
    "last_initial": "left(last_name, 1)",
    "employer": "coalesce(company_domain, email_domain)",
    "address": "house_number || ' ' || street",
}

# A phone or e-mail of people whose last names begin with many letters is a switchboard or a shared mailbox: it says
# where, not who.
HUBS = {"phone_hub": Hub("phone_key", {"last_initial": 1}, 2.5), "email_hub": Hub("email", {"last_initial": 1}, 2.5)}

# People's names are compared whole, first and last, not word by word.
WORDS: dict[str, str] = {}

# Name of the rule: what two records must have in common to be compared at all, most telling first.
BLOCKING_RULES = {
    "national_id": Block(["national_id"]),
    "email": Block(["email"]),
    "phone": Block(["phone_key"]),
    "linkedin": Block(["linkedin"]),
    "birth_and_first_name": Block(["birth", "left(first_name, 2)"]),
    "birth_and_last_name": Block(["birth", "left(last_name, 2)"]),
    "birth_and_postal": Block(["birth", "postal"]),
    "birth": Block(["birth"], most=12),
    "name": Block(["first_name", "last_name"]),
    "name_swapped": Block(["least(first_name, last_name)", "greatest(first_name, last_name)"]),
    "name_and_company_domain": Block(["left(last_name, 4)", "employer"]),
    "first_name_and_company_domain": Block(["first_name", "employer"]),
    "name_and_company": Block(["left(last_name, 4)", "left(company_name, 6)"]),
    "name_and_postal": Block(["left(last_name, 4)", "postal"]),
    "first_name_and_postal": Block(["first_name", "postal"]),
    "name_and_city": Block(["left(last_name, 4)", "left(first_name, 2)", "city"]),
    "address": Block(["house_number", "street"], most=12),
    "address_and_postal": Block(["house_number", "postal"], most=12),
    "email_name": Block(["split_part(email, '@', 1)"], most=12),
    "initials_and_email_domain": Block(["left(name_key, 1)", "split_part(email, '@', 2)"], most=12),
    "both_names_begin_alike": Block(["left(first_name, 3)", "left(last_name, 3)"], most=12),
    "initials_and_birth_month": Block(["left(first_name, 1)", "left(last_name, 1)", "left(birth, 6)"], most=12),
    "last_name_and_birthday": Block(["left(last_name, 3)", "right(birth, 4)"], most=12),
    "first_name_and_birthday": Block(["left(first_name, 3)", "right(birth, 4)"], most=12),
    "last_name_and_birth_year": Block(["last_name", "left(birth, 4)"], most=12),
    "first_name_and_birth_year": Block(["first_name", "left(birth, 4)", "city"]),
}


def _like(threshold: float, left: str, right: str) -> str:
    return f"jaro_winkler_similarity({left}_l, {right}_r) >= {threshold}"


_FIRST_ALIKE = f"({alike('first_name', 0.88)} or left(first_name_l, 3) = left(first_name_r, 3))"
_LAST_ALIKE = alike("last_name", 0.88)
# First and last name in each other's columns, with errors.
_CROSSED = f"({_like(0.85, 'first_name', 'last_name')} and {_like(0.85, 'last_name', 'first_name')})"
_CROSSED_REMOTELY = f"({_like(0.7, 'first_name', 'last_name')} and {_like(0.7, 'last_name', 'first_name')})"
_SQUEEZED = "replace(name_key_l, ' ', '') = replace(name_key_r, ' ', '')"
_ONE_NAME = (
    "(coalesce(first_name_l in (first_name_r, last_name_r), false)"
    " or coalesce(last_name_l in (first_name_r, last_name_r), false))"
)

# A switchboard or shared mailbox is worth 4 bits at most, a policy: training cannot tell it from a rare value.
SHARED = {"m": 0.16, "u": 0.01}
_HALF_KNOWN = missing("first_name", "last_name")

COMPARISONS = [
    # One comparison for both names, because half of a common name says little without the other half.
    comparison(
        "name",
        level("same", f"{same('first_name')} and {same('last_name')}", rarity_of="name_key"),
        level("names swapped", "first_name_l = last_name_r and last_name_l = first_name_r"),
        level("same last name, similar first name", f"{same('last_name')} and {_FIRST_ALIKE}"),
        level("same first name, similar last name", f"{same('first_name')} and {_LAST_ALIKE}"),
        level(
            "both similar",
            f"({_FIRST_ALIKE} and {_LAST_ALIKE}) or {alike('name_key', 0.92)} or {_CROSSED} or {_SQUEEZED}",
        ),
        level("same last name and initial", f"{same('last_name')} and left(first_name_l, 1) = left(first_name_r, 1)"),
        level(
            "both remotely similar",
            f"({alike('first_name', 0.7)} and {alike('last_name', 0.7)}) or {_CROSSED_REMOTELY}",
        ),
        level(
            "one name the same or similar, the other unknown",
            f"({_FIRST_ALIKE} or {_LAST_ALIKE} or {_ONE_NAME}) and ({_HALF_KNOWN})",
        ),
        # Policies: relatives share a last name, colleagues a switchboard, an employer and an address. With another
        # first name, or two other names, only an id of the person's own outweighs that.
        level("same last name, another first name", f"{same('last_name')} or {_LAST_ALIKE}", m=0.002),
        level("same first name, another last name", _FIRST_ALIKE),
        level("one name in the other's place", _ONE_NAME, m=0.002),
        differs(m=0.001),
        missing=missing("name_key"),
    ),
    comparison(
        "birth",
        level("same day", same("birth"), rarity_of="birth"),
        level("one digit off or two swapped", "damerau_levenshtein(birth_l, birth_r) <= 1"),
        level(
            "two of day, month and year the same",
            "(left(birth_l, 4) = left(birth_r, 4))::int + (substr(birth_l, 5, 2) = substr(birth_r, 5, 2))::int"
            " + (right(birth_l, 2) = right(birth_r, 2))::int = 2",
        ),
        level("two digits off", "damerau_levenshtein(birth_l, birth_r) <= 2"),
        level("within 13 months", "abs(birth_day_l - birth_day_r) <= 400"),
        differs(),
        missing=missing("birth"),
    ),
    comparison(
        "email",
        level("same, but shared by several people", same("email_hub"), rarity_of="email_hub", **SHARED),
        level("same", same("email"), rarity_of="email"),
        level("one character off", "damerau_levenshtein(email_l, email_r) <= 1"),
        level("same before the @", "split_part(email_l, '@', 1) = split_part(email_r, '@', 1)"),
        level("similar", alike("email", 0.9)),
        level("remotely similar", alike("email", 0.8)),
        differs(),
        missing=missing("email"),
    ),
    comparison(
        "phone",
        level("same, but shared by several people", same("phone_hub"), rarity_of="phone_hub", **SHARED),
        level("same", same("phone_key"), rarity_of="phone_key"),
        level("one digit off", "damerau_levenshtein(phone_key_l, phone_key_r) <= 1"),
        differs(),
        missing=missing("phone_key"),
    ),
    comparison(
        "national_id",
        level("same", same("national_id"), rarity_of="national_id"),
        level("one digit off or two swapped", "damerau_levenshtein(national_id_l, national_id_r) <= 1"),
        level("two digits off", "damerau_levenshtein(national_id_l, national_id_r) <= 2"),
        differs(),
        missing=missing("national_id"),
    ),
    comparison(
        "linkedin",
        level("same", same("linkedin"), rarity_of="linkedin"),
        differs(),
        missing=missing("linkedin"),
    ),
    comparison(
        "address",
        level("same address", f"{same('house_number')} and {same('street')}"),
        level("same number, similar street", f"{same('house_number')} and {alike('street', 0.85)}"),
        level("similar address", f"{alike('address', 0.88)} or ({same('house_number')} and {same('postal')})"),
        level("same street, other number", f"{same('street')} and ({same('postal')} or {same('city')})"),
        level("same postal code", same("postal"), rarity_of="postal"),
        level("same city, postal code unknown", f"{same('city')} and ({missing('postal')})", rarity_of="city"),
        level("similar city, postal code unknown", f"{alike('city', 0.88)} and ({missing('postal')})"),
        level("same city, another postal code", same("city")),
        differs(),
        missing=f"({missing('address')}) and ({missing('postal')}) and ({missing('city')})",
    ),
    comparison(
        "company",
        # Policy: an employer is no name tag. Lists of people are lists of accounts, each with its colleagues, so among
        # the people of one file 1 pair in 500 works together, however rare the employer is in the world.
        level("same domain", same("employer"), u=0.002),
        level("same name", same("company_name"), u=0.002),
        level("similar name", alike("company_name", 0.9)),
        level("similar domain", alike("employer", 0.92)),
        differs(),
        # the domain of an e-mail speaks for an employer; that two e-mails have different ones is said by `email`
        missing=f"not coalesce({same('employer')}, false) "
        f"and ({missing('company_domain')}) and ({missing('company_name')})",
    ),
]
