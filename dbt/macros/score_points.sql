{# CTE `ledger`: engagement_points as they stood at the last event, faded once for each full quiet period between events. #}
{% macro points_ledger() %}
paced as (

    select
        org_id,
        lead_id,
        as_of,
        event_id,
        signal_type,
        occurred_at,
        quiet_share,
        weights.points,
        coalesce({{ quiet_periods('lag(occurred_at) over ledger_order', 'occurred_at') }}, 0) as quiet
    from known_signals
    inner join {{ ref('int_signal_weights') }} as weights using (rules_version, org_id, signal_type)
    where weights.points <> 0
    window ledger_order as (partition by org_id, lead_id, as_of order by occurred_at, event_id, signal_type)

),

weighed as (

    select
        *,
        sum(quiet) over (partition by org_id, lead_id, as_of)
        - sum(quiet) over (
            partition by org_id, lead_id, as_of order by occurred_at, event_id, signal_type rows unbounded preceding
        ) as later_quiet
    from paced

),

ledger as (

    select
        org_id,
        lead_id,
        as_of,
        round(sum(points * power(quiet_share, later_quiet)), 6) as points,
        count(distinct event_id) as event_count,
        count(distinct event_id) filter (where occurred_at > as_of - interval '24 hours') as velocity,
        max(occurred_at) as last_event_at
    from weighed
    group by org_id, lead_id, as_of

)
{% endmacro %}

{# Full quiet periods between two times. #}
{% macro quiet_periods(since, until) -%}
    floor(extract(epoch from {{ until }} - {{ since }}) / (86400 * quiet_days))
{%- endmacro %}

{# engagement_points as of a time. #}
{% macro points_at(at) -%}
    round(points_then * power(quiet_share, coalesce({{ quiet_periods('last_event_at', at) }}, 0)), 2)::numeric(12, 2)
{%- endmacro %}
