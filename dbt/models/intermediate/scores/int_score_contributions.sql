{{ config(materialized='view') }}

with leads as (

    select * from {{ ref('int_lead_rules') }}

),

contributions as (

    select
        leads.org_id,
        leads.lead_id,
        points.component,
        points.rule,
        points.points,
        points.reason
    from leads
    inner join {{ ref('int_rule_set_points') }} as points using (profiles, rules)

)

select * from contributions
