-- What a tenant's providers brought in the last 30 days, the cheapest filled field first.
select
    provider,
    field,
    sum(attempts) as attempts,
    sum(hits) as hits,
    round(sum(hits) / sum(attempts), 3) as hit_rate,
    sum(cost_usd) as cost_usd,
    round(sum(cost_usd) / nullif(sum(hits), 0), 4) as cost_per_hit_usd,
    sum(values_in_use) as values_in_use
from {{ ref('mart_enrichment_metrics') }}
where org_id = 'default' and attempted_on > current_date - 30
group by provider, field
order by cost_per_hit_usd nulls last, provider, field
