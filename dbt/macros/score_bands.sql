{# The first day after `day` on which quiet alone can change a band, never too late: in a day a state loses at most `falls`
   and gains at most `rises`. .1 is more than what rounding all factors to the cent can do. #}
{% macro next_check(day) -%}
    least(
        case when falls > 0 and below > 0 then {{ day }} + 1 + floor(greatest(total - below - 0.1, 0) / falls)::integer end,
        case when rises > 0 and above > 0 then {{ day }} + 1 + floor(greatest(above - total - 0.1, 0) / rises)::integer end,
        {{ day_reaching('window_ends_at') }},
        case
            when engagement_stage <> 'cold'
                then {{ day_reaching("last_event_at + (1 + " ~ quiet_periods('last_event_at', 'as_of') ~ ") * quiet_days * interval '1 day'") }}
        end
    )
{%- endmacro %}

{# Scored states with every derived name, and the nearest edges of a band below and above. #}
{% macro banded_scores(scored) %}
    select
        scored.*,
        {{ band_of('lead_score', 'grades', 'grade') }} as grade,
        {{ band_of('lead_score', 'priority_tiers', 'tier') }} as priority_tier,
        {{ band_of('lead_score', 'intent_tiers', 'tier') }} as intent_tier,
        {{ band_of('engagement_points', 'engagement_stages', 'stage') }} as engagement_stage,
        {{ risk_at('as_of') }} as risk,
        (select max(minimum) from ({{ band_edges() }}) as edges where minimum <= scored.total) as below,
        (select min(minimum) from ({{ band_edges() }}) as edges where minimum > scored.total) as above
    from {{ scored }} as scored
{% endmacro %}

{% macro band_edges() -%}
    {%- for seed in ['grades', 'priority_tiers', 'intent_tiers'] %}
    select minimum from {{ ref(seed) }} where minimum > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro history_columns() %}
    {{ return([
        'org_id', 'lead_id', 'scored_on', 'as_of', 'rules_version', 'rules_score', 'lead_score', 'previous_score',
        'score_change', 'grade', 'priority_tier', 'intent_tier', 'engagement_points', 'engagement_stage', 'previous_stage',
        'risk', 'velocity', 'event_count', 'last_event_at', 'points_then', 'quiet_days', 'quiet_share', 'factors',
        'factor_events', 'factor_times', 'check_on',
    ]) }}
{% endmacro %}
