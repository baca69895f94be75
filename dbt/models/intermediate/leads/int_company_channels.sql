{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with emails as (

    select
        org_id,
        lead_id,
        {{ email_list() }} as emails
    from {{ ref('int_lead_emails') }} as emails
    inner join {{ ref('int_company_survivors') }} as survivors using (org_id, lead_id)
    group by lead_id, org_id

),

phones as (

    select
        org_id,
        lead_id,
        {{ phone_list() }} as phones
    from {{ ref('int_lead_phones') }} as phones
    inner join {{ ref('int_company_survivors') }} as survivors using (org_id, lead_id)
    group by lead_id, org_id

),

-- The surviving website's domain leads; without a website, the domain with the best evidence.
ranked_domains as (

    select
        domains.*,
        row_number() over (
            partition by lead_id, org_id
            order by
                domains.domain is not distinct from survivors.domain desc,
                domains.is_verified desc,
                domains.provider_count desc,
                domains.domain
        ) as rank
    from {{ ref('int_lead_domains') }} as domains
    inner join {{ ref('int_company_survivors') }} as survivors using (org_id, lead_id)

),

domains as (

    select
        org_id,
        lead_id,
        array_agg(domain order by rank) as domains,
        bool_or(is_verified) filter (where rank = 1) as is_domain_verified,
        bool_or(is_verified and has_email) filter (where rank = 1) as has_email_at_domain
    from ranked_domains
    group by lead_id, org_id

),

joined as (

    select
        org_id,
        lead_id,
        emails.emails,
        phones.phones,
        domains.domains,
        coalesce(domains.is_domain_verified, false) as is_domain_verified,
        coalesce(domains.has_email_at_domain, false) as has_email_at_domain
    from {{ ref('int_company_survivors') }}
    left join emails using (org_id, lead_id)
    left join phones using (org_id, lead_id)
    left join domains using (org_id, lead_id)

)

select * from joined
