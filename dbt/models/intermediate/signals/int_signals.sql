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

with signals as not materialized (

    select * from {{ ref('int_event_signals') }}

),

visitors as not materialized (

    select * from {{ ref('int_visitor_leads') }}

),

{{ touched_windows() if is_incremental() }}

attached as (

    select
        visitors.org_id,
        visitors.lead_id,
        visitors.contact_id::text as contact_key,
        visitors.visitor_id,
        signals.event_id,
        signals.signal_type,
        signals.occurred_at,
        signals.received_at,
        signals.window_start,
        {{ 'known.event_id is not null' if is_incremental() else 'false' }} as is_counted
    from visitors
    inner join signals using (org_id, visitor_id)
    {% if is_incremental() %}
    inner join touched
        on visitors.org_id = touched.org_id and visitors.lead_id = touched.lead_id
        and signals.signal_type = touched.signal_type and signals.window_start = touched.window_start
    left join {{ this }} as known
        on signals.org_id = known.org_id and signals.event_id = known.event_id
        and signals.signal_type = known.signal_type and visitors.lead_id = known.lead_id
    {% endif %}
    where visitors.lead_id is not null

),

-- What a build has counted stands, and so does what was received on an earlier day, whatever comes later about the same
-- window: the past does not change. Within a day the order of arrival decides nothing.
firsts as (

    select distinct on (org_id, lead_id, signal_type, window_start)
        org_id,
        lead_id,
        contact_key,
        visitor_id,
        event_id,
        signal_type,
        occurred_at,
        received_at,
        window_start,
        {{ read_at() }} as built_at
    from attached
    order by
        org_id, lead_id, signal_type, window_start,
        is_counted desc, date_trunc('day', received_at, 'UTC'), occurred_at, event_id

)

select * from firsts
