with source as (

    select * from {{ source('lake', 'enrichment_answers') }}

),

renamed as (

    select
        -- ids
        org_id,
        answer_id,
        request_id,
        source,
        partition_date,

        -- whom it is about
        kind,
        subject_id,
        lead_id,

        -- who was asked, and what came of it
        provider,
        lookup,
        outcome,
        record_id,
        payload_hash,
        confidence,
        cost_usd,

        -- time
        answered_at

    from source

)

select * from renamed
