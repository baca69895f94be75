{{ config(materialized='view') }}

with weights as (

    select
        max(weight) filter (where component = 'completeness') as completeness,
        max(weight) filter (where component = 'accuracy') as accuracy,
        max(weight) filter (where component = 'freshness') as freshness
    from {{ ref('data_quality_components') }}

),

evidence as (

    select * from {{ ref('int_field_evidence') }}

),

judged as (

    select
        *,
        case
            when not is_filled then 'missing'
            when is_verified then 'verified'
            when field = 'phone' and confidence >= {{ validated_phone() }} then 'valid'
            when is_agreed then 'agreed'
            else 'claimed'
        end as evidence
    from evidence

),

measured as (

    select
        org_id,
        entity,
        entity_id,
        field,
        evidence,
        confidence,
        fetched_at,
        is_filled::int::numeric(5, 4) as completeness,
        case evidence
            when 'missing' then 0
            when 'claimed' then coalesce(confidence, 0)
            else 1
        end::numeric(5, 4) as accuracy,
        case when is_filled then {{ freshness('fetched_at') }} else 0 end::numeric(5, 4) as freshness
    from judged

),

scored as (

    select
        measured.*,
        (
            measured.completeness * weights.completeness
            + measured.accuracy * weights.accuracy
            + measured.freshness * weights.freshness
        )::numeric(5, 4) as score
    from measured
    cross join weights

)

select * from scored
