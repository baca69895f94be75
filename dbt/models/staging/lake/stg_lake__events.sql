with source as (

    select * from {{ source('lake', 'events') }}

),

renamed as (

    -- An event is received again when a file is: the first time counts, because as-of questions ask when we knew.
    select distinct on (org_id, event_id)
        -- ids
        org_id,
        event_id,
        source,

        -- identity
        identity_email,
        identity_domain,
        identity_company_key,
        identity_lead_id,
        identity_crm_id,

        -- what happened
        event_type,
        properties,

        -- timestamps
        occurred_at,
        received_at

    from source
    order by org_id, event_id, received_at, partition_date, source

)

select * from renamed
