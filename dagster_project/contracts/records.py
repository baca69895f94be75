"""Contracts of the record side of the walk: received files, raw records, staged records and what was refused."""

from dagster_project.contracts.core import Column, Pii, Table, Type

ORG = Column("org_id", Type.TEXT, "Tenant.", required=True)
RECORD = Column("record_id", Type.UUID, "uuid5 of org, provider and provider_key.", required=True)
SOURCE = Column(
    "source", Type.TEXT, "Campaign or file source (the mapping's name) that brought the record.", required=True
)
DAY = Column("partition_date", Type.DATE, "UTC day of the partition.", required=True)
FETCHED = Column("fetched_at", Type.TIMESTAMP, "When Leadhouse received the record.", required=True)
PROVIDER = Column("provider", Type.TEXT, "Who says so.", required=True)
PROVIDER_KEY = Column(
    "provider_key", Type.TEXT, "The provider's own key of the object, or a hash of its identity.", required=True
)
HASH = Column("payload_hash", Type.TEXT, "SHA-256 of the canonical JSON of the payload.", required=True)
PROVENANCE = Column(
    "provenance",
    Type.JSON,
    "Field name to confidence (0 to 1) of each filled field; provider and fetched_at are the row's.",
    required=True,
)

RAW_RECORDS = Table(
    "raw_records",
    "Records exactly as received, before anything is understood of them.",
    "received version of one provider object",
    ("org_id", "record_id", "payload_hash", "source", "partition_date"),
    (
        ORG,
        PROVIDER,
        PROVIDER_KEY,
        RECORD,
        Column(
            "kind",
            Type.TEXT,
            "What the record describes: business, person, event, deal, activity, outcome, suppression.",
            required=True,
        ),
        SOURCE,
        Column("campaign_id", Type.TEXT, "Campaign that asked for the record; null for files."),
        Column("run_id", Type.TEXT, "Dagster run that first landed the partition."),
        DAY,
        FETCHED,
        Column("payload", Type.JSON, "The record as JSON text, as received.", required=True, pii=Pii.PERSONAL),
        HASH,
        Column("request_cost_usd", Type.MONEY, "What the provider charged for this record.", required=True),
        Column("query", Type.TEXT, "What was asked: a provider query, or file name and line."),
        Column("source_url", Type.TEXT, "Page where a person can see the record; null where there is none."),
    ),
)

RECORD_SIGHTINGS = Table(
    "record_sightings",
    "Every record seen in a partition, written again or not, so that last-seen times and deletions can be told.",
    "record seen in a partition",
    ("org_id", "record_id", "source", "partition_date"),
    (
        ORG,
        RECORD,
        SOURCE,
        DAY,
        HASH,
        Column("last_seen_at", Type.TIMESTAMP, "Latest time the record was seen that day.", required=True),
    ),
)

FILE_RECEIPTS = Table(
    "file_receipts",
    "What became of each received file: received = accepted + quarantined + duplicate.",
    "received file in a partition",
    ("org_id", "source", "partition_date", "sha256"),
    (
        ORG,
        SOURCE,
        DAY,
        Column("file", Type.TEXT, "Name of the file as it came.", required=True),
        Column("sha256", Type.TEXT, "SHA-256 of the file's bytes.", required=True),
        Column("bytes", Type.INT, "Size of the file.", required=True),
        Column("received_at", Type.TIMESTAMP, "When the file came.", required=True),
        Column("received", Type.INT, "Data rows in the file.", required=True),
        Column("accepted", Type.INT, "Rows that landed as new versions.", required=True),
        Column("quarantined", Type.INT, "Rows refused, each with a reason.", required=True),
        Column("duplicate", Type.INT, "Rows whose key and content were already known.", required=True),
        Column("notes", Type.TEXT_LIST, "What was repaired on reading: encoding, delimiter, renamed headers."),
    ),
)

QUARANTINED_RECORDS = Table(
    "quarantined_records",
    "Rows and values that were refused, with the reason and the offending value.",
    "refused row or value",
    ("org_id", "source", "partition_date", "stage", "file", "line", "field", "reason"),
    (
        ORG,
        SOURCE,
        DAY,
        Column(
            "stage", Type.TEXT, "Where it was refused: land (the whole row) or normalize (one value).", required=True
        ),
        Column("file", Type.TEXT, "File, page of a provider's answer, or record it came from.", required=True),
        Column("line", Type.INT, "First line in the file, or place on the page, 1-based.", required=True),
        Column("field", Type.TEXT, "Column or canonical field at fault; empty for the whole row.", required=True),
        Column("reason", Type.TEXT, "Why, as a code such as ragged_row or invalid_phone.", required=True),
        Column("value", Type.TEXT, "The offending value, cut at 500 characters.", pii=Pii.PERSONAL),
        Column("received_at", Type.TIMESTAMP, "When the row came.", required=True),
    ),
)

_ADDRESS = (
    Column("address_line1", Type.TEXT, "House number and street, standardised.", pii=Pii.BUSINESS),
    Column("address_line2", Type.TEXT, "Unit, floor, suite.", pii=Pii.BUSINESS),
    Column("house_number", Type.TEXT, "House number of address_line1."),
    Column("street", Type.TEXT, "Street of address_line1 in lower case, type and directional abbreviated."),
    Column("city", Type.TEXT, "City."),
    Column("region", Type.TEXT, "State or province code (ISO 3166-2 without the country) where known."),
    Column("postal", Type.TEXT, "Postal code."),
    Column("country", Type.TEXT, "ISO 3166-1 alpha-2."),
)

