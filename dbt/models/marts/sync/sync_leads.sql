with leads as (

    select * from {{ ref('dim_lead') }}

),

-- A suppressed domain takes every lead that is known by it out of the sync, not only those with it as main domain.
suppressed_leads as (

    select distinct
        org_id,
        lead_id
    from {{ ref('int_lead_domains') }}
    where {{ is_suppressed('org_id', 'domain', 'domain') }}

),

permitted as (

    select
        leads.*,
        -- A suppressed value is blanked, not replaced: they asked for silence, not for a better channel.
        case when not {{ is_suppressed('leads.org_id', 'email', 'leads.email') }} then leads.email end as sync_email,
        case when not {{ is_suppressed('leads.org_id', 'phone', 'leads.phone') }} then leads.phone end as sync_phone
    from leads
    where
        not exists (
            select from suppressed_leads as suppressed
            where suppressed.org_id = leads.org_id and suppressed.lead_id = leads.lead_id
        )
        -- It lacks what its vertical requires, is not what its campaign wants, or has closed: dim_lead says which.
        and not leads.is_held_back
        -- A person who is their own lead and asked for silence has no best contact, so nothing is left to sync.
        and (leads.lead_kind = 'company' or leads.best_contact_id is not null)

),

shaped as (

    select
        org_id,
        lead_id,
        name,
        vertical,
        website,
        domain,
        sync_email as email,
        sync_phone as phone,
        address_line1,
        city,
        region,
        postal,
        country,
        employees_range,
        rating,
        review_count,
        lead_score,
        grade,
        priority_tier,
        score_reasons,
        best_contact_name as contact_name,
        best_contact_title as contact_title,
        best_contact_email as contact_email,
        best_contact_phone as contact_phone,
        source_count,
        left(provenance::text, 32000) as provenance,
        updated_at,
        named.destinations
    from permitted
    left join {{ ref('int_lead_destinations') }} as named using (org_id, lead_id)

),

-- What a CRM should hear of. Times, evidence and counts that drift daily are left out; the score counts in steps of 5.
fingerprinted as (

    select
        *,
        md5(row(
            name, vertical, website, domain, email, phone, address_line1, city, region, postal, country,
            employees_range, round(rating::numeric, 1), round(lead_score / 5), grade, priority_tier,
            contact_name, contact_title, contact_email, contact_phone
        )::text) as fingerprint
    from shaped

)

select * from fingerprinted
