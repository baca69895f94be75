{{ config(indexes=[{'columns': ['org_id', 'entity_id', 'entity'], 'unique': true}]) }}

with fields as (

    select * from {{ ref('int_data_quality_fields') }}

),

scored as (

    select
        org_id,
        entity,
        entity_id,
        avg(completeness)::numeric(4, 3) as completeness,
        avg(accuracy)::numeric(4, 3) as accuracy,
        avg(freshness)::numeric(4, 3) as freshness,
        avg(score)::numeric(4, 3) as data_quality_score,
        -- Changes when a field comes, goes or is proven otherwise, not when it ages. A sum needs no order, and so no sort.
        sum(hashtextextended(concat_ws(' ', field, evidence, accuracy), 0))::text as evidence_hash
    from fields
    group by entity_id, org_id, entity

)

select * from scored
