with source as (

    select * from {{ source('lake', 'quarantined_records') }}

),

renamed as (

    select
        org_id,
        source,
        partition_date,
        stage,
        file,
        line,
        field,
        reason,
        received_at

    from source

)

select * from renamed
