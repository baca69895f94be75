with source as (

    select * from {{ source('lake', 'lead_map') }}

),

renamed as (

    select
        org_id,
        kind,
        record_id,
        lead_id,
        match_weight,
        matched_by,
        valid_from

    from source

)

select * from renamed
