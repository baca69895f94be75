{{ config(materialized='view') }}

with history as (

    select * from {{ ref('fct_score_history') }}
    where {{ tenant_only('org_id') }}

),

thresholds as (

    {%- for seed, label in [('grades', 'grade'), ('priority_tiers', 'tier'), ('intent_tiers', 'tier')] %}
    select '{{ seed[:-1] }}' as kind, {{ label }} as threshold, minimum from {{ ref(seed) }}
    where minimum > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

stages as (

    select * from {{ ref('engagement_stages') }}

),

-- A lead begins at 0 points, in the lowest stage.
scores as (

    select
        history.*,
        thresholds.kind,
        thresholds.threshold,
        history.lead_score >= thresholds.minimum as is_up
    from history
    inner join thresholds
        on (history.lead_score >= thresholds.minimum) <> (coalesce(history.previous_score, 0) >= thresholds.minimum)

),

staged as (

    select
        history.*,
        'engagement_stage' as kind,
        stages.stage as threshold,
        reached.minimum >= stages.minimum as is_up
    from history
    inner join stages as reached on history.engagement_stage = reached.stage
    inner join stages as former on coalesce(history.previous_stage, 'cold') = former.stage
    inner join stages on (reached.minimum >= stages.minimum) <> (former.minimum >= stages.minimum)

),

crossings as (

    select * from scores
    union all
    select * from staged

)

select
    org_id,
    lead_id,
    scored_on,
    as_of,
    kind,
    threshold,
    case when is_up then 'up' else 'down' end as direction,
    previous_score,
    lead_score,
    previous_stage,
    engagement_stage
from crossings
