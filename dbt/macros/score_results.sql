{# A state's factors with what each is worth as of a time; for a lateral join. #}
{% macro factor_values(state, at) -%}
    select
        rules.component,
        rules.rule,
        rules.factor,
        rules.reason,
        rules.decay_model,
        rules.decay_hours,
        fired.event_id,
        fired.occurred_at,
        rules.points as raw_points,
        -- To the cent, so that the rows add up to the score in every digit.
        round((rules.points * {{ share_left('rules.decay_model', 'rules.decay_hours', 'fired.occurred_at', at) }})::numeric, 2)
            as decayed_points
    from unnest({{ state }}.factors, {{ state }}.factor_events, {{ state }}.factor_times) as fired (factor, event_id, occurred_at)
    inner join {{ ref('int_score_rules') }} as rules
        on rules.rules_version = {{ state }}.rules_version
        and rules.org_id = {{ state }}.org_id
        and fired.factor = rules.factor
{%- endmacro %}

{# A state's sum as of a time, how fast it falls or rises at most in a day, and when its next window ends. #}
{% macro state_totals(state, at) -%}
    select
        coalesce(sum(decayed_points), 0) as total,
        coalesce(sum({{ daily_fading() }}) filter (where raw_points > 0), 0) as falls,
        coalesce(sum({{ daily_fading() }}) filter (where raw_points < 0), 0) as rises,
        min(occurred_at + decay_hours * interval '1 hour') filter (where decay_model = 'window' and decayed_points <> 0)
            as window_ends_at
    -- `offset 0` has each factor's points computed once and not for every sum: a third of a day's time.
    from ({{ factor_values(state, at) }} offset 0) as factor_values
{%- endmacro %}

{# The most that a factor can lose in a day from now on. #}
{% macro daily_fading() -%}
    case
        when decayed_points = 0 then 0
        when decay_model = 'linear' then abs(raw_points) * 24 / decay_hours
        when decay_model = 'exponential' then abs(decayed_points) * (1 - power(0.5, 24 / decay_hours))
        else 0
    end
{%- endmacro %}

{# How likely the lead is lost, by the days since its last event; the highest level where there was none. #}
{% macro risk_at(at) -%}
    (
        select levels.risk from {{ ref('risk_levels') }} as levels
        where
            last_event_at is null
            or levels.minimum_days < extract(epoch from {{ at }} - last_event_at) / 86400
            or (levels.includes_minimum and levels.minimum_days = extract(epoch from {{ at }} - last_event_at) / 86400)
        order by levels.minimum_days desc limit 1
    )
{%- endmacro %}

{# The next action of a row with engagement_stage, risk and velocity. #}
{% macro next_action(scored) -%}
    select actions.action as next_action, actions.reason as next_action_reason
    from {{ ref('next_actions') }} as actions
    where
        actions.stage = {{ scored }}.engagement_stage
        and actions.risk = {{ scored }}.risk
        and actions.minimum_velocity <= {{ scored }}.velocity
    order by actions.minimum_velocity desc limit 1
{%- endmacro %}

{# States with their totals and scores as of their own times. #}
{% macro scored_states(states) %}
    select
        states.*,
        totals.*,
        least(greatest(totals.total, 0), 100)::numeric(5, 2) as rules_score,
        -- No model is promoted yet: the published score is the rules' alone.
        least(greatest(totals.total, 0), 100)::numeric(5, 2) as lead_score,
        {{ points_at('as_of') }} as engagement_points
    from {{ states }} as states
    cross join lateral ({{ state_totals('states', 'states.as_of') }}) as totals
{% endmacro %}
