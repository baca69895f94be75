{# CTEs from `asks` (org_id, lead_id, as_of, rules_version, quiet_days, quiet_share) to `states`: all that decides a score
   as of a time, and until something new is known. `signals` has known_at and lost_at; facts come from int_lead_rules. #}
{% macro score_states(signals, fact_time='asks.as_of') %}
lead_facts as (

    select
        asks.*,
        coalesce(facts.profiles, '{everyone}') as profiles,
        coalesce(facts.rules, '{}') as fact_rules
    from asks
    left join lateral (
        select history.profiles, history.rules
        from {{ ref('int_lead_rules') }} as history
        where history.org_id = asks.org_id and history.lead_id = asks.lead_id and history.valid_from <= {{ fact_time }}
        order by history.valid_from desc
        limit 1
    ) as facts on true

),

known_signals as (

    select
        lead_facts.*,
        signals.signal_type,
        signals.event_id,
        signals.occurred_at
    from lead_facts
    inner join {{ signals }} as signals
        on lead_facts.org_id = signals.org_id
        and lead_facts.lead_id = signals.lead_id
        and signals.occurred_at <= lead_facts.as_of
        and signals.known_at <= lead_facts.as_of
        and coalesce(signals.lost_at > lead_facts.as_of, true)

),

{{ score_factors() }},

{{ points_ledger() }},

states as (

    select
        asks.*,
        coalesce(factors.factors, '{}') as factors,
        coalesce(factors.factor_events, '{}') as factor_events,
        coalesce(factors.factor_times, '{}') as factor_times,
        coalesce(ledger.points, 0)::numeric(14, 6) as points_then,
        coalesce(ledger.event_count, 0) as event_count,
        coalesce(ledger.velocity, 0) as velocity,
        ledger.last_event_at
    from asks
    left join factors using (org_id, lead_id, as_of)
    left join ledger using (org_id, lead_id, as_of)

)
{% endmacro %}

{# CTEs `fired` and `factors`: the rules that facts and the n-th latest signals make true, as three arrays of one order. #}
{% macro score_factors() %}
numbered as (

    select
        *,
        row_number() over (
            partition by org_id, lead_id, as_of, signal_type
            order by occurred_at desc, event_id desc
        ) as occurrence
    from known_signals

),

fired as (

    select org_id, lead_id, as_of, rules.factor, numbered.event_id, numbered.occurred_at
    from numbered
    inner join {{ ref('int_score_rules') }} as rules using (rules_version, org_id, signal_type, occurrence)
    where
        rules.profile = any(numbered.profiles)
        and {{ share_left('rules.decay_model', 'rules.decay_hours', 'numbered.occurred_at', 'as_of') }} > 0
    union all
    select org_id, lead_id, as_of, rules.factor, null, null
    from lead_facts
    cross join lateral unnest(fact_rules) as true_rules (rule)
    inner join {{ ref('int_score_rules') }} as rules using (rules_version, org_id, rule)
    where rules.profile = any(lead_facts.profiles) and rules.signal_type is null

),

factors as (

    select
        org_id,
        lead_id,
        as_of,
        array_agg(factor order by factor) as factors,
        array_agg(event_id order by factor) as factor_events,
        array_agg(occurred_at order by factor) as factor_times
    from fired
    group by org_id, lead_id, as_of

)
{% endmacro %}
