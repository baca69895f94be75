{{ config(materialized='view') }}

with survivors as (

    select * from {{ ref('int_company_survivors') }}

),

channels as (

    select * from {{ ref('int_company_channels') }}

),

labels as (

    select * from {{ ref('int_lead_labels') }}

),

companies as (

    select
        org_id,
        lead_id,
        'company' as lead_kind,
        coalesce(survivors.brand, survivors.name, survivors.domain, channels.domains[1]) as name,
        survivors.name as legal_name,
        coalesce(array_remove(labels.names, survivors.name), '{}') as alt_names,
        survivors.registration_id,
        coalesce(labels.jurisdictions, '{}') as jurisdictions,
        survivors.brand,
        coalesce(survivors.vertical, 'other') as vertical,
        survivors.category,
        survivors.website,
        channels.domains[1] as domain,
        channels.is_domain_verified,
        channels.has_email_at_domain,
        coalesce(channels.domains, '{}') as domains,
        survivors.email,
        coalesce(channels.emails, '[]') as emails,
        survivors.phone,
        survivors.phone_type,
        coalesce(channels.phones, '[]') as phones,
        {% for column in [
            'address_line1', 'address_line2', 'city', 'region', 'postal', 'country', 'lat', 'lon', 'linkedin', 'twitter',
            'facebook', 'instagram', 'employees_range', 'revenue_range', 'founded_year', 'review_count', 'rating',
            'last_reviewed_at', 'hours',
        ] -%}
        survivors.{{ column }},
        {% endfor -%}
        survivors.status as business_status,
        coalesce(labels.tech_signals, '{}') as tech_signals,
        coalesce(labels.tags, '{}') as tags,
        coalesce(survivors.provenance, '[]') as provenance,
        survivors.record_count,
        survivors.source_count,
        survivors.first_seen_at,
        survivors.updated_at,
        survivors.mapped_at
    from survivors
    left join channels using (org_id, lead_id)
    left join labels using (org_id, lead_id)

),

people as (

    select * from {{ ref('int_person_leads') }}

)

select {{ golden_columns() | join(', ') }} from companies
union all
select {{ golden_columns() | join(', ') }} from people
