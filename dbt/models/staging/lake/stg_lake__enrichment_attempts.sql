with source as (

    select * from {{ source('lake', 'enrichment_attempts') }}

),

renamed as (

    select
        -- ids
        org_id,
        job_id,
        request_id,
        subject_id,
        lead_id,
        source,
        partition_date,

        -- which step it was
        field,
        attempt,
        provider,
        lookup,
        segment,

        -- what came of it
        outcome,
        is_cached,
        is_filled,
        -- An open breaker lets no call out.
        not is_cached and outcome <> 'unavailable' as is_called,
        outcome in ('transient', 'rate_limited', 'quota_exhausted', 'auth', 'bad_request') as is_failed,
        confidence,
        cost_usd,
        reason,

        -- time
        latency_ms,
        attempted_at

    from source

)

select * from renamed
