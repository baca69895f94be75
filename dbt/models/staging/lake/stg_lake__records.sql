with source as (

    select * from {{ source('lake', 'staged_records') }}

),

renamed as (

    select
        -- ids
        org_id,
        record_id,
        provider,
        provider_key,
        payload_hash,
        source,
        partition_date,

        -- who it is
        name,
        name_key,
        alt_names,
        brand,
        registration_id,
        jurisdictions,
        vertical,
        category,

        -- how to reach it
        website,
        domain,
        email,
        email_type,
        email_domain,
        email_verified,
        phone,
        phone_type,
        fax,
        linkedin,
        twitter,
        facebook,
        instagram,

        -- where it is
        address_line1,
        address_line2,
        city,
        region,
        postal,
        country,
        lat,
        lon,

        -- what is known of it
        employees_range,
        revenue_range,
        founded_year,
        tech_signals,
        review_count,
        rating,
        last_reviewed_at,
        hours,
        status,
        tags,

        -- evidence
        provenance,
        fetched_at

    from source

)

select * from renamed
