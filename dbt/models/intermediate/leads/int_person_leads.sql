{{ config(materialized='ephemeral') }}

with contacts as (

    select * from {{ ref('int_contact_golden') }}

),

assignments as (

    select * from {{ ref('int_contact_lead') }}

),

people as (

    select
        contacts.org_id,
        contacts.contact_id as lead_id,
        'person' as lead_kind,
        coalesce(contacts.full_name, contacts.email) as name,
        contacts.full_name as legal_name,
        'other' as vertical,
        coalesce(contacts.phone, contacts.mobile) as phone,
        case when contacts.phone is null and contacts.mobile is not null then 'mobile' else contacts.phone_type end
            as phone_type,
        {% for column in [
            'email', 'emails', 'phones', 'address_line1', 'address_line2', 'city', 'region', 'postal', 'country',
            'linkedin', 'provenance', 'record_count', 'source_count', 'first_seen_at', 'updated_at', 'mapped_at',
        ] -%}
        contacts.{{ column }},
        {% endfor -%}
        -- What only a company has.
        false as is_domain_verified,
        false as has_email_at_domain,
        {% for column in ['alt_names', 'jurisdictions', 'domains', 'tech_signals', 'tags'] -%}
        '{}'::text[] as {{ column }},
        {% endfor -%}
        {% for column in [
            'registration_id', 'brand', 'category', 'website', 'domain', 'twitter', 'facebook', 'instagram',
            'employees_range', 'revenue_range', 'business_status',
        ] -%}
        null::text as {{ column }},
        {% endfor -%}
        {% for column in ['lat', 'lon', 'rating'] -%}
        null::double precision as {{ column }},
        {% endfor -%}
        null::bigint as founded_year,
        null::bigint as review_count,
        null::timestamptz as last_reviewed_at,
        null::jsonb as hours
    from contacts
    inner join assignments using (org_id, contact_id)
    where assignments.lead_kind = 'person'

)

select {{ golden_columns() | join(', ') }} from people
