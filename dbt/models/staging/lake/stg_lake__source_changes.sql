with source as (

    select * from {{ source('lake', 'source_changes') }}

),

renamed as (

    select
        -- ids
        org_id,
        record_id,
        provider,
        provider_key,
        source,
        partition_date,
        payload_hash,
        previous_hash,

        -- what changed
        change_type,
        field,
        old_value,
        new_value,

        -- timestamps
        changed_at

    from source

)

select * from renamed
