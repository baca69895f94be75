{{ config(materialized='view') }}

with facts as (

    select * from {{ ref('lead_facts_history') }}

),

-- When each rule is true; what it is worth, and for whom, is in the seeds.
fired as (

    select
        org_id,
        lead_id,
        valid_from,
        coalesce(profiles, '{everyone}') as profiles,
        {{ fact_rules() }} as rules
    from facts

)

select * from fired
