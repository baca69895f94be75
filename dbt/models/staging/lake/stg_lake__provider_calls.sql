with source as (

    select * from {{ source('lake', 'provider_calls') }}

),

renamed as (

    select
        -- ids
        org_id,
        call_id,
        source,
        split_part(source, '.', 1) as campaign_id,
        partition_date,
        provider,
        endpoint,
        ask_id,
        run_id,

        -- which page it was
        page,
        attempt,

        -- what came of it
        outcome,
        outcome in ('ok', 'no_match', 'pending') as is_answered,
        status,
        reason,
        bytes,
        records,
        cost_usd,

        -- time
        started_at,
        latency_ms,
        waited_seconds

    from source

)

select * from renamed
