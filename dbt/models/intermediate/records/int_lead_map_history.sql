{{ config(materialized='view') }}

with lead_map as (

    select * from {{ ref('stg_lake__lead_map') }}

),

periods as (

    select
        org_id,
        kind,
        record_id,
        lead_id,
        matched_by,
        valid_from,
        lead(valid_from) over record_by_time as valid_to,
        lag(lead_id) over record_by_time as previous_lead_id
    from lead_map
    window record_by_time as (partition by record_id, org_id, kind order by valid_from)

),

told as (

    select
        periods.*,
        case
            when periods.previous_lead_id is null then 'new'
            when exists (
                select 1
                from {{ ref('stg_lake__lead_aliases') }} as aliases
                where
                    aliases.org_id = periods.org_id
                    and aliases.kind = periods.kind
                    and aliases.alias_id = periods.previous_lead_id
                    and aliases.lead_id = periods.lead_id
                    and aliases.valid_from = periods.valid_from
            ) then 'merged'
            else 'parted'
        end as change
    from periods

)

select * from told
