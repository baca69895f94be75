"""How two records of businesses are compared: features, blocking rules, comparisons and threshold, as data.

A business here is a place with a name: two branches of one chain are two leads. `resolve` runs this with the
probabilities in `models/business.json`; nothing here executes.
"""

from dagster_project.resolution.levels import (
    Block,
    Hub,
    alike,
    comparison,
    differs,
    in_order,
    level,
    missing,
    number_of,
    numbers_of,
    same,
    shared,
)

# How many times recall counts as much as precision in the F measure that sets the threshold. One wrong edge between two
# places joins all their listings, so a missed pair is worth a third of that.
RECALL_WEIGHT = 0.4

# No merge is less probable than this, whatever the F measure says of a small file.
LEAST_SURE = 0.8

# What a contradiction counts beside an edge when clusters are formed: businesses stay where they are.
CONTRADICTION = 1.0

# Words that say nothing about which business it is, in the languages of the sources at hand.
NOISE_WORDS = "'the', 'and', 'of', 'at', 'in', 'on', 'de', 'la', 'le', 'el', 'der', 'die', 'das', 'y', 'a'"

# What each record is reduced to; expressions over the columns of contracts.STAGED_RECORDS.
FEATURES = {
    "name_key": "name_key",
    "words": in_order(f"list_filter(string_split(name_key, ' '), lambda w: w not in ('', {NOISE_WORDS}))"),
    "phone_key": "phone_key",
    "domain": "coalesce(domain, email_domain)",
    "email": number_of("email"),
    "profile": "lower(rtrim(coalesce(linkedin, facebook, instagram, twitter), '/'))",
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

# Most house numbers are one number; searching them for their first and last takes four times as long.
_PLAIN = "regexp_full_match(house_number, '[0-9]{1,6}')"

# Features made of other features.
DERIVED = {
    "name_set": "coalesce(nullif(array_to_string(words, ' '), ''), name_key)",
    "name_words": numbers_of("words"),
    # Sources leave out directionals and street types.
    "street_core": r"regexp_replace(street, '^(n|s|e|w|ne|nw|se|sw) | (st|ave|rd|blvd|dr|ln|pl|ct|ter)$', '', 'g')",
    # Numbers, numerals and points of the compass in a name set branches apart: "teddy bear ii", "mary crane east".
    "name_marks": r"""list_sort(list_distinct(regexp_extract_all(name_key,
        '\b([0-9]+|ii|iii|iv|north|south|east|west|northeast|northwest|southeast|southwest)\b')))""",
    "name_run": "replace(name_key, ' ', '')",
    "name_head": "left(replace(name_key, ' ', ''), 3)",
    "name_initials": "array_to_string(list_transform(string_split(name_key, ' '), lambda w: left(w, 1)), '')",
    # The first and the last number of a range such as 1710-1718.
    "number": f"case when {_PLAIN} then house_number::int"
    " else try_cast(regexp_extract(house_number, '[0-9]{1,6}') as int) end",
    "number_end": f"case when {_PLAIN} then house_number::int"
    " else try_cast(regexp_extract(house_number, '([0-9]{1,6})[^0-9]*$', 1) as int) end",
    "address": number_of("house_number", "street", "coalesce(postal, city)"),
    # 10 m on a side.
    "point": number_of("round(geo_x * 100)::int", "round(geo_y * 100)::int"),
    # About 2 km on a side.
    "cell": number_of("round(geo_x / 2)::int", "round(geo_y / 2)::int", "round(geo_z / 2)::int"),
}

# Values that belong to many, and what they are spread over: places, or names that begin with other letters, of which
# one business has two (its own and its owner's). A point with six names is a town's centroid or a mall, an address
# with as many a tower.
_PLACES = {"house_number": 1, "city": 1, "postal": 1, "name_head": 2}
HUBS = {
    "phone_hub": Hub("phone_key", _PLACES),
    "domain_hub": Hub("domain", _PLACES),
    "email_hub": Hub("email", _PLACES),
    "point_hub": Hub("point", {"name_set": 1}, 6),
    "address_hub": Hub("address", {"name_head": 2}),
}

# Where the words of a name stand, and the town whose own name tells nothing.
WORDS = {"words": "words", "town": "city"}

# Name of the rule: what two records must have in common to be compared at all. The order is the order in which the
# rule that found a pair is named.
BLOCKING_RULES = {
    "registration_id": Block(["registration_id"]),
    "phone": Block(["phone_key"]),
    "email": Block(["email"]),
    "domain": Block(["domain"]),
    "profile": Block(["profile"]),
    "domain_and_house": Block(["domain", "house_number"]),
    "domain_and_cell": Block(["domain", "cell"]),
    "domain_and_postal": Block(["domain", "postal"]),
    "domain_and_city": Block(["domain", "city"]),
    "address": Block(["house_number", "street_core"], most=5),
    "address_and_area": Block(["house_number", "street_core", "left(postal, 3)"]),
    "house_and_postal": Block(["house_number", "postal"]),
    "house_and_cell": Block(["house_number", "cell"]),
    "house_and_name": Block(["house_number", "left(name_set, 4)"], most=5),
    "name": Block(["name_set"], most=6),
    "name_and_region": Block(["name_set", "region"]),
    "name_and_city": Block(["left(name_set, 6)", "city"]),
    "name_and_postal": Block(["left(name_set, 4)", "postal"]),
    "name_and_cell": Block(["left(name_set, 4)", "cell"]),
    "telling_word_and_postal": Block(["telling_words[1]", "postal"]),
    "telling_word_and_cell": Block(["telling_words[-1]", "cell"]),
    "telling_word_and_city": Block(["telling_words[-1]", "city"]),
}

_KM2 = (
    "((geo_x_l - geo_x_r) * (geo_x_l - geo_x_r) + (geo_y_l - geo_y_r) * (geo_y_l - geo_y_r)"
    " + (geo_z_l - geo_z_r) * (geo_z_l - geo_z_r))"
)


def _within(km: float) -> str:
    return f"{_KM2} <= {km * km:.6g}"


_OTHER_NUMBER = "coalesce(house_number_l <> house_number_r, false)"
# A slip of the pen, or the house next door: 4423 and 4425, 1710-1718 and 1718.
_NEAR_NUMBER = (
    "((length(least(house_number_l, house_number_r)) >= 3 and damerau_levenshtein(house_number_l, house_number_r) <= 1)"
    " or abs(number_l - number_r) <= 4 or number_end_l = number_end_r or number_l = number_end_r"
    " or number_end_l = number_r)"
)
_TELLING = f"not {_OTHER_NUMBER} and point_hub_l is null and point_hub_r is null"
_SAME_STREET = f"({same('street_core')} or {alike('street', 0.9)})"
_OTHER_STREET = f"coalesce(not {alike('street_core', 0.8)}, false)"
_SAME_CITY = "(starts_with(city_l, city_r) or starts_with(city_r, city_l))"  # new york, new york city
# The best word on the area speaks: coordinates, else postal code or city.
_NO_POINTS = "(geo_x_l is null or geo_x_r is null)"
# The best word on the area speaks: coordinates, else postal code or city.
_SAME_AREA = f"coalesce({_within(3)} or postal_l = postal_r or ({_NO_POINTS} and {_SAME_CITY}), false)"
_AREA_UNKNOWN = f"(({missing('geo_x')}) and ({missing('postal')}) and ({missing('city')}))"

# What an organisation's phone, domain or e-mail is worth: at most 4 bits, a policy, less the more places it has.
# Training cannot tell, because among random pairs even an agency's phone is rare, while among the agency's own places
# it is no evidence at all.
SHARED = {"m": 0.16, "u": 0.01}

_SHARED = shared("name_words")
_FEWER = "least(len(name_words_l), len(name_words_r))"
_MORE = "greatest(len(name_words_l), len(name_words_r))"
_TOLD = f"coalesce({shared('telling_words')}, 0)"
_FEWER_TOLD = "least(len(telling_words_l), len(telling_words_r))"
# Two edits in the letters that tell, one where those are few: "ruse brewing" is not "super brewing".
_TOLD_LETTERS = "nullif(least(telling_letters_l, telling_letters_r), 0)"
_LETTERS = f"coalesce({_TOLD_LETTERS}, least(length(name_key_l), length(name_key_r)))"
_TYPOS = f"case when {_LETTERS} >= 8 then 2 else 1 end"
# Lengths and Jaro-Winkler first: two edits never push it under .75, and it costs a tenth of the edit distance.
_NEARLY = (
    f"abs(length(name_key_l) - length(name_key_r)) <= 2 and {alike('name_key', 0.75)}"
    f" and damerau_levenshtein(name_key_l, name_key_r) <= {_TYPOS}"
)
_OTHER_MARK = "(len(name_marks_l) > 0 and len(name_marks_r) > 0 and not list_has_any(name_marks_l, name_marks_r))"
# "Blue Heron" and "blueheron": one name within the other once the spaces are gone.
_RUN_TOGETHER = (
    "((length(name_run_l) >= 6 and contains(name_run_r, name_run_l))"
    " or (length(name_run_r) >= 6 and contains(name_run_l, name_run_r)))"
)
_INITIALS = (
    "((length(name_key_l) >= 3 and name_key_l = name_initials_r) "
    "or (length(name_key_r) >= 3 and name_key_r = name_initials_l))"
)

_DIGIT_OFF = f"{alike('phone_key', 0.85)} and damerau_levenshtein(phone_key_l, phone_key_r) <= 1"

COMPARISONS = [
    comparison(
        "name",
        # Policy: names travel further than training's towns; one name in 50,000 is met again elsewhere.
        level("same words", same("name_set"), rarity_of="name_set", u=2e-5),
        # Policy: "shell 1204" and "shell 1207" are neighbours by spelling only.
        level("alike, another number or direction", f"{_OTHER_MARK} and {_SHARED} >= 1", m=0.001, u=0.01),
        level("nearly the same spelling", _NEARLY),
        # "Amber Heron" and "Amber Heron Dental", then "Amber Heron Bakery" and "Amber Heron Dental".
        level("the same telling words", f"telling_words_l = telling_words_r and {_SHARED} = {_FEWER}", u=5e-5),
        level("the same telling words, other usual ones", "telling_words_l = telling_words_r", m=0.02),
        level("telling words of one inside the other", f"{_TOLD} >= 1 and {_TOLD} = {_FEWER_TOLD}"),
        level("one name inside the other", f"{_SHARED} >= 2 and {_SHARED} = {_FEWER}"),
        level("similar spelling", f"{alike('name_key', 0.88)} and {_FEWER} <= 2"),
        level("run together", _RUN_TOGETHER),
        level("initials of the other", _INITIALS, m=0.01, u=1e-4),
        level("a telling word shared", f"{_TOLD} >= 1"),
        level("one word, inside the other name", f"{_SHARED} = {_FEWER}"),
        level("most words shared", f"2 * {_SHARED} >= {_MORE}"),
        level("a word shared", f"{_SHARED} >= 1"),
        level("remotely similar spelling", alike("name_key", 0.75)),
        # Policy: the tenants of a hotel or an office share its address and, behind one switchboard, its phone. Where
        # no word of the names is common, the phone says no more than the address does.
        level(
            "different, behind one phone at one address",
            f"{same('phone_key')} and {same('house_number')}",
            m=1e-6,
            u=0.25,
        ),
        # Policy, a tenth of what training finds: same phone and address with no word of the name in common is as
        # often a hotel's restaurant or a tenant behind one switchboard as a new name.
        differs(m=0.003),
        missing=missing("name_key"),
    ),
    comparison(
        "phone",
        level("same, but the phone of several places", same("phone_hub"), rarity_of="phone_hub", **SHARED),
        level("same", same("phone_key"), rarity_of="phone_key"),
        # Policy: numbers are handed out in rows, so neighbours' are more often one digit apart than random ones.
        level("one digit off", _DIGIT_OFF, u=1e-4),
        differs(),
        missing=missing("phone_key"),
    ),
    comparison(
        "domain",
        level("same, but the domain of several places", same("domain_hub"), rarity_of="domain_hub", **SHARED),
        level("same", same("domain"), rarity_of="domain"),
        level("similar", alike("domain", 0.92)),
        differs(),
        missing=missing("domain"),
    ),
    comparison(
        "email",
        level("same, but the e-mail of several places", same("email_hub"), rarity_of="email_hub", **SHARED),
        level("same", same("email"), rarity_of="email"),
        differs(),
        missing=missing("email"),
    ),
    comparison(
        "profile",
        level("same", same("profile"), rarity_of="profile", m=0.9, u=1e-5),
        differs(m=0.1),
        missing=f"{missing('profile')} or split_part(profile_l, '/', 3) <> split_part(profile_r, '/', 3)",
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
    # Policies for the near: towers, malls and markets put more strangers at one address than training's world does.
    comparison(
        "location",
        # Policy: at a tower's address there is somebody else more often than not.
        level("same address, of several names", same("address_hub"), m=0.2, u=0.0005),
        level(
            "same address",
            f"{same('house_number')} and {_SAME_STREET} and ({_SAME_AREA} or {_AREA_UNKNOWN})",
            u=5e-6,
        ),
        level(
            "same number nearby",
            f"{same('house_number')} and ({_within(0.3)} or {same('postal')}) and not {_OTHER_STREET}",
            u=1e-6,
        ),
        level(
            "same address, other town", f"{same('house_number')} and {_SAME_STREET} and not coalesce({_KM2} > 9, false)"
        ),
        level("within 50 m", f"{_within(0.05)} and {_TELLING}", u=1e-6),
        level("within 300 m", f"{_within(0.3)} and {_TELLING}", u=5e-6),
        level("same street, number unknown", f"{same('street_core')} and {_SAME_AREA} and not {_OTHER_NUMBER}"),
        level("same street, next number", f"{same('street_core')} and {_SAME_AREA} and {_NEAR_NUMBER}", m=0.01, u=2e-4),
        # Policy: another number is another place, on the same street as elsewhere.
        level("same street, other number", f"{same('street_core')} and {_SAME_AREA}", m=0.002, u=0.006),
        level("same number, other street nearby", f"{same('house_number')} and {_SAME_AREA}", m=0.005, u=3e-4),
        level("within 300 m, other number", _within(0.3)),
        level("within 1 km", f"{_within(1)} and not {_OTHER_NUMBER}"),
        level("same postal code", f"{same('postal')} and {_SAME_AREA} and not {_OTHER_NUMBER}"),
        level("same city", f"{_SAME_CITY} and {_SAME_AREA} and not {_OTHER_NUMBER}"),
        level("same area, other address", _SAME_AREA, m=0.0001),
        level("over 25 km apart", f"{_KM2} > 625", m=1e-6),
        level("other address elsewhere", _OTHER_NUMBER, m=1e-4),
        level("within 25 km", _within(25)),
        differs("another town"),
        missing=f"({missing('house_number', 'street')}) and {_AREA_UNKNOWN}",
    ),
]
