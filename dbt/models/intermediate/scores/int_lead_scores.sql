{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with reasons as (

    select
        row_number() over (order by points desc, rule, component, reason) as place,
        component,
        rule,
        points,
        reason
    from (
        select distinct component, rule, points, reason from {{ ref('int_score_contributions') }}
    ) as distinct_reasons

),

leads as (

    select
        org_id,
        lead_id,
        array_remove(array_agg(reasons.place order by reasons.place), null) as places
    from {{ ref('int_lead_facts_observed') }}
    left join {{ ref('int_score_contributions') }} using (org_id, lead_id)
    left join reasons using (component, rule, points, reason)
    group by org_id, lead_id

),

-- Many leads share few sets of reasons (a few dozen), so each set is scored and put into words once.
sets as (

    select
        places,
        coalesce(sum(reasons.points), 0)::numeric(5, 2) as rules_score,
        coalesce(jsonb_agg(
            jsonb_build_object(
                'rule', reasons.rule, 'component', reasons.component, 'points', reasons.points, 'reason', reasons.reason
            )
            order by place
        ) filter (where place is not null), '[]') as score_explanations,
        coalesce(
            string_agg(reasons.reason || ' (' || to_char(reasons.points, 'FMSG990') || ')', '; ' order by place), ''
        ) as score_reasons
    from (select distinct places from leads) as distinct_sets
    left join lateral unnest(places) as place on true
    left join reasons using (place)
    group by places

),

grades as (

    {{ score_bands('grades', 'grade') }}

),

tiers as (

    {{ score_bands('priority_tiers', 'tier') }}

),

graded as (

    select
        sets.*,
        grades.grade,
        tiers.tier as priority_tier
    from sets
    left join grades on sets.rules_score >= grades.minimum and sets.rules_score < grades.below
    left join tiers on sets.rules_score >= tiers.minimum and sets.rules_score < tiers.below

),

scored as (

    select
        leads.org_id,
        leads.lead_id,
        graded.rules_score,
        -- No model is promoted yet: the published score is the rules' alone.
        null::numeric(5, 2) as model_score,
        graded.rules_score as lead_score,
        graded.grade,
        graded.priority_tier,
        graded.score_explanations,
        graded.score_reasons
    from leads
    inner join graded using (places)

)

select * from scored
