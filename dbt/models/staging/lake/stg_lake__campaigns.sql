with source as (

    select * from {{ source('lake', 'campaigns') }}

),

renamed as (

    select
        -- ids
        org_id,
        campaign_id,
        version,
        title,
        vertical,

        -- which leads are wanted
        min_rating,
        min_review_count,
        employees_min,
        employees_max,
        coalesce(tech, '{}') as tech,

        -- where
        lat,
        lon,
        radius_km,

        -- where they go
        coalesce(destinations, '{}') as destinations,
        approval

    from source

)

select * from renamed
