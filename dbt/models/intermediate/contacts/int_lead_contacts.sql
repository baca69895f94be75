{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with contacts as (

    select
        org_id,
        assignments.lead_id,
        contact_id,
        golden.full_name,
        golden.title,
        golden.seniority,
        golden.email,
        coalesce(golden.phone, golden.mobile) as phone,
        golden.phone_type = 'direct' or golden.mobile is not null as has_direct_phone,
        golden.consent = 'denied' or golden.is_suppressed as is_silent
    from {{ ref('int_contact_golden') }} as golden
    inner join {{ ref('int_contact_lead') }} as assignments using (org_id, contact_id)

),

-- The best contact has not asked for silence, can be reached, and decides.
ranked as (

    select
        contacts.*,
        row_number() over (
            partition by org_id, lead_id
            order by
                contacts.is_silent,
                contacts.email is null and contacts.phone is null,
                seniorities.rank nulls last,
                contacts.email is null,
                contact_id
        ) as rank,
        count(*) over (partition by org_id, lead_id) as contact_count
    from contacts
    left join {{ ref('contact_seniorities') }} as seniorities on contacts.seniority = seniorities.seniority

),

best as (

    select
        org_id,
        lead_id,
        contact_count,
        case when not is_silent then contact_id end as best_contact_id,
        case when not is_silent then full_name end as best_contact_name,
        case when not is_silent then title end as best_contact_title,
        case when not is_silent then seniority end as best_contact_seniority,
        case when not is_silent then email end as best_contact_email,
        case when not is_silent then phone end as best_contact_phone,
        not is_silent and coalesce(has_direct_phone, false) as has_direct_phone
    from ranked
    where rank = 1

)

select * from best
