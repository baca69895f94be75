{{ config(indexes=[{'columns': ['org_id', 'lead_id']}]) }}

with facts as (

    select * from {{ ref('int_lead_facts') }}

),

-- When each rule is true; what it is worth, and for whom, is in the seeds.
fired as (

    select
        facts.org_id,
        facts.lead_id,
        facts.vertical,
        rules.rule
    from facts
    cross join lateral (values
        ('well_reviewed', facts.rating >= 4.3 and facts.review_count >= 50),
        ('website_at_verified_domain', facts.has_website and facts.is_domain_verified),
        ('uses_shopify', 'shopify' = any(facts.tech_signals)),
        ('employees_11_to_200', facts.employees_range in ('11-50', '51-200')),
        ('near_target', facts.target_distance_km <= 25),
        ('email_at_verified_domain', facts.has_email_at_domain and facts.is_domain_verified),
        ('phone_not_toll_free', facts.has_phone and facts.is_phone_toll_free is not true)
    ) as rules (rule, is_true)
    where rules.is_true

),

weighed as (

    select
        fired.org_id,
        fired.lead_id,
        rules.component,
        fired.rule,
        rules.points,
        rules.reason
    from fired
    inner join {{ ref('scoring_profiles') }} as profiles on fired.vertical = profiles.vertical
    inner join {{ ref('scoring_rules') }} as rules on profiles.profile = rules.profile and fired.rule = rules.rule

),

totals as (

    select
        org_id,
        lead_id,
        sum(points) as points
    from weighed
    group by org_id, lead_id

),

-- A sum outside 0 to 100 gets a row of its own, so that the rows always add up to the score.
clamped as (

    select
        org_id,
        lead_id,
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
