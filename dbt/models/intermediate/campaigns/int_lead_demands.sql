{{ config(materialized='view') }}

with companies as (

    select org_id, lead_id, vertical
    from {{ ref('int_lead_golden') }}
    where lead_kind = 'company'

),

verticals as (

    select * from {{ ref('stg_lake__verticals') }}

),

by_campaign as (

    select
        companies.org_id,
        companies.lead_id,
        campaigns.campaign_id,
        verticals.vertical,
        coalesce(verticals.required_fields, '{}') as required_fields,
        verticals.scoring_profile,
        campaigns.min_rating,
        campaigns.min_review_count,
        campaigns.employees_min,
        campaigns.employees_max,
        campaigns.tech
    from companies
    inner join {{ ref('int_lead_campaigns') }} using (org_id, lead_id)
    inner join {{ ref('stg_lake__campaigns') }} as campaigns using (org_id, campaign_id)
    left join verticals on campaigns.org_id = verticals.org_id and campaigns.vertical = verticals.vertical

),

-- A lead of files alone is measured by the vertical that has the name of its own.
by_vertical as (

    select
        companies.org_id,
        companies.lead_id,
        null::text as campaign_id,
        verticals.vertical,
        verticals.required_fields,
        verticals.scoring_profile,
        null::double precision as min_rating,
        null::bigint as min_review_count,
        null::bigint as employees_min,
        null::bigint as employees_max,
        '{}'::text[] as tech
    from companies
    inner join verticals using (org_id, vertical)
    left join by_campaign using (org_id, lead_id)
    where by_campaign.lead_id is null

)

select * from by_campaign
union all
select * from by_vertical
