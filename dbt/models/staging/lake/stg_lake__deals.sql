with versions as (

    select * from {{ ref('stg_lake__deal_versions') }}

),

latest as (

    -- The CRM sends a deal each time it changes: the latest version is the deal.
    select distinct on (org_id, deal_id) *
    from versions
    order by org_id, deal_id, received_at desc, partition_date desc, source

)

select * from latest
