"""Contracts of what happens to leads: events, deals, activities, outcomes, suppressions.

Each names its lead by whatever the source knows (`identity_*`); dbt finds the lead, so that a later merge moves the
history with it.
"""

from dagster_project.contracts.core import Column, Pii, Table, Type
from dagster_project.contracts.records import DAY, ORG, SOURCE

RECEIVED = Column(
    "received_at", Type.TIMESTAMP, "When Leadhouse learned of it; as-of questions use this.", required=True
)

IDENTITY = (
    Column("identity_email", Type.TEXT, "E-mail of the person, lower case.", pii=Pii.PERSONAL),
    Column("identity_domain", Type.TEXT, "Registrable domain of the company."),
    Column("identity_company_key", Type.TEXT, "provider:provider_key of the company's record."),
    Column("identity_lead_id", Type.UUID, "Lead id, when the sender knows it."),
    Column("identity_crm_id", Type.TEXT, "CRM id of the lead or contact."),
)

EVENTS = Table(
    "events",
    "Behavioural and third-party events; append-only.",
    "event as received in a partition (staging keeps the first of each event_id)",
    ("org_id", "event_id", "source", "partition_date"),
    (
        ORG,
        Column("event_id", Type.TEXT, "The sender's id of the event, unique in the tenant.", required=True),
        Column("occurred_at", Type.TIMESTAMP, "When it happened.", required=True),
        RECEIVED,
        *IDENTITY,
        Column("event_type", Type.TEXT, "Signal type, such as page_view or demo_request.", required=True),
        Column("properties", Type.JSON, "Everything else the sender said.", required=True, pii=Pii.PERSONAL),
        SOURCE,
        DAY,
    ),
)

DEALS = Table(
    "deals",
    "Opportunities as the CRM has them.",
    "version of a deal as received in a partition (staging keeps the latest)",
    ("org_id", "deal_id", "source", "partition_date", "received_at"),
    (
        ORG,
        Column("deal_id", Type.TEXT, "CRM id of the deal.", required=True),
        Column("name", Type.TEXT, "Name of the deal."),
        *IDENTITY,
        Column(
            "stage",
            Type.TEXT,
            "prospecting, qualification, discovery, demo, proposal, negotiation, closed_won or closed_lost.",
            required=True,
        ),
        Column("amount", Type.MONEY, "Amount in `currency`."),
        Column("currency", Type.TEXT, "ISO 4217."),
        Column("amount_usd", Type.MONEY, "Amount in USD where a rate is known."),
        Column("owner", Type.TEXT, "Representative, as the CRM names them.", pii=Pii.PERSONAL),
        Column("created_at", Type.TIMESTAMP, "When the deal was opened.", required=True),
        Column("expected_close_date", Type.DATE, "When it is expected to close."),
        Column("closed_at", Type.TIMESTAMP, "When it closed."),
        RECEIVED,
        SOURCE,
        DAY,
    ),
)

ACTIVITIES = Table(
    "activities",
    "What representatives did: calls, e-mails, meetings, tasks.",
    "activity as received in a partition (staging keeps the latest)",
    ("org_id", "activity_id", "source", "partition_date"),
    (
        ORG,
        Column("activity_id", Type.TEXT, "CRM id of the activity.", required=True),
        Column("activity_type", Type.TEXT, "call, email, meeting, task or note.", required=True),
        Column("occurred_at", Type.TIMESTAMP, "When it happened.", required=True),
        *IDENTITY,
        Column("deal_id", Type.TEXT, "Deal it belongs to."),
        Column("owner", Type.TEXT, "Representative.", pii=Pii.PERSONAL),
        Column("result", Type.TEXT, "What came of it, such as connected or no_answer."),
        RECEIVED,
        SOURCE,
        DAY,
    ),
)

LEAD_OUTCOMES = Table(
    "lead_outcomes",
    "What became of leads: the labels that models learn from.",
    "outcome as received in a partition (staging keeps the latest)",
    ("org_id", "outcome_id", "source", "partition_date"),
    (
        ORG,
        Column("outcome_id", Type.TEXT, "The sender's id of the outcome.", required=True),
        Column(
            "outcome", Type.TEXT, "qualified, disqualified, won, lost, replied, bounced or unsubscribed.", required=True
        ),
        Column("occurred_at", Type.TIMESTAMP, "When it happened.", required=True),
        *IDENTITY,
        Column("deal_id", Type.TEXT, "Deal it belongs to."),
        Column("reason", Type.TEXT, "Why, as the sender says."),
        RECEIVED,
        SOURCE,
        DAY,
    ),
)

SUPPRESSIONS = Table(
    "suppressions",
    "Who must not be contacted. Only a hash of the value is kept, so that the list itself is no contact list.",
    "suppressed value as received in a partition",
    ("org_id", "scope", "value_hash", "source", "partition_date"),
    (
        ORG,
        Column("scope", Type.TEXT, "email, phone or domain.", required=True),
        Column("value_hash", Type.TEXT, "SHA-256 of the normalised value.", required=True),
        Column("reason", Type.TEXT, "Why, such as unsubscribed, complaint, legal or erasure.", required=True),
        Column("suppressed_at", Type.TIMESTAMP, "Since when.", required=True),
        RECEIVED,
        SOURCE,
        DAY,
    ),
)
