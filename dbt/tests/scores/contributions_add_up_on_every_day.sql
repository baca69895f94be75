-- The latest days of the history; --vars '{score_days_tested: 100000}' looks at all of it.
{% set days = var('score_days_tested', 2) %}

with history as (

    select * from {{ ref('fct_score_history') }}
    where scored_on > (select max(scored_on) - {{ days }} from {{ ref('fct_score_history') }})

),

explained as (

    select org_id, lead_id, as_of, sum(points) as points
    from {{ ref('int_score_history_contributions') }}
    where as_of in (select distinct as_of from history)
    group by org_id, lead_id, as_of

)

select
    org_id,
    lead_id,
    as_of,
    history.rules_score,
    explained.points
from history
left join explained using (org_id, lead_id, as_of)
where abs(history.rules_score - coalesce(explained.points, 0)) > 1e-9
