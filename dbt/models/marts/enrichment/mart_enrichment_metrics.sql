with attempts as (

    select * from {{ ref('fct_enrichment_attempts') }}

),

counted as (

    select
        org_id,
        attempted_on,
        provider,
        field,
        count(*) as attempts,
        count(*) filter (where is_cached) as cached_attempts,
        count(*) filter (where is_filled) as hits,
        count(distinct lead_id) filter (where is_filled) as enriched_leads,
        sum(cost_usd)::numeric(18, 4) as cost_usd,
        percentile_cont(0.5) within group (order by latency_ms) as latency_p50_ms,
        percentile_cont(0.95) within group (order by latency_ms) as latency_p95_ms
    from attempts
    group by org_id, attempted_on, provider, field

),

filled as (

    select distinct org_id, attempted_on, provider, field, subject_id
    from attempts
    where is_filled

),

-- A value that was filled is in use while it survives in the golden record; it is as old as the answer it came with.
in_use as (

    select
        org_id,
        attempted_on,
        provider,
        field,
        count(*) as values_in_use,
        percentile_cont(0.5) within group (
            order by {{ today() }} - (enriched_values.fetched_at at time zone 'UTC')::date
        ) as median_age_days
    from filled
    inner join {{ ref('int_enriched_values') }} as enriched_values using (org_id, subject_id, field, provider)
    group by org_id, attempted_on, provider, field

),

joined as (

    select
        org_id,
        attempted_on,
        provider,
        field,
        counted.attempts,
        counted.cached_attempts,
        counted.hits,
        (counted.hits::numeric / counted.attempts)::numeric(5, 4) as hit_rate,
        counted.enriched_leads,
        counted.cost_usd,
        (counted.cost_usd / nullif(counted.hits, 0))::numeric(18, 4) as cost_per_hit_usd,
        (counted.cost_usd / nullif(counted.enriched_leads, 0))::numeric(18, 4) as cost_per_enriched_lead_usd,
        counted.latency_p50_ms,
        counted.latency_p95_ms,
        coalesce(in_use.values_in_use, 0) as values_in_use,
        in_use.median_age_days
    from counted
    left join in_use using (org_id, attempted_on, provider, field)

)

select * from joined
