{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with scored as (

    {{ scored_states(ref('int_score_states')) }}

),

banded as (

    {{ banded_scores('scored') }}

),

explained as (

    select
        org_id,
        lead_id,
        jsonb_agg(
            jsonb_build_object(
                'rule', rule, 'component', component, 'points', points, 'reason', reason, 'events', to_jsonb(event_ids)
            )
            order by points desc, factor
        ) as score_explanations,
        string_agg(
            reason || ' (' || rtrim(to_char(points, 'FMSG990.99'), '.') || ')', '; '
            order by points desc, factor
        ) as score_reasons,
        (array_agg(reason order by decayed_points desc, factor) filter (where decayed_points > 0))[1:3] as top_reasons
    from {{ ref('int_score_contributions') }}
    group by org_id, lead_id

),

joined as (

    select
        org_id,
        lead_id,
        banded.as_of,
        banded.rules_version,
        banded.rules_score,
        null::numeric(5, 2) as model_score,
        banded.lead_score,
        banded.previous_score,
        banded.grade,
        banded.priority_tier,
        banded.intent_tier,
        banded.engagement_points,
        banded.engagement_stage,
        banded.velocity,
        banded.risk,
        banded.event_count,
        banded.last_event_at,
        coalesce(explained.score_explanations, '[]') as score_explanations,
        coalesce(explained.score_reasons, '') as score_reasons,
        coalesce(explained.top_reasons, '{}') as top_reasons
    from banded
    left join explained using (org_id, lead_id)

)

select * from joined
