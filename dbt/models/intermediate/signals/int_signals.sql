{{ config(indexes=[
    {'columns': ['org_id', 'event_id', 'signal_type'], 'unique': true},
    {'columns': ['org_id', 'lead_id']},
    {'columns': ['received_at']},
]) }}

with events as (

    select * from {{ ref('int_events_leads') }}
    where lead_id is not null

),

named as (

    select
        *,
        case
            when event_type = 'page_view' then 'website_visit'
            when event_type = 'signup' then 'free_trial_signup'
            when event_type = 'pricing_view' then 'pricing_page'
            when event_type = 'quote_request' then 'quote_requested'
            when event_type = 'crm_stage_change' then 'crm_stage_' || (properties ->> 'result')
            when event_type = 'meeting' then 'meeting_' || (properties ->> 'result')
            else event_type
        end as signal_type
    from events

),

signals as (

    select
        named.org_id,
        named.lead_id,
        named.identity_email as contact_key,
        named.event_id,
        types.signal_type,
        named.occurred_at,
        named.received_at
    from named
    inner join {{ ref('signal_types') }} as types using (signal_type)

)

select * from signals
