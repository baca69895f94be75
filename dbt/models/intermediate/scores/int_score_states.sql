{{ config(indexes=[{'columns': ['org_id', 'lead_id'], 'unique': true}]) }}

with leads as (

    select * from {{ ref('int_lead_facts_observed') }}

),

-- By index for each lead, so that the cost is that of the leads and not of their history.
latest as (

    select
        leads.org_id,
        leads.lead_id,
        history.*
    from leads
    left join lateral (
        select {{ history_columns() | reject('in', ['org_id', 'lead_id']) | join(', ') }}
        from {{ ref('fct_score_history') }} as history
        where history.org_id = leads.org_id and history.lead_id = leads.lead_id
        order by history.scored_on desc
        limit 1
    ) as history on true

),

recent as (

    select
        org_id,
        lead_id,
        count(distinct signals.event_id) as velocity
    from {{ ref('int_signal_leads') }} as signals
    inner join {{ ref('int_signal_weights') }} as weights using (org_id, signal_type)
    where
        signals.known_at > {{ as_of(today()) }} - interval '24 hours'
        and signals.occurred_at > {{ as_of(today()) }} - interval '24 hours'
        and signals.occurred_at <= {{ as_of(today()) }}
        and signals.lost_at is null
        and weights.points <> 0
        and weights.rules_version = {{ rules_version() }}
    group by org_id, lead_id

),

states as (

    select
        org_id,
        lead_id,
        {{ as_of(today()) }} as as_of,
        latest.scored_on,
        latest.rules_version,
        latest.previous_score,
        latest.score_change,
        latest.previous_stage,
        latest.quiet_days,
        latest.quiet_share,
        latest.last_event_at,
        coalesce(latest.points_then, 0) as points_then,
        coalesce(latest.event_count, 0) as event_count,
        coalesce(recent.velocity, 0) as velocity,
        coalesce(latest.factors, '{}') as factors,
        coalesce(latest.factor_events, '{}') as factor_events,
        coalesce(latest.factor_times, '{}') as factor_times
    from latest
    left join recent using (org_id, lead_id)

)

select * from states