STAGED_RECORDS = Table(
    "staged_records",
    "Business records in canonical columns, each value with its confidence.",
    "raw version of a business record",
    ("org_id", "record_id", "payload_hash", "source", "partition_date"),
    (
        ORG,
        RECORD,
        PROVIDER,
        PROVIDER_KEY,
        SOURCE,
        DAY,
        FETCHED,
        HASH,
        Column("name", Type.TEXT, "Legal or trading name, case and spacing repaired."),
        Column("name_key", Type.TEXT, "Name for comparison: lower case, no accents, no legal suffix, & as and."),
        Column("alt_names", Type.TEXT_LIST, "Other names the record gives."),
        Column("brand", Type.TEXT, "Brand it trades under."),
        Column("registration_id", Type.TEXT, "Company registration number."),
        Column("jurisdictions", Type.TEXT_LIST, "Where it is registered."),
        Column(
            "vertical",
            Type.TEXT,
            "local_services, b2b_saas, ecommerce, healthcare, real_estate or other.",
            required=True,
        ),
        Column("category", Type.TEXT, "The provider's own category."),
        Column("website", Type.TEXT, "Website as a URL."),
        Column("domain", Type.TEXT, "Registrable domain of the website; null for shared hosts."),
        Column("email", Type.TEXT, "E-mail, lower case.", pii=Pii.BUSINESS),
        Column("email_type", Type.TEXT, "generic, role or personal."),
        Column("email_domain", Type.TEXT, "Registrable domain of the e-mail; null for free-mail domains."),
        Column("email_verified", Type.BOOL, "Whether the provider verified the e-mail."),
        Column("phone", Type.TEXT, "Main phone, E.164.", pii=Pii.BUSINESS),
        Column("phone_type", Type.TEXT, "main, mobile or toll_free."),
        Column(
            "phone_key",
            Type.TEXT,
            "Digits for comparison: national number without country code; also kept for numbers without area code.",
            pii=Pii.BUSINESS,
        ),
        Column("fax", Type.TEXT, "Fax, E.164.", pii=Pii.BUSINESS),
        *_ADDRESS,
        Column("lat", Type.FLOAT, "Latitude, degrees WGS 84."),
        Column("lon", Type.FLOAT, "Longitude, degrees WGS 84."),
        Column("linkedin", Type.TEXT, "LinkedIn profile URL."),
        Column("twitter", Type.TEXT, "Twitter/X profile URL."),
        Column("facebook", Type.TEXT, "Facebook profile URL."),
        Column("instagram", Type.TEXT, "Instagram profile URL."),
        Column(
            "employees_range", Type.TEXT, "1-10, 11-50, 51-200, 201-500, 501-1000, 1001-5000, 5001-10000 or 10001+."
        ),
        Column("revenue_range", Type.TEXT, "Yearly revenue as the provider bands it, USD."),
        Column("founded_year", Type.INT, "Year founded."),
        Column("tech_signals", Type.TEXT_LIST, "Technologies seen, lower case."),
        Column("review_count", Type.INT, "Number of reviews."),
        Column("rating", Type.FLOAT, "Average rating, 0 to 5."),
        Column("last_reviewed_at", Type.TIMESTAMP, "Latest review."),
        Column("hours", Type.JSON, "Opening hours as [{dow, open, close}]."),
        Column("status", Type.TEXT, "open, temporarily_closed or closed; null where the record does not say."),
        Column("tags", Type.TEXT_LIST, "Free tags."),
        PROVENANCE,
    ),
)

STAGED_CONTACTS = Table(
    "staged_contacts",
    "Person records in canonical columns, each value with its confidence.",
    "raw version of a person record",
    ("org_id", "record_id", "payload_hash", "source", "partition_date"),
    (
        ORG,
        RECORD,
        PROVIDER,
        PROVIDER_KEY,
        SOURCE,
        DAY,
        FETCHED,
        HASH,
        Column("first_name", Type.TEXT, "Given name.", pii=Pii.PERSONAL),
        Column("last_name", Type.TEXT, "Family name.", pii=Pii.PERSONAL),
        Column("name_key", Type.TEXT, "Full name for comparison: lower case, no accents.", pii=Pii.PERSONAL),
        Column("title", Type.TEXT, "Job title.", pii=Pii.PERSONAL),
        Column("seniority", Type.TEXT, "c_suite, vp, director, manager, staff or unknown."),
        Column("email", Type.TEXT, "E-mail, lower case.", pii=Pii.PERSONAL),
        Column("email_type", Type.TEXT, "generic, role or personal."),
        Column("email_domain", Type.TEXT, "Registrable domain of the e-mail; null for free-mail domains."),
        Column("email_verified", Type.BOOL, "Whether the provider verified the e-mail."),
        Column("phone", Type.TEXT, "Direct or main phone, E.164.", pii=Pii.PERSONAL),
        Column("phone_type", Type.TEXT, "direct, main or mobile."),
        Column(
            "phone_key",
            Type.TEXT,
            "Digits for comparison: national number without country code; also kept for numbers without area code.",
            pii=Pii.PERSONAL,
        ),
        Column("mobile", Type.TEXT, "Mobile phone, E.164.", pii=Pii.PERSONAL),
        Column("linkedin", Type.TEXT, "LinkedIn profile URL.", pii=Pii.PERSONAL),
        Column("date_of_birth", Type.DATE, "Date of birth, where a source has it.", pii=Pii.PERSONAL),
        Column("national_id", Type.TEXT, "National or tax id, where a source has it.", pii=Pii.PERSONAL),
        *_ADDRESS,
        Column("company_name", Type.TEXT, "Employer's name."),
        Column("company_domain", Type.TEXT, "Employer's registrable domain."),
        Column("company_key", Type.TEXT, "The provider's key of the employer's record."),
        Column("consent", Type.TEXT, "granted, denied or unknown.", required=True),
        PROVENANCE,
    ),
)
