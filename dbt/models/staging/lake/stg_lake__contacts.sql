with source as (

    select * from {{ source('lake', 'staged_contacts') }}

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

        -- who it is; birth dates and national ids stay in the lake, no mart needs them
        first_name,
        last_name,
        name_key,
        title,
        seniority,
        company_name,
        company_domain,
        company_key,

        -- how to reach them
        email,
        email_type,
        email_domain,
        email_verified,
        phone,
        phone_type,
        mobile,
        linkedin,
        consent,

        -- where they are
        address_line1,
        address_line2,
        city,
        region,
        postal,
        country,

        -- evidence
        provenance,
        fetched_at

    from source

)

select * from renamed
