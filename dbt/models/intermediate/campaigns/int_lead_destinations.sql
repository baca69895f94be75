{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

with leads as (

    select * from {{ ref('int_lead_campaigns') }}

),

-- A file names no destination, so what also came in one goes everywhere.
in_files as (

    select distinct
        org_id,
        lead_id
    from {{ ref('int_record_leads') }}
    where strpos(source, '.') = 0

),

named as (

    select
        leads.org_id,
        leads.lead_id,
        -- A campaign whose file is gone sends nothing anywhere any more.
        campaigns.destinations,
        coalesce(cardinality(campaigns.destinations), 0) = 0 and campaigns.campaign_id is not null as is_everywhere
    from leads
    left join {{ ref('stg_lake__campaigns') }} as campaigns using (org_id, campaign_id)
    left join in_files using (org_id, lead_id)
    where in_files.lead_id is null

),

gathered as (

    select
        named.org_id,
        named.lead_id,
        coalesce(
            array_agg(distinct destination order by destination) filter (where destination is not null), '{}'
        ) as destinations
    from named
    left join lateral unnest(named.destinations) as destination on true
    group by named.lead_id, named.org_id
    having not bool_or(named.is_everywhere)

)

select * from gathered
