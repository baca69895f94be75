{{ config(materialized='view') }}

-- What providers, enrichment's among them, say otherwise than before. The seed says which changes are events.
with changes as (

    select * from {{ ref('stg_lake__source_changes') }}

),

kinds as (

    select * from {{ ref('third_party_events') }}

),

numbered as (

    select
        changes.*,
        kinds.event_type,
        kinds.direction,
        case when {{ is_number('old_value') }} then old_value::numeric end as old_number,
        case when {{ is_number('new_value') }} then new_value::numeric end as new_number
    from changes
    inner join kinds
        on changes.change_type = kinds.change_type
        and (kinds.field is null or split_part(changes.field, '[', 1) = kinds.field)

),

events as (

    select
        numbered.*,
        'third_party' as origin,
        concat_ws(':', 'change', record_id, payload_hash, field, event_type) as event_id,
        changed_at as occurred_at,
        changed_at as received_at,
        null::text as identity_email,
        null::text as identity_domain,
        provider || ':' || provider_key as identity_company_key,
        null::uuid as identity_lead_id,
        null::text as identity_crm_id,
        jsonb_build_object('field', field, 'old', old_value, 'new', new_value, 'provider', provider) as properties
    from numbered
    where direction is null
        or direction = 'up' and new_number > coalesce(old_number, 0)
        or direction = 'down' and new_number < old_number
        or direction = 'added' and new_value is not null
        or direction = 'replaced' and old_value is not null and new_value is not null

)

select {{ event_columns() | join(', ') }}
from events
