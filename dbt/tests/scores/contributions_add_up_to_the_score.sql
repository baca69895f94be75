with explained as (

    select org_id, lead_id, sum(points) as points
    from {{ ref('int_score_contributions') }}
    group by org_id, lead_id

)

select
    org_id,
    lead_id,
    scores.rules_score,
    explained.points
from {{ ref('int_lead_scores') }} as scores
full join explained using (org_id, lead_id)
where scores.rules_score is distinct from coalesce(explained.points, 0)
