{{ config(indexes=[{'columns': ['org_id', 'started_at']}]) }}

with calls as (

    select * from {{ ref('stg_lake__provider_calls') }}

)

select
    org_id,
    call_id,
    campaign_id,
    provider,
    endpoint,
    ask_id,
    page,
    attempt,
    started_at,
    partition_date,
    outcome,
    is_answered,
    status,
    reason,
    latency_ms,
    waited_seconds,
    bytes,
    records,
    cost_usd,
    run_id
from calls
