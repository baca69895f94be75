-- A record without a lead would vanish from every mart. Resolution maps each record it is given, alone if need be.
with versions as (

    select org_id, record_id, 'business' as kind from {{ ref('stg_lake__records') }}
    union
    select org_id, record_id, 'person' from {{ ref('stg_lake__contacts') }}

)

select * from versions
except
select org_id, record_id, kind from {{ ref('int_lead_map_current') }}
