with sets as (

    select distinct
        profiles,
        rules
    from {{ ref('int_lead_rules') }}

),

grades as (

    {{ score_bands('grades', 'grade') }}

),

tiers as (

    {{ score_bands('priority_tiers', 'tier') }}

),

explained as (

    select
        profiles,
        rules,
        sum(points)::numeric(5, 2) as rules_score,
        jsonb_agg(
            jsonb_build_object('rule', rule, 'component', component, 'points', points, 'reason', reason)
            order by points desc, rule
        ) as score_explanations,
        string_agg(reason || ' (' || to_char(points, 'FMSG990') || ')', '; ' order by points desc, rule) as score_reasons
    from {{ ref('int_rule_set_points') }}
    group by profiles, rules

),

scored as (

    select
        profiles,
        rules,
        coalesce(explained.rules_score, 0)::numeric(5, 2) as rules_score,
        coalesce(explained.score_explanations, '[]') as score_explanations,
        coalesce(explained.score_reasons, '') as score_reasons
    from sets
    left join explained using (profiles, rules)

),

graded as (

    select
        scored.*,
        grades.grade,
        tiers.tier as priority_tier
    from scored
    left join grades on scored.rules_score >= grades.minimum and scored.rules_score < grades.below
    left join tiers on scored.rules_score >= tiers.minimum and scored.rules_score < tiers.below

)

select * from graded
