{# CTEs up to `ledger_rows`: a row per factor (org_id, lead_id, as_of and the columns of factor_values) and the rows that
   make them add up to the score: what has faded since, and what is over 100 or under 0. #}
{% macro ledger_rows(factors) %}
counted as (

    select
        org_id,
        lead_id,
        as_of,
        component,
        factor,
        rule,
        raw_points as points,
        raw_points,
        decayed_points,
        decay_model,
        decay_hours,
        round((extract(epoch from as_of - occurred_at) / 3600)::numeric, 2) as age_hours,
        case when event_id is null then '{}' else array[event_id] end::text[] as event_ids,
        reason
    from {{ factors }}

),

sums as (

    select
        org_id,
        lead_id,
        as_of,
        sum(decayed_points) as total,
        sum(decayed_points - raw_points) as faded
    from {{ factors }}
    group by org_id, lead_id, as_of

),

adjusted as (

    select
        sums.org_id,
        sums.lead_id,
        sums.as_of,
        adjustments.*
    from sums
    cross join lateral (values
        ('decay', 'decay', faded, 'Faded since'),
        ('clamp', 'cap', least(100 - total, 0), 'A score is at most 100'),
        ('clamp', 'floor', greatest(-total, 0), 'A score is at least 0')
    ) as adjustments (component, rule, points, reason)
    where adjustments.points <> 0

),

ledger_rows as (

    select * from counted
    union all
    select
        org_id, lead_id, as_of, component, rule, rule, points, points, points, null, null, null, '{}'::text[], reason
    from adjusted

)
{% endmacro %}
