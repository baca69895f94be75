{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['org_id', 'visitor_id'],
    on_schema_change='fail',
    indexes=[
        {'columns': ['org_id', 'visitor_id'], 'unique': true},
        {'columns': ['org_id', 'lead_id']},
        {'columns': ['attached_at']},
    ],
) }}

-- An address that two contacts share names neither.
with contact_emails as (

    select
        org_id,
        email as identity_email,
        (array_agg(lead_id))[1] as contact_id
    from {{ ref('int_contact_emails') }}
    group by org_id, email
    having count(distinct lead_id) = 1

),

found as (

    {{ with_lead(ref('int_event_visitors')) }}

),

resolved as (

    select
        org_id,
        visitor_id,
        found.lead_id,
        case when contacts.lead_id = found.lead_id then contact_emails.contact_id end as contact_id
    from found
    left join contact_emails using (org_id, identity_email)
    left join {{ ref('int_contact_lead') }} as contacts using (org_id, contact_id)

),

known as (

    select org_id, visitor_id, lead_id, contact_id
    from {{ this if is_incremental() else 'resolved' }}
    {{ '' if is_incremental() else 'where false' }}

),

-- Whoever belongs elsewhere now (a lead came, merged or split) is written anew, with where they came from.
moved as (

    select
        org_id,
        visitor_id,
        resolved.lead_id,
        resolved.contact_id,
        known.lead_id as previous_lead_id,
        {{ read_at() }} as attached_at
    from resolved
    left join known using (org_id, visitor_id)
    where known.visitor_id is null
        or resolved.lead_id is distinct from known.lead_id
        or resolved.contact_id is distinct from known.contact_id

)

select * from moved
