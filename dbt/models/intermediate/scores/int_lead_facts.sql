{{ config(materialized='view') }}

with history as (

    select * from {{ ref('lead_facts_history') }}

),

latest as (

    select distinct on (lead_id, org_id) *
    from history
    order by lead_id, org_id, valid_from desc

),

-- A lead that was merged into another keeps its history and has no current facts.
living as (

    select latest.*
    from latest
    inner join {{ ref('int_lead_facts_observed') }} using (org_id, lead_id)

)

select * from living
