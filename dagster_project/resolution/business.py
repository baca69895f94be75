"""How two records of businesses are compared: features, blocking rules, comparisons and threshold, as data.

A business here is a place with a name: two branches of one chain are two leads. `resolve` runs this with the
probabilities in `models/business.json`; nothing here executes.
"""

from dagster_project.resolution.levels import alike, comparison, differs, level, missing, same, shared

# 8 bits. Tenants of one building behind one switchboard, without a common word in their names, reach 7.3 and must stay
# apart; a similar spelling at the same address reaches 8.5 and should merge.
THRESHOLD = 0.996

# Matches one record has on average in a file with duplicates; only the order of magnitude matters.
MATCHES_PER_RECORD = 1.0

# Words that say nothing about which business it is, in the languages of the sources at hand.
NOISE_WORDS = "'the', 'and', 'of', 'at', 'in', 'on', 'de', 'la', 'le', 'el', 'der', 'die', 'das', 'y', 'a'"

# What each record is reduced to; expressions over the columns of contracts.STAGED_RECORDS.
FEATURES = {
    "name_key": "name_key",
    "name_words": f"""list_sort(list_distinct(list_filter(
        string_split(name_key, ' '), lambda w: w not in ('', {NOISE_WORDS}))))""",
    "phone_key": "phone_key",
    "domain": "coalesce(domain, email_domain)",
    "email": "email",
    "registration_id": "upper(regexp_replace(registration_id, '[^A-Za-z0-9]', '', 'g'))",
    "house_number": "lower(house_number)",
    "street": "street",
    "city": "lower(city)",
    "region": "lower(region)",
    "postal": "upper(postal)",
    # Points on a sphere of the earth's radius: the chord between two is their distance, 2 cm short at 25 km, and
    # needs no trigonometry per pair.
    "geo_x": "6371.0 * cos(radians(lat)) * cos(radians(lon))",
    "geo_y": "6371.0 * cos(radians(lat)) * sin(radians(lon))",
    "geo_z": "6371.0 * sin(radians(lat))",
}

# Features made of other features.
DERIVED = {
    "name_set": "coalesce(nullif(array_to_string(name_words, ' '), ''), name_key)",
    # Sources leave out directionals and street types.
    "street_core": r"regexp_replace(street, '^(n|s|e|w|ne|nw|se|sw) | (st|ave|rd|blvd|dr|ln|pl|ct|ter)$', '', 'g')",
    # 10 m on a side.
    "point": "round(geo_x, 2) || ' ' || round(geo_y, 2)",
    # About 2 km on a side.
    "cell": "round(geo_x / 2) || ' ' || round(geo_y / 2) || ' ' || round(geo_z / 2)",
}

# Values that belong to many: feature that says so, the value, and how many different what it must be seen with.
# A phone, domain or e-mail with three house numbers belongs to an organisation with several places: sharing it says
# which organisation, not which place (two may be one address and a typing error). A point with six names is a town's
# centroid or a mall.
SHARED_VALUES = {
    "phone_is_shared": ("phone_key", "house_number", 3),
    "domain_is_shared": ("domain", "house_number", 3),
    "email_is_shared": ("email", "house_number", 3),
    "point_is_shared": ("point", "name_set", 6),
}

# Name of the rule: what two records must have in common to be compared at all. The order is the order in which the
# rule that found a pair is named. All must be tight: 1,000,000 records give about 1.5 million pairs.
BLOCKING_RULES = {
    "registration_id": ["registration_id"],
    "phone": ["phone_key"],
    "email": ["email"],
    "domain": ["domain"],
    "domain_and_house": ["domain", "house_number"],
    "domain_and_cell": ["domain", "cell"],
    "domain_and_postal": ["domain", "postal"],
    "domain_and_city": ["domain", "city"],
    "address": ["house_number", "street_core"],
    "house_and_postal": ["house_number", "postal"],
    "house_and_cell": ["house_number", "cell"],
    "house_and_name": ["house_number", "left(name_set, 4)"],
    "name": ["name_set"],
    "name_and_region": ["name_set", "region"],
    "name_and_city": ["left(name_set, 6)", "city"],
    "name_and_postal": ["left(name_set, 4)", "postal"],
    "name_and_cell": ["left(name_set, 4)", "cell"],
}

# A value shared by more records than this blocks nothing: the domain of an agency, a chain's hotline, a mall. A block
# of n records is n²/2 pairs; other rules still bring the real pairs of such a block together.
MAX_BLOCK = 30

_KM2 = (
    "((geo_x_l - geo_x_r) * (geo_x_l - geo_x_r) + (geo_y_l - geo_y_r) * (geo_y_l - geo_y_r)"
    " + (geo_z_l - geo_z_r) * (geo_z_l - geo_z_r))"
)


def _within(km: float) -> str:
    return f"{_KM2} <= {km * km:.6g}"


