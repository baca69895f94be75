{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

with golden as (

    select * from {{ ref('int_contact_golden') }}

),

assignments as (

    select * from {{ ref('int_contact_lead') }}

),

scores as (

    select * from {{ ref('int_lead_scores') }}

),

quality as (

    select *, entity_id as contact_id from {{ ref('int_data_quality') }}
    where entity = 'contact'

),

enrichment as (

    select *, subject_id as contact_id from {{ ref('int_enrichment_subjects') }}

),

joined as (

    select
        golden.org_id,
        contact_id,
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
        quality.data_quality_score,
        quality.completeness,
        quality.accuracy,
        quality.freshness,
        coalesce(enrichment.enrichment_status, 'not_requested') as enrichment_status,
        enrichment.last_enriched_at,
        golden.provenance,
        golden.record_count,
        golden.source_count,
        golden.first_seen_at as created_at,
        golden.updated_at
    from golden
    inner join assignments using (org_id, contact_id)
    inner join quality using (org_id, contact_id)
    left join enrichment using (org_id, contact_id)
    inner join scores on golden.org_id = scores.org_id and assignments.lead_id = scores.lead_id

)

select * from joined
