{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['org_id', 'lead_id', 'signal_type', 'window_start'],
    on_schema_change='fail',
    indexes=[
        {'columns': ['org_id', 'lead_id', 'signal_type', 'window_start'], 'unique': true},
        {'columns': ['org_id', 'event_id', 'signal_type'], 'unique': true},
        {'columns': ['org_id', 'visitor_id']},
        {'columns': ['built_at']},
        {'columns': ['received_at']},
    ],
    pre_hook="{{ drop_moved_signals() }}",
) }}

with signals as (

    select * from {{ ref('int_event_signals') }}

),

visitors as (

    select * from {{ ref('int_visitor_leads') }}

),

-- The windows in which anything may have changed: those of new events, and for visitors that belong elsewhere now all
-- of theirs, where they are and where they were.
{% if is_incremental() -%}
built as (

    select coalesce(max(built_at), '-infinity') as until from {{ this }}

),

touched as (

    select org_id, visitors.lead_id, signals.signal_type, signals.window_start
    from signals
    inner join visitors using (org_id, visitor_id)
    where signals.loaded_at > (select until from built) and visitors.lead_id is not null
    union
    select org_id, sides.lead_id, signals.signal_type, signals.window_start
    from visitors
    inner join signals using (org_id, visitor_id)
    cross join lateral (values (visitors.lead_id), (visitors.previous_lead_id)) as sides (lead_id)
    where visitors.attached_at > (select until from built) and sides.lead_id is not null

),
{%- endif %}

attached as (

    select
        org_id,
        visitors.lead_id,
        visitors.contact_id::text as contact_key,
        visitor_id,
        signals.event_id,
        signals.signal_type,
        signals.occurred_at,
        signals.received_at,
        signals.window_start
    from {{ 'touched' if is_incremental() else 'signals' }}
    {% if is_incremental() %}
    inner join visitors using (org_id, lead_id)
    inner join signals using (org_id, visitor_id, signal_type, window_start)
    {% else %}
    inner join visitors using (org_id, visitor_id)
    where visitors.lead_id is not null
    {% endif %}

),

-- What was received on an earlier day stands, whatever comes later about the same window: the past does not change.
-- Within a day the order of arrival decides nothing.
firsts as (

    select distinct on (org_id, lead_id, signal_type, window_start)
        *,
        {{ read_at() }} as built_at
    from attached
    order by
        org_id, lead_id, signal_type, window_start,
        date_trunc('day', received_at, 'UTC'), occurred_at, event_id

)

select * from firsts
