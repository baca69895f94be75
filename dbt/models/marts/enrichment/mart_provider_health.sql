with health as (

    select * from {{ ref('stg_lake__provider_health') }}

),

-- Counted to the last check and not to now, so that a build on the same data says the same.
outcomes as (

    select
        org_id,
        provider,
        count(*) as attempts_24h,
        count(*) filter (where attempts.is_called) as calls_24h,
        count(*) filter (where attempts.is_filled) as hits_24h,
        count(*) filter (where attempts.outcome = 'no_match') as no_matches_24h,
        count(*) filter (where attempts.outcome = 'rate_limited') as rate_limited_24h,
        count(*) filter (where attempts.is_failed and attempts.is_called) as failures_24h,
        percentile_cont(0.95) within group (order by attempts.latency_ms) as latency_p95_ms
    from health
    inner join {{ ref('stg_lake__enrichment_attempts') }} as attempts using (org_id, provider)
    where attempts.attempted_at > health.checked_at - interval '24 hours'
    group by org_id, provider

),

spent as (

    select
        org_id,
        provider,
        sum(answers.cost_usd)::numeric(18, 4) as spent_today_usd
    from health
    inner join {{ ref('stg_lake__enrichment_answers') }} as answers using (org_id, provider)
    where answers.answered_at at time zone 'UTC' >= date_trunc('day', health.checked_at at time zone 'UTC')
    group by org_id, provider

),

joined as (

    select
        org_id,
        provider,
        health.is_configured,
        health.is_enabled,
        health.breaker_state,
        health.consecutive_failures,
        health.check_outcome,
        health.check_latency_ms,
        health.check_reason,
        health.checked_at,
        coalesce(outcomes.attempts_24h, 0) as attempts_24h,
        coalesce(outcomes.calls_24h, 0) as calls_24h,
        coalesce(outcomes.hits_24h, 0) as hits_24h,
        coalesce(outcomes.no_matches_24h, 0) as no_matches_24h,
        coalesce(outcomes.rate_limited_24h, 0) as rate_limited_24h,
        coalesce(outcomes.failures_24h, 0) as failures_24h,
        (outcomes.failures_24h::numeric / nullif(outcomes.calls_24h, 0))::numeric(5, 4) as error_rate_24h,
        outcomes.latency_p95_ms as latency_p95_24h_ms,
        coalesce(spent.spent_today_usd, 0)::numeric(18, 4) as spent_today_usd
    from health
    left join outcomes using (org_id, provider)
    left join spent using (org_id, provider)

)

select * from joined
