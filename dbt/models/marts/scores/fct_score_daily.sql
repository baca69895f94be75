{{ config(materialized='view') }}

with days as (

    select day::date as scored_on
    from generate_series((select min(scored_on) from {{ ref('fct_score_history') }}), {{ today() }}, '1 day') as day

),

-- Not materialised: a question about a lead or a day computes only those.
states as not materialized (

    select
        leads.org_id,
        leads.lead_id,
        days.scored_on,
        {{ as_of('days.scored_on') }} as as_of,
        history.scored_on as last_change_on,
        {% for column in state_columns() -%}
        history.{{ column }},
        {% endfor -%}
        case when history.scored_on = days.scored_on then history.velocity else 0 end as velocity
    from {{ ref('int_score_states') }} as leads
    cross join days
    cross join lateral (
        select * from {{ ref('fct_score_history') }} as history
        where history.org_id = leads.org_id and history.lead_id = leads.lead_id and history.scored_on <= days.scored_on
        order by history.scored_on desc
        limit 1
    ) as history
    where {{ tenant_only('leads.org_id') }}

),

scored as not materialized (

    {{ scored_states('states') }}

),

banded as not materialized (

    {{ banded_scores('scored') }}

)

select
    org_id,
    lead_id,
    scored_on,
    as_of,
    last_change_on,
    rules_version,
    rules_score,
    lead_score,
    grade,
    priority_tier,
    intent_tier,
    engagement_points::numeric(12, 2) as engagement_points,
    engagement_stage,
    risk,
    velocity,
    event_count,
    last_event_at,
    actions.next_action
from banded
cross join lateral ({{ next_action('banded') }}) as actions
