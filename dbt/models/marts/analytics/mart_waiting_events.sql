with events as (

    select * from {{ ref('int_events_leads') }}

),

-- Others' news of a record that is no lead any more is not waited for.
waiting as (

    select
        org_id,
        source,
        event_type,
        count(*) as event_count,
        count(distinct visitor_id) as visitor_count,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at
    from events
    where lead_id is null and origin <> 'third_party'
    group by org_id, source, event_type

)

select * from waiting
