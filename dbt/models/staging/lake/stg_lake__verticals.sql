with source as (

    select * from {{ source('lake', 'verticals') }}

),

renamed as (

    select
        org_id,
        vertical,
        canonical as canonical_vertical,
        coalesce(required_fields, '{}') as required_fields,
        scoring_profile

    from source

)

select * from renamed
