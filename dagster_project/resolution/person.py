"""How two records of people are compared: features, blocking rules, comparisons and threshold, as data.

`resolve` runs this with the probabilities in `models/person.json`; nothing here executes.
"""

from dagster_project.resolution.levels import alike, comparison, differs, level, missing, same

# A wrong merge mixes two people's data, which is worse than keeping a duplicate. Lower than for businesses, because
# people have no branches: what agrees by chance for them is already in u.
THRESHOLD = 0.95

# Matches one record has on average in a file with duplicates; only the order of magnitude matters.
MATCHES_PER_RECORD = 1.0

# What each record is reduced to; expressions over the columns of contracts.STAGED_CONTACTS.
FEATURES = {
    "name_key": "name_key",
    "first_name": "lower(strip_accents(first_name))",
    "last_name": "lower(strip_accents(last_name))",
    "birth": "strftime(date_of_birth, '%Y%m%d')",
    "email": "email",
    "phone_key": "phone_key",
    "national_id": "upper(regexp_replace(national_id, '[^A-Za-z0-9]', '', 'g'))",
    "linkedin": "lower(rtrim(linkedin, '/'))",
    "house_number": "lower(house_number)",
    "street": "street",
    "city": "lower(city)",
    "postal": "upper(postal)",
    "company_domain": "coalesce(company_domain, email_domain)",
    "company_name": "lower(strip_accents(company_name))",
}

# Features made of other features.
DERIVED = {"address": "house_number || ' ' || street"}

# A phone or e-mail seen with three last names is a switchboard or a shared mailbox: it says where, not who.
SHARED_VALUES = {
    "phone_is_shared": ("phone_key", "last_name", 3),
    "email_is_shared": ("email", "last_name", 3),
}

# Name of the rule: what two records must have in common to be compared at all, most telling first.
BLOCKING_RULES = {
    "national_id": ["national_id"],
    "email": ["email"],
    "phone": ["phone_key"],
    "linkedin": ["linkedin"],
    "birth_and_first_name": ["birth", "left(first_name, 2)"],
    "birth_and_last_name": ["birth", "left(last_name, 2)"],
    "name": ["first_name", "last_name"],
    "name_swapped": ["least(first_name, last_name)", "greatest(first_name, last_name)"],
    "name_and_company_domain": ["left(last_name, 4)", "company_domain"],
    "first_name_and_company_domain": ["first_name", "company_domain"],
    "name_and_company": ["left(last_name, 4)", "left(company_name, 6)"],
    "name_and_postal": ["left(last_name, 4)", "postal"],
    "first_name_and_postal": ["first_name", "postal"],
    "address": ["house_number", "street"],
    "first_name_and_birth_year": ["first_name", "left(birth, 4)", "city"],
}

# A value shared by more records than this blocks nothing: a switchboard, info@, John Smith.
MAX_BLOCK = 50

_FIRST_ALIKE = f"({same('first_name')} or {alike('first_name', 0.88)} or left(first_name_l, 3) = left(first_name_r, 3))"
_LAST_ALIKE = f"({same('last_name')} or {alike('last_name', 0.88)})"

# A switchboard or shared mailbox is worth 4 bits, a policy: training cannot tell it from a rare value.
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
        level("both similar", f"({_FIRST_ALIKE} and {_LAST_ALIKE}) or {alike('name_key', 0.92)}"),
        level("same last name and initial", f"{same('last_name')} and left(first_name_l, 1) = left(first_name_r, 1)"),
        level("one name the same, the other unknown", f"({_FIRST_ALIKE} or {_LAST_ALIKE}) and ({_HALF_KNOWN})"),
        # Policies: relatives share a last name, colleagues a switchboard, an employer and an address. With another
        # first name, or two other names, only an id of the person's own outweighs that.
        level("same last name, another first name", same("last_name"), m=0.0005),
        level("same first name, another last name", _FIRST_ALIKE),
        differs(m=0.0001),
        missing=missing("name_key"),
    ),
    comparison(
        "birth",
        level("same day", same("birth"), rarity_of="birth"),
        level("one digit off or two swapped", "damerau_levenshtein(birth_l, birth_r) <= 1"),
        level("two digits off", "damerau_levenshtein(birth_l, birth_r) <= 2"),
        differs(),
        missing=missing("birth"),
    ),
    comparison(
        "email",
        level("same, but shared by several people", f"{same('email')} and email_is_shared_l", **SHARED),
        level("same", same("email"), rarity_of="email"),
        level("one character off", "damerau_levenshtein(email_l, email_r) <= 1"),
        level("same before the @", "split_part(email_l, '@', 1) = split_part(email_r, '@', 1)"),
        level("similar", alike("email", 0.9)),
        differs(),
        missing=missing("email"),
    ),
    comparison(
        "phone",
        level("same, but shared by several people", f"{same('phone_key')} and phone_is_shared_l", **SHARED),
        level("same", same("phone_key"), rarity_of="phone_key"),
        level("one digit off", "damerau_levenshtein(phone_key_l, phone_key_r) <= 1"),
        differs(),
        missing=missing("phone_key"),
    ),
    comparison(
        "national_id",
        level("same", same("national_id"), rarity_of="national_id"),
        level("one digit off", "damerau_levenshtein(national_id_l, national_id_r) <= 1"),
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
        level("similar address", f"{alike('address', 0.9)}"),
        level("same postal code", same("postal")),
        level("same city", same("city")),
        differs(),
        missing=f"({missing('address')}) and ({missing('postal')}) and ({missing('city')})",
    ),
    comparison(
        "company",
        level("same domain", same("company_domain"), rarity_of="company_domain"),
        level("same name", same("company_name")),
        level("similar name", alike("company_name", 0.9)),
        differs(),
        missing=f"({missing('company_domain')}) and ({missing('company_name')})",
    ),
]

# Blocking rules under which training looks for matches; each leaves the comparisons it does not use to be learned.
TRAINING_RULES = [["email"], ["birth"], ["first_name", "last_name"]]
