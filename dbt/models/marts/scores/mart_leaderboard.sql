{% set places = 100 %}

with leads as (

    select * from {{ ref('dim_lead') }}
    where not is_held_back

),

ranked as (

    select
        org_id,
        lead_id,
        row_number() over (
            partition by org_id
            order by scores.lead_score desc, scores.engagement_points desc, lead_id
        ) as rank,
        leads.name,
        scores.lead_score,
        scores.score_change,
        scores.grade,
        scores.intent_tier,
        scores.sla_hours,
        scores.engagement_points,
        scores.engagement_stage,
        scores.velocity,
        scores.risk,
        scores.next_action,
        scores.top_reasons
    from leads
    inner join {{ ref('fct_lead_intelligence') }} as scores using (org_id, lead_id)

)

select * from ranked
where rank <= {{ places }}
