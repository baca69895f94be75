{{ config(indexes=[{'columns': ['org_id', 'contact_id'], 'unique': true}]) }}

with contacts as (

    select * from {{ ref('int_contacts_current') }}

),

companies as (

    select * from {{ ref('int_records_current') }}

),

-- A domain that two leads share (a franchise, a web host) tells nothing about which of them employs the person.
domain_owners as (

    select
        org_id,
        domain,
        (array_agg(lead_id))[1] as lead_id
    from {{ ref('int_lead_domains') }}
    group by org_id, domain
    having count(*) = 1

),

-- A key is the provider's own, or another provider's as provider:key.
evidence as (

    select
        contacts.org_id,
        contacts.lead_id as contact_id,
        companies.lead_id,
        1 as priority,
        'company_key' as matched_by
    from contacts
    cross join lateral (values
        (contacts.provider, contacts.company_key),
        (split_part(contacts.company_key, ':', 1), regexp_replace(contacts.company_key, '^[^:]*:', ''))
    ) as claim (provider, provider_key)
    inner join companies
        on contacts.org_id = companies.org_id
        and claim.provider = companies.provider
        and claim.provider_key = companies.provider_key

    union all

    select
        contacts.org_id,
        contacts.lead_id as contact_id,
        owners.lead_id,
        claim.priority,
        claim.matched_by
    from contacts
    cross join lateral (values
        (2, 'company_domain', contacts.company_domain),
        (3, 'email_domain', contacts.email_domain)
    ) as claim (priority, matched_by, domain)
    inner join domain_owners as owners on contacts.org_id = owners.org_id and claim.domain = owners.domain

),

-- The best kind of evidence wins; within a kind, the company that most of the person's records name.
best as (

    select distinct on (org_id, contact_id) *
    from (
        select org_id, contact_id, lead_id, priority, matched_by, count(*) as records
        from evidence
        group by org_id, contact_id, lead_id, priority, matched_by
    ) as counted
    order by org_id, contact_id, priority, records desc, lead_id

),

assigned as (

    select
        people.org_id,
        people.contact_id,
        coalesce(best.lead_id, people.contact_id) as lead_id,
        case when best.lead_id is null then 'person' else 'company' end as lead_kind,
        coalesce(best.matched_by, 'no_company') as matched_by
    from (select distinct org_id, lead_id as contact_id from contacts) as people
    left join best using (org_id, contact_id)

)

select * from assigned
