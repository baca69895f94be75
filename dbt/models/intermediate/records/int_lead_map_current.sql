{{ config(indexes=[{'columns': ['org_id', 'kind', 'record_id'], 'unique': true}]) }}

with lead_map as (

    select * from {{ ref('stg_lake__lead_map') }}

),

latest as (

    select distinct on (org_id, kind, record_id)
        org_id,
        kind,
        record_id,
        lead_id,
        matched_by,
        valid_from,
        lag(lead_id) over (partition by org_id, kind, record_id order by valid_from) as previous_lead_id
    from lead_map
    order by org_id, kind, record_id, valid_from desc

)

select * from latest
