{{ config(indexes=[{'columns': ['org_id', 'domain']}]) }}

with records as (

    select * from {{ ref('int_records_current') }}

),

-- A provider names a domain by the website it gives, or by an e-mail address at it.
mentions as (

    select
        org_id,
        lead_id,
        provider,
        domain,
        domain = email_domain as has_email,
        domain = email_domain and email_verified as has_verified_email
    from records
    where domain is not null

    union all

    select
        org_id,
        lead_id,
        provider,
        email_domain as domain,
        true as has_email,
        email_verified as has_verified_email
    from records
    where email_domain is not null and email_domain is distinct from domain

),

counted as (

    select
        org_id,
        lead_id,
        domain,
        count(distinct provider) as provider_count,
        coalesce(bool_or(has_email), false) as has_email,
        coalesce(bool_or(has_verified_email), false) as has_verified_email
    from mentions
    group by lead_id, org_id, domain

),

verified as (

    select
        *,
        provider_count >= 2 or has_verified_email as is_verified
    from counted

)

select * from verified
