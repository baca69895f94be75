{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with events as (

    select org_id, lead_id, count(*) as event_count, max(occurred_at) as last_event_at
    from {{ ref('int_events_leads') }}
    -- Deals, activities and outcomes are counted below; what others say of a lead is not its doing.
    where lead_id is not null and origin = 'received'
    group by org_id, lead_id

),

deals as (

    select org_id, lead_id, count(*) filter (where is_open) as open_deal_count, count(*) as deal_count
    from {{ ref('int_deals_leads') }}
    where lead_id is not null
    group by org_id, lead_id

),

activities as (

    select org_id, lead_id, count(*) as activity_count, max(occurred_at) as last_activity_at
    from {{ ref('int_activities_leads') }}
    where lead_id is not null
    group by org_id, lead_id

),

outcomes as (

    select distinct on (org_id, lead_id) org_id, lead_id, outcome as last_outcome, occurred_at as last_outcome_at
    from {{ ref('int_outcomes_leads') }}
    where lead_id is not null
    order by org_id, lead_id, occurred_at desc, outcome_id

),

joined as (

    select
        org_id,
        lead_id,
        coalesce(events.event_count, 0) as event_count,
        events.last_event_at,
        coalesce(deals.deal_count, 0) as deal_count,
        coalesce(deals.open_deal_count, 0) as open_deal_count,
        coalesce(activities.activity_count, 0) as activity_count,
        activities.last_activity_at,
        outcomes.last_outcome,
        outcomes.last_outcome_at
    from events
    full join deals using (org_id, lead_id)
    full join activities using (org_id, lead_id)
    full join outcomes using (org_id, lead_id)

)

select * from joined
