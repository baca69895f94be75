-- A record without a lead would vanish from every mart. Resolution maps each record it is given, alone if need be; an
-- answer of enrichment needs none, it is with the lead that asked.
with versions as (

    select org_id, record_id, 'business' as kind from {{ ref('stg_lake__records') }}
    where not {{ is_enrichment('source') }}
    union
    select org_id, record_id, 'person' from {{ ref('stg_lake__contacts') }}
    where not {{ is_enrichment('source') }}

)

select * from versions
except
select org_id, record_id, kind from {{ ref('int_lead_map_current') }}
