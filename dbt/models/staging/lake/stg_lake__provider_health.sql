with source as (

    select * from {{ source('lake', 'provider_health') }}

),

renamed as (

    select
        org_id,
        provider,
        is_configured,
        is_enabled,
        breaker as breaker_state,
        failures as consecutive_failures,
        outcome as check_outcome,
        latency_ms as check_latency_ms,
        reason as check_reason,
        checked_at

    from source

)

select * from renamed
