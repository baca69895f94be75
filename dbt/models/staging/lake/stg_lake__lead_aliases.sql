with source as (

    select * from {{ source('lake', 'lead_aliases') }}

),

renamed as (

    select
        org_id,
        kind,
        alias_id,
        lead_id,
        valid_from

    from source

)

select * from renamed
