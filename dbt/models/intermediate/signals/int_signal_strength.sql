{{ config(materialized='view') }}

with states as (

    select * from {{ ref('int_score_states') }}

),

-- Every signal type has a rule about its latest signal, so the state knows that signal of each type that has not faded.
latest as (

    select
        states.org_id,
        states.lead_id,
        states.as_of,
        states.rules_version,
        rules.signal_type,
        fired.event_id,
        fired.occurred_at
    from states
    cross join lateral unnest(states.factors, states.factor_events, states.factor_times)
        as fired (factor, event_id, occurred_at)
    inner join {{ ref('int_score_rules') }} as rules using (rules_version, org_id, factor)
    where rules.occurrence = 1

),

weighed as (

    select
        org_id,
        lead_id,
        latest.as_of,
        signal_type,
        weights.signal_tier,
        weights.alert_priority,
        latest.event_id,
        latest.occurred_at,
        round((extract(epoch from latest.as_of - latest.occurred_at) / 3600)::numeric, 2) as age_hours,
        weights.decay_model,
        weights.decay_hours,
        weights.weight,
        {% set left = share_left('weights.decay_model', 'weights.decay_hours', 'latest.occurred_at', 'latest.as_of') -%}
        round((weights.weight * {{ left }})::numeric, 6) as strength
    from latest
    inner join {{ ref('int_signal_weights') }} as weights using (rules_version, org_id, signal_type)

)

select * from weighed
where strength <> 0
