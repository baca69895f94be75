{{ config(
    materialized='incremental',
    incremental_strategy='microbatch',
    event_time='scored_on',
    batch_size='day',
    begin=history_begins(),
    lookback=1,
    concurrent_batches=false,
    full_refresh=false,
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['scored_on', 'as_of']}, {'columns': ['check_on']}],
) }}
{% set day = score_day() %}

with clock as (

    {{ score_clock(day) }}

),

{{ leads_to_score(day) }},

{{ score_states(unfiltered(ref('int_signal_leads'))) }},

scored as (

    {{ scored_states('states') }}

),

banded as (

    {{ banded_scores('scored') }}

),

previous as (

    select banded.org_id, banded.lead_id, latest.*
    from banded
    cross join lateral (
        {% if is_incremental() %}
        select history.lead_score as previous_score, history.engagement_stage as previous_stage
        from {{ this }} as history
        where
            history.org_id = banded.org_id
            and history.lead_id = banded.lead_id
            and history.scored_on < {{ day }}
        order by history.scored_on desc
        limit 1
        {% else %}
        select null::numeric as previous_score, null::text as previous_stage
        {% endif %}
    ) as latest

),

dated as (

    select
        banded.*,
        previous.previous_score,
        (banded.lead_score - previous.previous_score)::numeric(6, 2) as score_change,
        previous.previous_stage,
        {{ day }} as scored_on,
        {{ next_check(day) }} as check_on
    from banded
    left join previous using (org_id, lead_id)

)

select {{ history_columns() | join(', ') }} from dated
