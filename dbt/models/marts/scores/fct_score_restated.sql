{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns',
    pre_hook="{{ clear_restated() }}",
) }}
{% set start, end = var('restate_from', none), var('restate_to', none) %}

-- Everything as it is known today: late events on the day they happened, all of the lead that they are of now.
with signals as (

    select org_id, lead_id, signal_type, event_id, occurred_at, occurred_at as known_at, null::timestamptz as lost_at
    from {{ ref('int_signal_leads') }}
    where lost_at is null

),

clock as (

    {{ score_clock(today(), has_history=false) }}

),

days as (

    select distinct org_id, lead_id, (occurred_at at time zone 'UTC')::date as scored_on
    from signals
    where
        {% if start %}
        (occurred_at at time zone 'UTC')::date between date '{{ start }}' and date '{{ end }}'
        {% else %}
        false
        {% endif %}

),

asks as (

    select
        days.*, {{ as_of('days.scored_on') }} as as_of,
        clock.rules_version,
        clock.quiet_days,
        clock.quiet_share
    from days
    cross join clock

),

{{ score_states('signals', fact_time='now()') }},

scored as (

    {{ scored_states('states') }}

),

banded as (

    {{ banded_scores('scored') }}

)

select
    org_id,
    lead_id,
    scored_on,
    as_of,
    now() as restated_at,
    rules_version,
    rules_score,
    lead_score,
    grade,
    priority_tier,
    intent_tier,
    engagement_points,
    engagement_stage,
    event_count,
    last_event_at
from banded
