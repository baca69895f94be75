with lead_map as (

    select * from {{ ref('stg_lake__lead_map') }}

),

latest as (

    -- The id comes first because it alone decides nearly every comparison of the sort.
    select distinct on (record_id, org_id, kind)
        org_id,
        kind,
        record_id,
        lead_id,
        matched_by,
        valid_from,
        lag(lead_id) over (partition by record_id, org_id, kind order by valid_from) as previous_lead_id
    from lead_map
    order by record_id, org_id, kind, valid_from desc

)

select * from latest
