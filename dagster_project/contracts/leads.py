"""Contracts of what resolution decides (lead map, merge graph, aliases) and of the facts and alerts built on it."""

from dagster_project.contracts.core import Column, Table, Type
from dagster_project.contracts.records import ORG, RECORD

KIND = Column("kind", Type.TEXT, "business or person.", required=True)
LEAD = Column("lead_id", Type.UUID, "Stable id: uuid5 of the founding record's id.", required=True)
VALID_FROM = Column("valid_from", Type.TIMESTAMP, "Since when we knew.", required=True)

LEAD_MAP = Table(
    "lead_map",
    "Which lead each record belongs to; append-only, so that any day's map can be read.",
    "record and change of its lead",
    ("org_id", "kind", "record_id", "valid_from"),
    (
        ORG,
        KIND,
        RECORD,
        LEAD,
        Column(
            "match_weight", Type.FLOAT, "Highest match weight (log2 odds) of the record's kept edges; null when alone."
        ),
        Column("matched_by", Type.TEXT, "Rule or model that placed the record; 'founder' when alone.", required=True),
        VALID_FROM,
    ),
)

LEAD_ALIASES = Table(
    "lead_aliases",
    "Lead ids that were merged into another; append-only.",
    "merged lead id and merge",
    ("org_id", "kind", "alias_id", "valid_from"),
    (ORG, KIND, Column("alias_id", Type.UUID, "The id that no longer leads.", required=True), LEAD, VALID_FROM),
)

MERGE_GRAPH = Table(
    "merge_graph",
    "Every kept edge between two records, with the weights that explain it.",
    "kept edge",
    ("org_id", "kind", "record_id_l", "record_id_r"),
    (
        ORG,
        KIND,
        Column("record_id_l", Type.UUID, "One record.", required=True),
        Column("record_id_r", Type.UUID, "The other record; the greater id.", required=True),
        Column(
            "match_weight", Type.FLOAT, "Sum of the prior's and the comparisons' weights, log2 odds.", required=True
        ),
        Column("match_probability", Type.FLOAT, "The same as a calibrated probability.", required=True),
        Column("rule", Type.TEXT, "Blocking rule that brought the two together.", required=True),
        Column("weights", Type.JSON, "Comparison name to match weight (log2 Bayes factor).", required=True),
        Column("model_version", Type.TEXT, "Hash of the model file used.", required=True),
    ),
)

REVIEW_PAIRS = Table(
    "review_pairs",
    "The pairs of records about which a person's answer would tell the most, as the last resolution saw them.",
    "pair worth a question",
    ("org_id", "kind", "record_id_l", "record_id_r"),
    (
        ORG,
        KIND,
        Column("rank", Type.INT, "Place in the list of the tenant and kind; 1 is asked first.", required=True),
        Column("record_id_l", Type.UUID, "One record.", required=True),
        Column("record_id_r", Type.UUID, "The other record; the greater id.", required=True),
        Column("reason", Type.TEXT, "cut, bridge, near_threshold or contradiction.", required=True),
        Column("match_weight", Type.FLOAT, "As in merge_graph.", required=True),
        Column("match_probability", Type.FLOAT, "The same as a calibrated probability.", required=True),
        Column("rule", Type.TEXT, "Blocking rule that brought the two together.", required=True),
        Column("weights", Type.JSON, "Comparison name to match weight (log2 Bayes factor).", required=True),
        Column("model_version", Type.TEXT, "Hash of the model file used.", required=True),
    ),
)

LEAD_FACTS_HISTORY = Table(
    "lead_facts_history",
    "The facts that rules and features may use, as we knew them; the only door to facts.",
    "lead and change of any fact",
    ("org_id", "lead_id", "valid_from"),
    (
        ORG,
        LEAD,
        VALID_FROM,
        Column("vertical", Type.TEXT, "Vertical."),
        Column("rating", Type.FLOAT, "Average rating, 0 to 5."),
        Column("review_count", Type.INT, "Number of reviews."),
        Column("employees_range", Type.TEXT, "Size band."),
        Column("tech_signals", Type.TEXT_LIST, "Technologies seen."),
        Column("has_website", Type.BOOL, "Whether a website is known.", required=True),
        Column(
            "is_domain_verified",
            Type.BOOL,
            "Two independent providers name the domain, or a verified e-mail carries it.",
            required=True,
        ),
        Column("has_email_at_domain", Type.BOOL, "An e-mail at the verified domain is known.", required=True),
        Column("has_phone", Type.BOOL, "Whether a phone is known.", required=True),
        Column("is_phone_toll_free", Type.BOOL, "Whether the best phone is toll-free."),
        Column("target_distance_km", Type.FLOAT, "Distance to the nearest campaign's target; null without one."),
        Column("has_email", Type.BOOL, "An e-mail of the lead or its best contact is known."),
        Column("has_direct_phone", Type.BOOL, "A direct or mobile phone of the lead or its best contact is known."),
        Column("best_contact_seniority", Type.TEXT, "Seniority of the contact to approach first."),
        Column("profiles", Type.TEXT_LIST, "Sets of scoring rules that apply, by campaigns or else the vertical."),
        Column("facts_hash", Type.TEXT, "MD5 of the facts, to see a change.", required=True),
    ),
)

ALERTS = Table(
    "alerts",
    "What a person should look at; the only alerts table.",
    "alert",
    ("org_id", "alert_id"),
    (
        ORG,
        Column("alert_id", Type.UUID, "Id of the alert.", required=True),
        Column("created_at", Type.TIMESTAMP, "When it was raised.", required=True),
        Column("severity", Type.TEXT, "info, warning or critical.", required=True),
        Column("alert_type", Type.TEXT, "What kind, such as unmapped_file or delivery_dead.", required=True),
        Column("subject", Type.TEXT, "What it is about: a file, a lead id, a sync.", required=True),
        Column("message", Type.TEXT, "One sentence for a person; no personal data.", required=True),
        Column("acknowledged_at", Type.TIMESTAMP, "When somebody took it."),
        Column("acknowledged_by", Type.TEXT, "Who took it."),
        Column("priority", Type.TEXT, "CRITICAL, HIGH, MEDIUM or LOW, of an alert about a signal."),
        Column("lead_id", Type.UUID, "Lead that gave the signal, as it was known then."),
        Column("signal_type", Type.TEXT, "The signal."),
        Column(
            "event_id", Type.TEXT, "Event that it was found in; with the signal type unique, so that none comes twice."
        ),
        Column("occurred_at", Type.TIMESTAMP, "When it happened."),
        Column("due_at", Type.TIMESTAMP, "By when somebody has to answer."),
        Column("overdue_at", Type.TIMESTAMP, "When it was found unanswered past that."),
    ),
)
