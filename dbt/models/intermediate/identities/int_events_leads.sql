{{ config(materialized='view') }}

with events as (

    select * from {{ ref('int_events') }}

),

resolved as (

    select
        events.*,
        visitors.lead_id,
        visitors.contact_id
    from events
    left join {{ ref('int_visitor_leads') }} as visitors using (org_id, visitor_id)

)

select * from resolved
