{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['org_id', 'event_id'],
    on_schema_change='fail',
    indexes=[
        {'columns': ['org_id', 'event_id', 'signal_type'], 'unique': true},
        {'columns': ['org_id', 'visitor_id', 'signal_type', 'window_start']},
        {'columns': ['loaded_at']},
    ],
    post_hook="{{ create_arriving_signals() }}",
) }}

with events as (

    select * from {{ ref('int_events') }}
    {% if is_incremental() %}
    where loaded_at > (select coalesce(max(loaded_at), '-infinity') from {{ this }})
    {% endif %}

),

detected as (

    {{ detected_signals('events') }}

),

windowed as (

    select
        org_id,
        event_id,
        detected.signal_type,
        events.visitor_id,
        events.occurred_at,
        events.received_at,
        {{ window_start('events.occurred_at', 'types.dedup_minutes') }} as window_start,
        events.loaded_at
    from events
    inner join detected using (org_id, event_id)
    inner join {{ ref('signal_types') }} as types on detected.signal_type = types.signal_type

)

select * from windowed
