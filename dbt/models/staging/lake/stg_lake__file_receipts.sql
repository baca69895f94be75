with source as (

    select * from {{ source('lake', 'file_receipts') }}

),

renamed as (

    select
        org_id,
        source,
        partition_date,
        file,
        sha256,
        received_at,
        received as received_rows,
        accepted as accepted_rows,
        quarantined as quarantined_rows,
        duplicate as duplicate_rows

    from source

)

select * from renamed
