with source as (

    select * from {{ source('lake', 'suppressions') }}

),

renamed as (

    -- A value can be suppressed by several lists: the earliest date and its reason count.
    select distinct on (org_id, scope, value_hash)
        org_id,
        scope,
        value_hash,
        reason,
        suppressed_at

    from source
    order by org_id, scope, value_hash, suppressed_at, received_at, source

)

select * from renamed