_OTHER_NUMBER = "coalesce(house_number_l <> house_number_r, false)"
_TELLING = f"not {_OTHER_NUMBER} and not coalesce(point_is_shared_l or point_is_shared_r, false)"
_SAME_STREET = f"({same('street_core')} or {alike('street', 0.9)})"
_SAME_CITY = "(starts_with(city_l, city_r) or starts_with(city_r, city_l))"  # new york, new york city
# The best word on the area speaks: coordinates, else postal code or city.
_NO_POINTS = "(geo_x_l is null or geo_x_r is null)"
# The best word on the area speaks: coordinates, else postal code or city.
_SAME_AREA = f"coalesce({_within(3)} or postal_l = postal_r or ({_NO_POINTS} and {_SAME_CITY}), false)"
_AREA_UNKNOWN = f"(({missing('geo_x')}) and ({missing('postal')}) and ({missing('city')}))"

# What an organisation's phone, domain or e-mail is worth: 4 bits, a policy. Training cannot tell, because among
# random pairs even an agency's phone is rare, while among the agency's own places it is no evidence at all.
SHARED = {"m": 0.16, "u": 0.01}

_SHARED = shared("name_words")
_FEWER = "least(len(name_words_l), len(name_words_r))"
_MORE = "greatest(len(name_words_l), len(name_words_r))"
_TYPOS = "case when least(length(name_key_l), length(name_key_r)) >= 10 then 2 else 1 end"

COMPARISONS = [
    comparison(
        "name",
        level("same words", same("name_set"), rarity_of="name_set"),
        level("nearly the same spelling", f"damerau_levenshtein(name_key_l, name_key_r) <= {_TYPOS}"),
        level("one name inside the other", f"{_SHARED} >= 2 and {_SHARED} = {_FEWER}"),
        level("similar spelling", f"{alike('name_key', 0.88)} and {_FEWER} <= 2"),
        level("one word, inside the other name", f"{_SHARED} = {_FEWER}"),
        level("most words shared", f"2 * {_SHARED} >= {_MORE}"),
        level("a word shared", f"{_SHARED} >= 1"),
        level("remotely similar spelling", alike("name_key", 0.75)),
        # Policy, a sixth of what training finds: same phone and address with no word of the name in common is as
        # often a hotel's restaurant or a tenant behind one switchboard as a new name.
        differs(m=0.005),
        missing=missing("name_key"),
    ),
    comparison(
        "phone",
        level("same, but the phone of several places", f"{same('phone_key')} and phone_is_shared_l", **SHARED),
        level("same", same("phone_key"), rarity_of="phone_key"),
        level("one digit off", "damerau_levenshtein(phone_key_l, phone_key_r) <= 1"),
        differs(),
        missing=missing("phone_key"),
    ),
    comparison(
        "domain",
        level("same, but the domain of several places", f"{same('domain')} and domain_is_shared_l", **SHARED),
        level("same", same("domain"), rarity_of="domain"),
        level("similar", alike("domain", 0.92)),
        differs(),
        missing=missing("domain"),
    ),
    comparison(
        "email",
        level("same, but the e-mail of several places", f"{same('email')} and email_is_shared_l", **SHARED),
        level("same", same("email"), rarity_of="email"),
        differs(),
        missing=missing("email"),
    ),
    comparison(
        "registration",
        level("same", same("registration_id"), rarity_of="registration_id"),
        differs(),
        missing=missing("registration_id"),
    ),
    # One comparison for address, coordinates, postal code and city: they say the same thing, and four comparisons
    # would count it four times. Rarity stays out of it: a level such as "same postal code" is reached only where
    # nothing finer is known, which u includes and the frequency of a postal code does not.
    comparison(
        "location",
        level("same address", f"{same('house_number')} and {_SAME_STREET} and ({_SAME_AREA} or {_AREA_UNKNOWN})"),
        level("same number nearby", f"{same('house_number')} and ({_within(0.3)} or {same('postal')})"),
        level(
            "same address, other town", f"{same('house_number')} and {_SAME_STREET} and not coalesce({_KM2} > 9, false)"
        ),
        level("within 50 m", f"{_within(0.05)} and {_TELLING}"),
        level("within 300 m", f"{_within(0.3)} and {_TELLING}"),
        level("same street, other number", f"{same('street_core')} and {_SAME_AREA}"),
        level("within 300 m, other number", _within(0.3)),
        level("within 1 km", f"{_within(1)} and not {_OTHER_NUMBER}"),
        level("same postal code", f"{same('postal')} and {_SAME_AREA} and not {_OTHER_NUMBER}"),
        level("same city", f"{_SAME_CITY} and {_SAME_AREA} and not {_OTHER_NUMBER}"),
        level("same area, other address", _SAME_AREA, m=0.0004),
        level("over 25 km apart", f"{_KM2} > 625", m=1e-6),
        level("other address elsewhere", _OTHER_NUMBER, m=1e-4),
        level("within 25 km", _within(25)),
        differs("another town"),
        missing=f"({missing('house_number', 'street')}) and {_AREA_UNKNOWN}",
    ),
]

# Blocking rules under which training looks for matches; each leaves the comparisons it does not use to be learned.
TRAINING_RULES = [["phone_key"], ["house_number", "street"], ["name_set", "city"]]
