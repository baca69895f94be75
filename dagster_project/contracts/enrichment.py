"""Contracts of enrichment: which subject an answer was for, the steps of the waterfalls, the health of providers."""

from dagster_project.contracts.core import Column, Pii, Table, Type
from dagster_project.contracts.records import DAY, ORG, SOURCE

KIND = Column("kind", Type.TEXT, "business or person.", required=True)
SUBJECT = Column("subject_id", Type.UUID, "Lead or contact that was asked about.", required=True)
LEAD = Column("lead_id", Type.UUID, "Lead that it was or belonged to when it was asked about.", required=True)
PROVIDER = Column("provider", Type.TEXT, "Who was asked.", required=True)
LOOKUP = Column("lookup", Type.TEXT, "Kind of question.", required=True)

ENRICHMENT_ANSWERS = Table(
    "enrichment_answers",
    "What providers answered about leads and contacts, with the raw record that each answer became.",
    "answer about a subject",
    ("org_id", "answer_id"),
    (
        ORG,
        SOURCE,
        DAY,
        Column("answer_id", Type.UUID, "Id of the answer.", required=True),
        KIND,
        SUBJECT,
        LEAD,
        PROVIDER,
        LOOKUP,
        Column("outcome", Type.TEXT, "ok, no_match, pending, suppressed or the class of failure.", required=True),
        Column("record_id", Type.UUID, "Raw record of the answer; null where there is none."),
        Column("payload_hash", Type.TEXT, "Version of that record."),
        Column("confidence", Type.FLOAT, "How far the answer is trusted, 0 to 1; null where there is none."),
        Column("cost_usd", Type.MONEY, "What the answer cost.", required=True),
        Column("answered_at", Type.TIMESTAMP, "When it was received.", required=True),
        Column("request_id", Type.TEXT, "Request it was asked for.", required=True),
    ),
)

ENRICHMENT_ATTEMPTS = Table(
    "enrichment_attempts",
    "Steps of the waterfalls: who was asked for which field, and what came of it.",
    "job, field and attempt",
    ("org_id", "job_id", "field", "attempt"),
    (
        ORG,
        SOURCE,
        DAY,
        Column("job_id", Type.UUID, "Request about one subject.", required=True),
        Column("request_id", Type.TEXT, "Request of many subjects that the job is part of.", required=True),
        SUBJECT,
        LEAD,
        Column(
            "field",
            Type.TEXT,
            "Field of the waterfall: email, phone, title, company, tech, domain or social.",
            required=True,
        ),
        Column("attempt", Type.INT, "Place in the waterfall, from 1.", required=True),
        PROVIDER,
        LOOKUP,
        Column("outcome", Type.TEXT, "ok, partial, no_match, pending, suppressed or a failure.", required=True),
        Column("is_cached", Type.BOOL, "Whether the answer was there already.", required=True),
        Column("is_filled", Type.BOOL, "Whether the field was filled by it.", required=True),
        Column("confidence", Type.FLOAT, "How sure the value is, 0 to 1; null without one."),
        Column("cost_usd", Type.MONEY, "The field's share of what the call cost.", required=True),
        Column("latency_ms", Type.FLOAT, "Time of the call; null for a cached answer."),
        Column("reason", Type.TEXT, "What was said of a failure."),
        Column("segment", Type.TEXT, "Vertical and size band that waterfalls are learned for.", required=True),
        Column("attempted_at", Type.TIMESTAMP, "When.", required=True),
    ),
)

PROVIDER_HEALTH = Table(
    "provider_health",
    "What the last health check found of each enrichment provider.",
    "provider",
    ("org_id", "provider"),
    (
        ORG,
        PROVIDER,
        Column("is_configured", Type.BOOL, "Whether it has a key.", required=True),
        Column("is_enabled", Type.BOOL, "Whether a person has it turned on.", required=True),
        Column("breaker", Type.TEXT, "closed, open or half_open.", required=True),
        Column("failures", Type.INT, "Failures in a row.", required=True),
        Column("outcome", Type.TEXT, "What the account call came to; null where it was not made."),
        Column("latency_ms", Type.FLOAT, "Time of the account call."),
        Column("reason", Type.TEXT, "What was said of a failure.", pii=Pii.NONE),
        Column("checked_at", Type.TIMESTAMP, "When.", required=True),
    ),
)
