{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['org_id', 'entity', 'entity_id', 'valid_on'],
    on_schema_change='fail',
) }}

with measured as (

    select *, {{ today() }} as valid_on
    from {{ ref('int_data_quality') }}

),

known as (

    {% if is_incremental() %}
    select distinct on (entity_id, org_id, entity) *
    from {{ this }}
    order by entity_id, org_id, entity, valid_on desc
    {% else %}
    select *, null::numeric as previous_score
    from measured
    where false
    {% endif %}

),

changed as (

    select
        org_id,
        entity,
        entity_id,
        measured.valid_on,
        measured.data_quality_score,
        measured.completeness,
        measured.accuracy,
        measured.freshness,
        -- A second change on a day restates the day, against the day before.
        case
            when known.valid_on < measured.valid_on then known.data_quality_score
            else known.previous_score
        end::numeric(4, 3) as previous_score,
        measured.evidence_hash
    from measured
    left join known using (org_id, entity, entity_id)
    -- Age alone lowers every score a little each day: it is told in steps of .05, so at most every 15 days.
    where
        known.entity_id is null
        or (
            measured.evidence_hash <> known.evidence_hash
            and round(measured.data_quality_score, 2) <> round(known.data_quality_score, 2)
        )
        or abs(measured.data_quality_score - known.data_quality_score) >= 0.05

)

select * from changed
