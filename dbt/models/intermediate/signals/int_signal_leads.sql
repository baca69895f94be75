{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['org_id', 'event_id', 'signal_type', 'lead_id', 'known_at'],
    unlogged=false,
    full_refresh=false,
    event_time='known_at',
    indexes=[
        {'columns': ['org_id', 'event_id', 'signal_type']},
        {'columns': ['org_id', 'lead_id']},
        {'columns': ['known_at']},
    ],
) }}
{% set columns = ['org_id', 'event_id', 'signal_type', 'occurred_at', 'received_at'] | join(', ') %}

-- Nothing is known of a lead before its first facts; a signal that finds it later does so when its latest became known.
with leads as (

    select
        observed.org_id,
        observed.lead_id,
        observed.valid_from as latest_at,
        (
            select min(history.valid_from) from {{ ref('lead_facts_history') }} as history
            where history.org_id = observed.org_id and history.lead_id = observed.lead_id
        ) as first_at
    from {{ ref('int_lead_facts_observed') }} as observed

),

{% if is_incremental() %}
loaded as (

    select least(max(known_at), now()) as at from {{ this }}

),

-- Two days are enough for what is received between two builds; else only a lead that changed can gain a signal.
signals as (

    select signals.* from {{ ref('int_signals') }} as signals
    where received_at >= (select at - interval '2 days' from loaded)
    union
    select signals.* from {{ ref('int_signals') }} as signals
    inner join leads using (org_id, lead_id)
    where leads.latest_at >= (select at - interval '2 days' from loaded)

),

moved as (

    select
        signals.*,
        known.lead_id as former_lead_id,
        known.known_at as formerly_known_at,
        known.lead_id is not null or signals.received_at < (select at from loaded) as is_late
    from signals
    left join {{ this }} as known
        on signals.org_id = known.org_id and signals.event_id = known.event_id
        and signals.signal_type = known.signal_type and known.lost_at is null
    where signals.lead_id is distinct from known.lead_id

),
{% else %}
moved as (

    select *, null::uuid as former_lead_id, null::timestamptz as formerly_known_at, false as is_late
    from {{ ref('int_signals') }}

),
{% endif %}

timed as (

    select
        moved.*,
        greatest(received_at, occurred_at, leads.first_at, case when is_late then leads.latest_at end) as known_at
    from moved
    inner join leads using (org_id, lead_id)

)

select {{ columns }}, lead_id, former_lead_id, known_at, null::timestamptz as lost_at from timed
union all
select {{ columns }}, former_lead_id, null, formerly_known_at, known_at from timed
where former_lead_id is not null
