"""Contracts of the sources: calls to providers, what changed between versions, and what people declare in YAML."""

from dagster_project.contracts.core import Column, Pii, Table, Type
from dagster_project.contracts.records import DAY, HASH, ORG, PROVIDER, PROVIDER_KEY, RECORD, SOURCE

PROVIDER_CALLS = Table(
    "provider_calls",
    "Every call that was sent to a provider: what came of it, how long it took and what it cost.",
    "call that was sent",
    ("org_id", "call_id"),
    (
        ORG,
        SOURCE,
        DAY,
        Column("call_id", Type.TEXT, "Id of the call, unique in the tenant.", required=True),
        Column("provider", Type.TEXT, "Who was called.", required=True),
        Column("endpoint", Type.TEXT, "Kind of question that was asked.", required=True),
        Column("ask_id", Type.TEXT, "Short hash of the question.", required=True),
        Column("page", Type.INT, "Which page of the answer.", required=True),
        Column("attempt", Type.INT, "Which attempt at that page.", required=True),
        Column("started_at", Type.TIMESTAMP, "When the call was sent.", required=True),
        Column("outcome", Type.TEXT, "ok or the class of failure.", required=True),
        Column("status", Type.INT, "HTTP status; null when there was no answer."),
        Column("reason", Type.TEXT, "What the provider said of a failure, as a code or short text."),
        Column("latency_ms", Type.FLOAT, "Time from sending to the whole answer; null when there was none."),
        Column("waited_seconds", Type.FLOAT, "Time the call waited for its turn before.", required=True),
        Column("bytes", Type.INT, "Size of the answer's body.", required=True),
        Column("records", Type.INT, "Records on the page.", required=True),
        Column("cost_usd", Type.MONEY, "What the call cost.", required=True),
        Column("run_id", Type.TEXT, "Dagster run that made the call.", required=True),
    ),
)

SOURCE_CHANGES = Table(
    "source_changes",
    "What changed in a provider's object between two received versions; its end and its return too.",
    "record version and changed field",
    ("org_id", "record_id", "source", "partition_date", "payload_hash", "field"),
    (
        ORG,
        RECORD,
        PROVIDER,
        PROVIDER_KEY,
        SOURCE,
        DAY,
        HASH,
        Column("previous_hash", Type.TEXT, "payload_hash of the version before it.", required=True),
        Column("changed_at", Type.TIMESTAMP, "When Leadhouse learned of it.", required=True),
        Column(
            "change_type",
            Type.TEXT,
            "reviews, job_posts, press, executives, tech_added, tech_removed, funding, moved, closed, reopened, "
            "removed, returned or updated.",
            required=True,
        ),
        Column(
            "field",
            Type.TEXT,
            "Canonical field that changed, with what came or went of a list, such as tech_signals[shopify]; record for "
            "the whole object.",
            required=True,
        ),
        Column(
            "old_value",
            Type.TEXT,
            "Value before, as the provider wrote it; null when there was none.",
            pii=Pii.PERSONAL,
        ),
        Column("new_value", Type.TEXT, "Value after; null when there is none any more.", pii=Pii.PERSONAL),
    ),
)

CAMPAIGNS = Table(
    "campaigns",
    "Campaigns as their files say now: what a lead must be like to be theirs, and where it goes.",
    "campaign",
    ("org_id", "campaign_id"),
    (
        ORG,
        Column("campaign_id", Type.TEXT, "Name of the campaign's file.", required=True),
        Column("version", Type.TEXT, "Short hash of what the file says.", required=True),
        Column("title", Type.TEXT, "What people call it.", required=True),
        Column("vertical", Type.TEXT, "Name of the vertical's file.", required=True),
        Column("min_rating", Type.FLOAT, "Lowest rating wanted, 0 to 5."),
        Column("min_review_count", Type.INT, "Fewest reviews wanted."),
        Column("employees_min", Type.INT, "Fewest employees wanted."),
        Column("employees_max", Type.INT, "Most employees wanted."),
        Column("tech", Type.TEXT_LIST, "Technologies of which a lead must use one, lower case; empty for any."),
        Column("lat", Type.FLOAT, "Latitude of the centre of its area; null while it has none."),
        Column("lon", Type.FLOAT, "Longitude of the centre."),
        Column("radius_km", Type.FLOAT, "Radius of its circle, or of the circle around its box or polygon."),
        Column("destinations", Type.TEXT_LIST, "Names of the syncs that receive its leads."),
        Column("approval", Type.TEXT, "manual, auto or auto_if_checks_pass.", required=True),
    ),
)

VERTICALS = Table(
    "verticals",
    "Verticals as their files say now: what a lead must have, and how it is scored.",
    "vertical file",
    ("org_id", "vertical"),
    (
        ORG,
        Column("vertical", Type.TEXT, "Name of the vertical's file.", required=True),
        Column(
            "canonical",
            Type.TEXT,
            "Vertical its leads carry: local_services, b2b_saas, ecommerce, healthcare, real_estate or other.",
            required=True,
        ),
        Column("required_fields", Type.TEXT_LIST, "Columns of dim_lead without which a lead is held back."),
        Column("scoring_profile", Type.TEXT, "Set of rules in the seed scoring_rules.", required=True),
    ),
)
