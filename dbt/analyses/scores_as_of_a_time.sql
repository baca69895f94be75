-- The scores of leads as of times that need not end a day, such as that of a call or of an outcome to learn from. The
-- variable asks is a relation or query with org_id, lead_id and as_of; by default all leads at one time.
{% set every_lead = "(select org_id, lead_id, timestamptz '2026-11-30 09:30+00' as as_of from marts.dim_lead)" %}

with asks as (

    select
        asked.*,
        versions.rules_version,
        versions.quiet_days,
        versions.quiet_share
    from {{ var('asks', every_lead) }} as asked
    cross join lateral (
        select * from {{ ref('int_rule_versions') }}
        where valid_from <= asked.as_of
        order by valid_from desc
        limit 1
    ) as versions

),

{{ score_states(ref('int_signal_leads')) }},

scored as (

    {{ scored_states('states') }}

)

select
    org_id,
    lead_id,
    as_of,
    lead_score,
    engagement_points,
    velocity
from scored
