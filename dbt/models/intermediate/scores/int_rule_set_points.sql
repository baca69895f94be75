with sets as (

    select distinct
        profiles,
        rules
    from {{ ref('int_lead_rules') }}

),

weighed as (

    select
        sets.profiles,
        sets.rules,
        weights.component,
        fired.rule,
        weights.points,
        weights.reason
    from sets
    cross join lateral unnest(sets.rules) as fired (rule)
    inner join {{ ref('scoring_rules') }} as weights on weights.profile = any(sets.profiles) and fired.rule = weights.rule

),

totals as (

    select
        profiles,
        rules,
        sum(points) as points
    from weighed
    group by profiles, rules

),

-- A sum outside 0 to 100 gets a row of its own, so that the rows always add up to the score.
clamped as (

    select
        profiles,
        rules,
        'clamp' as component,
        case when points > 100 then 'cap' else 'floor' end as rule,
        least(greatest(points, 0), 100) - points as points,
        case when points > 100 then 'A score is at most 100' else 'A score is at least 0' end as reason
    from totals
    where points not between 0 and 100

)

select * from weighed
union all
select * from clamped
