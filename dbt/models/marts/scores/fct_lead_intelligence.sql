with scores as (

    select * from {{ ref('int_lead_scores') }}

),

tiers as (

    select * from {{ ref('intent_tiers') }}

),

joined as (

    select
        scores.org_id,
        scores.lead_id,
        scores.as_of,
        scores.rules_version,
        scores.lead_score,
        scores.rules_score,
        scores.model_score,
        scores.previous_score,
        (scores.lead_score - scores.previous_score)::numeric(6, 2) as score_change,
        scores.grade,
        scores.priority_tier,
        scores.intent_tier,
        tiers.sla_hours,
        scores.engagement_points,
        scores.engagement_stage,
        scores.velocity,
        scores.risk,
        scores.event_count,
        scores.last_event_at,
        actions.next_action,
        actions.next_action_reason,
        scores.top_reasons
    from scores
    left join tiers on scores.intent_tier = tiers.tier
    cross join lateral ({{ next_action('scores') }}) as actions

)

select * from joined
