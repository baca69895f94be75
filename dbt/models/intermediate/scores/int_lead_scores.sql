{{ config(materialized='view') }}

with leads as (

    select * from {{ ref('int_lead_rules') }}

),

scored as (

    select
        leads.org_id,
        leads.lead_id,
        sets.rules_score,
        -- No model is promoted yet: the published score is the rules' alone.
        null::numeric(5, 2) as model_score,
        sets.rules_score as lead_score,
        sets.grade,
        sets.priority_tier,
        sets.score_explanations,
        sets.score_reasons
    from leads
    inner join {{ ref('int_rule_set_scores') }} as sets using (profiles, rules)

)

select * from scored
