{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}
{% set filled = {
    'name': 'golden.full_name is not null',
    'title': 'golden.title is not null',
    'email': 'golden.email is not null',
    'phone': 'coalesce(golden.phone, golden.mobile) is not null',
    'linkedin': 'golden.linkedin is not null',
    'company': "assignments.lead_kind = 'company'",
} %}

with golden as (

    select * from {{ ref('int_contact_golden') }}

),

assignments as (

    select * from {{ ref('int_contact_lead') }}

),

scores as (

    select * from {{ ref('int_lead_scores') }}

),

weights as (

    {{ data_quality_weights('contact', filled) }}

),

joined as (

    select
        golden.org_id,
        golden.contact_id,
        assignments.lead_id,
        assignments.lead_kind,
        assignments.matched_by,
        golden.full_name,
        golden.first_name,
        golden.last_name,
        golden.title,
        golden.seniority,
        golden.company_name,
        golden.email,
        golden.email_type,
        golden.emails,
        golden.phone,
        golden.phone_type,
        golden.mobile,
        golden.phones,
        golden.linkedin,
        golden.address_line1,
        golden.address_line2,
        golden.city,
        golden.region,
        golden.postal,
        golden.country,
        golden.consent,
        golden.is_suppressed,
        scores.lead_score,
        scores.grade,
        {{ data_quality_score(filled) }} as data_quality_score,
        -- Enrichment has not been built: nobody has asked for any contact.
        'not_requested' as enrichment_status,
        null::timestamptz as last_enriched_at,
        golden.provenance,
        golden.record_count,
        golden.source_count,
        golden.first_seen_at as created_at,
        golden.updated_at
    from golden
    inner join assignments on golden.org_id = assignments.org_id and golden.contact_id = assignments.contact_id
    inner join scores on assignments.org_id = scores.org_id and assignments.lead_id = scores.lead_id
    cross join weights

)

select * from joined
